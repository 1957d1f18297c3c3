#include "tests/bench/fan_out_readers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

namespace tickgate::bench {
namespace {

int checked(int result, const char* call) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), call};
    return result;
}

sockaddr* as_address(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
}

void move_to_last_core() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(std::thread::hardware_concurrency() - 1, &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
}

/// Spins, so that the sender does not pay for waking it.
void read_until_all_end(int epoll, std::size_t open) {
    std::array<char, 65'536> buffer;
    std::array<epoll_event, 512> events;
    while (open > 0) {
        const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 0);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size > 0 || (size < 0 && errno == EAGAIN)) continue;
            ::close(fd);
            --open;
        }
    }
}

[[noreturn]] void be_the_clients(const Workload& workload, sockaddr_in server) {
    move_to_last_core();
    const int epoll = ::epoll_create1(0);
    for (std::uint32_t client = 0; client < workload.clients; ++client) {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || ::connect(fd, as_address(server), sizeof server) != 0) ::_exit(1);
        const std::string subscription = subscription_of(workload, client);
        if (::send(fd, subscription.data(), subscription.size(), 0) < 0) ::_exit(1);
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    read_until_all_end(epoll, workload.clients);
    ::_exit(0);
}

}  // namespace

Readers::Readers(const Workload& workload) {
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    checked(::bind(listener, as_address(address), size), "bind");
    checked(::listen(listener, 128), "listen");
    checked(::getsockname(listener, as_address(address), &size), "getsockname");
    process_ = checked(::fork(), "fork");
    if (process_ == 0) be_the_clients(workload, address);
    for (std::uint32_t client = 0; client < workload.clients; ++client) {
        sockets_.push_back(checked(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept4"));
        const int on = 1;
        checked(::setsockopt(sockets_.back(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    }
    ::close(listener);
}

Readers::~Readers() {
    ::waitpid(process_, nullptr, 0);
}

}  // namespace tickgate::bench
