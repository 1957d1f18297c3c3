#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "book/error.hpp"
#include "gateway/metrics.hpp"

namespace boost::asio {
class io_context;
}

namespace tickgate::gateway {

class UnixSocket;

/// What connections get from the listener that accepts them.
struct ListenerOptions {
    bool joins = false;    ///< shares the address with those that hold it; else it must be free
    int sndbuf_bytes = 0;  ///< 0: the system's default
    std::chrono::milliseconds tcp_user_timeout{0};  ///< likewise
    std::chrono::milliseconds accept_pause{100};    ///< after an accept that failed for lack of descriptors
};

/// Accepts connections on one address, non-blocking, as many as are pending per wake-up; TCP ones with TCP_NODELAY.
/// Thread: the io_context's, one, which outlives the listener.
class Listener {
public:
    /// Owns the descriptor from then on. The address is without its port.
    using OnAccept = std::function<void(int fd, std::string remote_address)>;

    /// `failures` counts accepts that failed for lack of descriptors or memory, each followed by a pause; outlives
    /// this.
    Listener(boost::asio::io_context& io, ListenerOptions options, OnAccept on_accept, Counter& failures);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Stops accepting. Not to be called by on_accept.
    ~Listener();

    /// Starts to accept. Host: an IP address, with or without the brackets of IPv6, or "localhost".
    /// Returns: the port, which matters for port 0. Errors: the system's.
    [[nodiscard]] book::Result<std::uint16_t> open(std::string_view host, std::uint16_t port);
    /// Starts to accept there, beside others that do. The address of what comes is kLocalPeer. Errors: the system's.
    [[nodiscard]] book::Result<void> join(const UnixSocket& socket);

private:
    class Acceptor;
    std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace tickgate::gateway
