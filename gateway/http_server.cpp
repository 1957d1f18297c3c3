#include "gateway/http_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "gateway/detail/http_server_parts.hpp"
#include "gateway/tls_identity.hpp"

namespace tickgate::gateway {

namespace net = boost::asio;

constinit const std::string_view kServerName = "tickgate/" TICKGATE_VERSION;

void HttpServer::State::admit(int fd, std::string address, const TlsIdentity* identity) {
    if (!counts.enter(address)) {
        metrics.refused.add();
        const auto response = http_error(503, "limit_connections", "too many connections");
        const std::string text =
            http_response_head(response, detail::reason_for(503), kServerName, false) + response.body;
        // Best effort: what costs nothing cannot be used to exhaust us. A handshake would cost something.
        if (identity == nullptr) (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(fd);
        return;
    }
    metrics.accepted.add();
    auto tls = identity == nullptr ? nullptr : std::make_unique<TlsSession>(*identity->current());
    const auto connection = std::make_shared<Connection>(*this, fd, std::move(address), std::move(tls));
    connections.emplace(connection.get(), connection);
    connection->start();
}

void HttpServer::State::forget(Connection* connection, const std::string& address) {
    connections.erase(connection);
    counts.leave(address);
}

bool HttpServer::State::take_handshake() {
    if (limits.handshakes_per_s == 0 || handshakes.take(std::chrono::steady_clock::now())) return true;
    metrics.refused.add();
    return false;
}

HttpServer::HttpServer(net::io_context& io, HttpLimits limits, HttpHandler& handler)
    : state_{std::make_unique<State>(io, limits, handler)} {}

HttpServer::~HttpServer() {
    stop_accepting();
    close_all();
}

std::unique_ptr<Listener> HttpServer::State::make_listener(bool joins, const TlsIdentity* identity) {
    const ListenerOptions options{.joins = joins,
                                  .sndbuf_bytes = limits.sndbuf_bytes,
                                  .tcp_user_timeout = limits.tcp_user_timeout,
                                  .accept_pause = limits.accept_pause};
    return std::make_unique<Listener>(
        io, options, [this, identity](int fd, std::string address) { admit(fd, std::move(address), identity); },
        metrics.accept_failures);
}

book::Result<std::uint16_t> HttpServer::listen(std::string_view host, std::uint16_t port, bool joins,
                                               const TlsIdentity* identity) {
    auto listener = state_->make_listener(joins, identity);
    const auto port_bound = listener->open(host, port);
    if (port_bound) state_->listeners.push_back(std::move(listener));
    return port_bound;
}

book::Result<void> HttpServer::listen(const UnixSocket& socket) {
    auto listener = state_->make_listener(true, nullptr);
    const auto joined = listener->join(socket);
    if (joined) state_->listeners.push_back(std::move(listener));
    return joined;
}

void HttpServer::stop_accepting() {
    state_->is_stopping = true;
    state_->listeners.clear();
    for (const auto& [_, connection] : state_->connections) connection->stop_waiting();
}

void HttpServer::close_all() {
    const auto connections = state_->connections;  // a copy: each takes itself out
    for (const auto& [_, connection] : connections) connection->close();
}

std::size_t HttpServer::open_connections() const noexcept {
    return state_->connections.size();
}

const HttpMetrics& HttpServer::metrics() const noexcept {
    return state_->metrics;
}

}  // namespace tickgate::gateway
