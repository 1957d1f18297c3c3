#include "gateway/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <utility>

#include "gateway/admission.hpp"
#include "gateway/unix_socket.hpp"

namespace tickgate::gateway {
namespace {

namespace net = boost::asio;

using boost::system::error_code;
using Executor = net::io_context::executor_type;
using Tcp = net::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr int kAcceptsPerWakeUp = 256;  // then it is others' turn

std::string address_text(const Tcp::endpoint& peer) {
    const auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

book::Result<net::ip::address> parse_address(std::string_view host) {
    if (host == "localhost") return net::ip::address{net::ip::address_v4::loopback()};
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code error;
    const auto address = net::ip::make_address(host, error);
    if (error) return error;
    return address;
}

bool set_option(int fd, int level, int name, int value) noexcept {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

bool is_lack_of_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

/// Shared with its handlers, which find it closed when they come late.
class Listener::Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
    Acceptor(net::io_context& io, ListenerOptions options, OnAccept on_accept, Counter& failures)
        : options_{options},
          on_accept_{std::move(on_accept)},
          failures_{failures},
          acceptor_{io},
          pause_{io} {}

    [[nodiscard]] book::Result<std::uint16_t> open(const Tcp::endpoint& endpoint);
    [[nodiscard]] book::Result<void> join(const UnixSocket& socket);
    void close();

private:
    [[nodiscard]] bool set_options();
    void wait();
    void accept_pending();
    [[nodiscard]] std::string greet(int fd, Tcp::endpoint& peer, socklen_t size) const;
    void pause();

    const ListenerOptions options_;
    OnAccept on_accept_;
    Counter& failures_;  // not used once closed: it may be gone then
    bool is_local_ = false;
    net::basic_socket_acceptor<Tcp, Executor> acceptor_;
    net::basic_waitable_timer<Clock, net::wait_traits<Clock>, Executor> pause_;
};

book::Result<std::uint16_t> Listener::Acceptor::open(const Tcp::endpoint& endpoint) {
    error_code error;
    if (acceptor_.open(endpoint.protocol(), error); error) return error;
    if (!set_options()) return error_code{errno, boost::system::system_category()};
    // So that [::] and 0.0.0.0 can be listened on side by side.
    if (endpoint.address().is_v6() && !set_option(acceptor_.native_handle(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
        return error_code{errno, boost::system::system_category()};
    }
    if (acceptor_.bind(endpoint, error); error) return error;
    // Open to sharing only once it is bound: two programs on one address would each get a part of its clients.
    if (!set_option(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, 1)) {
        return error_code{errno, boost::system::system_category()};
    }
    if (acceptor_.listen(decltype(acceptor_)::max_listen_connections, error); error) return error;
    if (acceptor_.non_blocking(true, error); error) return error;
    const auto bound = acceptor_.local_endpoint(error);
    if (error) return error;
    wait();
    return bound.port();
}

// Asio asks for a protocol and uses it for sockets that it opens itself.
book::Result<void> Listener::Acceptor::join(const UnixSocket& socket) {
    const auto fd = socket.duplicate();
    if (!fd) return fd.error();
    error_code error;
    if (acceptor_.assign(Tcp::v4(), *fd, error); error) {
        ::close(*fd);
        return error;
    }
    is_local_ = true;
    wait();
    return {};
}

/// Connections inherit all of these from the listening socket: no calls for each.
bool Listener::Acceptor::set_options() {
    const int fd = acceptor_.native_handle();
    const auto user_timeout = static_cast<int>(options_.tcp_user_timeout.count());
    return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
           (!options_.joins || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
           set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout) &&
           (options_.sndbuf_bytes == 0 || set_option(fd, SOL_SOCKET, SO_SNDBUF, options_.sndbuf_bytes));
}

void Listener::Acceptor::close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

void Listener::Acceptor::wait() {
    acceptor_.async_wait(Tcp::acceptor::wait_read, [self = shared_from_this()](const error_code& error) {
        if (!error && self->acceptor_.is_open()) self->accept_pending();
    });
}

void Listener::Acceptor::accept_pending() {
    for (int i = 0; i < kAcceptsPerWakeUp; ++i) {
        Tcp::endpoint peer;
        auto size = static_cast<socklen_t>(peer.capacity());
        const int fd = ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            on_accept_(fd, greet(fd, peer, size));
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (is_lack_of_resources(errno)) return pause();
        // Anything else concerns one connection that failed before it was accepted.
    }
    wait();
}

/// Over a Unix socket nothing is inherited, and nobody has an address.
std::string Listener::Acceptor::greet(int fd, Tcp::endpoint& peer, socklen_t size) const {
    if (!is_local_) {
        peer.resize(size);
        return address_text(peer);
    }
    if (options_.sndbuf_bytes != 0) (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, options_.sndbuf_bytes);
    return std::string{kLocalPeer};
}

/// The connection that could not be accepted stays pending, so the socket would be ready again at once.
void Listener::Acceptor::pause() {
    failures_.add();
    pause_.expires_after(options_.accept_pause);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->acceptor_.is_open()) self->accept_pending();
    });
}

Listener::Listener(net::io_context& io, ListenerOptions options, OnAccept on_accept, Counter& failures)
    : acceptor_{std::make_shared<Acceptor>(io, options, std::move(on_accept), failures)} {}

Listener::~Listener() {
    acceptor_->close();
}

book::Result<std::uint16_t> Listener::open(std::string_view host, std::uint16_t port) {
    const auto address = parse_address(host);
    if (!address) return address.error();
    return acceptor_->open({*address, port});
}

book::Result<void> Listener::join(const UnixSocket& socket) {
    return acceptor_->join(socket);
}

}  // namespace tickgate::gateway
