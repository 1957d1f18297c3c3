#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "book/error.hpp"
#include "gateway/http_message.hpp"
#include "gateway/metrics.hpp"
#include "gateway/protocol.hpp"
#include "gateway/upgraded_client.hpp"

namespace boost::asio {
class io_context;
}

namespace tickgate::gateway {

class TlsIdentity;
class UnixSocket;

struct HttpLimits {
    std::size_t header_bytes = 8 * 1'024;  ///< of the request line, and of the fields; above: 431
    std::size_t body_bytes = 64 * 1'024;   ///< above: 413
    /// From the accept, later from a request's first byte, until the request is whole (else 408 and the end, without
    /// the 408 if nothing came); and for an answer to be taken. Before that, as long again for a TLS handshake.
    std::chrono::milliseconds request_time{10'000};
    std::chrono::milliseconds idle_time{30'000};   ///< between two requests of a connection
    std::chrono::milliseconds linger_time{1'000};  ///< for the client to take a last answer before the close
    std::chrono::milliseconds accept_pause{100};   ///< after an accept that failed for lack of descriptors or memory
    /// Connections in HTTP, upgraded ones not counted; above: 503. 0: no limit.
    std::size_t connections = 0;
    std::size_t connections_per_address = 0;
    std::uint32_t handshakes_per_s = 0;  ///< of WebSockets, with a burst of one second's; above: 503. 0: no limit
    /// For the peer to acknowledge what was sent, and to open a window that is shut: longer than a client may be slow.
    /// 0: the system's default.
    std::chrono::milliseconds tcp_user_timeout{0};
    bool deflates = false;           ///< agrees to permessage-deflate
    int sndbuf_bytes = 128 * 1'024;  ///< the kernel must not hoard stale data; 0: the system's default
};

/// What is done with what clients want. Called on the server's thread.
class HttpHandler {
public:
    virtual ~HttpHandler() = default;

    /// A WebSocket client at kWebSocketPath: it has its 101, and is the handler's.
    virtual void on_websocket(UpgradedClient client) = 0;

    /// Any other whole request with GET, HEAD or POST. The next request of its connection is read after the reply.
    virtual void on_request(const HttpRequest& request, HttpReply reply) = 0;
};

inline constexpr std::string_view kWebSocketPath = "/v1/ws";

/// HTTP/1.1 and the WebSocket handshake, on Beast. One for each shard: all but the first join its address.
/// What is malformed gets 400 and the end of its connection, another method 405, a WebSocket request elsewhere than at
/// kWebSocketPath 404, one there that is not as RFC 6455 wants it 400 (426 for another version than 13); errors have a
/// JSON body. Pipelined requests are answered in order.
/// Thread: the io_context's, one. The io_context outlives the server, the handler its last call.
class HttpServer {
public:
    HttpServer(boost::asio::io_context& io, HttpLimits limits, HttpHandler& handler);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// Like stop_accepting() and close_all().
    ~HttpServer();

    /// Starts to accept; may be called for several addresses. `joins`: shares the address with the servers that listen
    /// there already; otherwise one that is in use is an error. Host: an IP address, with or without the brackets of
    /// IPv6, or "localhost". With `identity`, which outlives the server, over TLS only: whoever sends a plain request
    /// there gets 400. Returns: the port, which matters for port 0. Errors: the system's.
    [[nodiscard]] book::Result<std::uint16_t> listen(std::string_view host, std::uint16_t port, bool joins,
                                                     const TlsIdentity* identity = nullptr);
    /// The same there; several servers may share the socket. Its clients have kLocalPeer for an address, and no limit
    /// of connections from one.
    [[nodiscard]] book::Result<void> listen(const UnixSocket& socket);

    /// Connections without a request are closed, the others go on to its end; none becomes a WebSocket any more.
    void stop_accepting();
    /// Closes every connection that was not upgraded. Replies still out are ignored when they come.
    void close_all();

    [[nodiscard]] std::size_t open_connections() const noexcept;
    /// What it did so far. Thread: any may read it.
    [[nodiscard]] const HttpMetrics& metrics() const noexcept;

private:
    class Connection;
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tickgate::gateway
