#include "tools/load/poller.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tickgate::load {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

Poller::Poller() : descriptor_{epoll_create1(EPOLL_CLOEXEC)} {
    if (descriptor_ < 0) fail("epoll_create1");
}

Poller::~Poller() {
    close(descriptor_);
}

void Poller::add(int descriptor, std::uint32_t token, std::uint32_t events) {
    control(EPOLL_CTL_ADD, descriptor, token, events);
}

void Poller::change(int descriptor, std::uint32_t token, std::uint32_t events) {
    control(EPOLL_CTL_MOD, descriptor, token, events);
}

void Poller::control(int operation, int descriptor, std::uint32_t token, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = token;
    if (epoll_ctl(descriptor_, operation, descriptor, &event) != 0) fail("epoll_ctl");
}

std::span<const epoll_event> Poller::wait(std::chrono::milliseconds patience) {
    const auto timeout = static_cast<int>(std::max<std::chrono::milliseconds::rep>(patience.count(), 0));
    const int ready = epoll_wait(descriptor_, events_.data(), static_cast<int>(events_.size()), timeout);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    return {events_.data(), static_cast<std::size_t>(std::max(ready, 0))};
}

}  // namespace tickgate::load
