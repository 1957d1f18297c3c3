#include "gateway/http_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gateway/deflate_offer.hpp"
#include "gateway/detail/client_stream.hpp"
#include "gateway/detail/http_rules.hpp"
#include "gateway/detail/token_bucket.hpp"
#include "gateway/listener.hpp"
#include "gateway/tls_identity.hpp"

namespace tickgate::gateway {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

using boost::system::error_code;

using detail::ClientStream;
using detail::RequestParser;
using Timer = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                                        ClientStream::executor_type>;
using WebSocket = websocket::stream<ClientStream&, false>;  // deflate is not Beast's business here
using detail::view;

constexpr std::string_view kServer = "tickgate/" TICKGATE_VERSION;
constexpr std::size_t kReadSize = 4 * 1'024;
constexpr std::size_t kReadAhead = 16 * 1'024;  // beyond a header: the body's beginning, or pipelined requests

}  // namespace

struct HttpServer::State {
    State(net::io_context& context, const HttpLimits& wanted, HttpHandler& receiver)
        : io{context},
          limits{wanted},
          handler{receiver},
          handshakes{wanted.handshakes_per_s} {}

    net::io_context& io;
    const HttpLimits limits;
    HttpHandler& handler;
    HttpMetrics metrics;
    bool is_stopping = false;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
    std::unordered_map<std::string, std::size_t> per_address;  // how many connections, where they are limited
    detail::TokenBucket handshakes;                            // that may be begun now, where they are limited

    /// Without `identity` the connection is plain.
    void admit(int fd, std::string address, const TlsIdentity* identity);
    [[nodiscard]] bool take_handshake();
    void forget(Connection* connection, const std::string& address);

private:
    [[nodiscard]] bool has_room_for(const std::string& address) const;
};

/// One client, one request after the other, from the accept to its end or its upgrade.
class HttpServer::Connection final : public HttpReply::Target, public std::enable_shared_from_this<Connection> {
public:
    Connection(State& server, int fd, std::string remote_address, std::unique_ptr<TlsSession> tls)
        : server_{server},
          stream_{server.io, fd, std::move(tls)},
          timer_{server.io},
          remote_address_{std::move(remote_address)},
          buffer_{server.limits.header_bytes + kReadAhead} {}

    void start() { stream_.tls() != nullptr ? shake_hands() : start_request(); }
    void close();
    /// Waits for a request no more: where none has come it is closed.
    void stop_waiting();
    void answer(HttpResponse response) override;

private:
    enum class Phase : std::uint8_t { Handshaking, Idle, Header, Body, Answering, Writing, Upgrading, Draining, Closed };

    void shake_hands();
    void on_handshake(const error_code& error);
    void start_request();
    void read_request();
    void read_more();
    void on_read(const error_code& error);
    void parse();
    void on_header();
    void invite_body();
    void read_body();
    void hand_over();
    void on_parse_error(const error_code& error);
    void refuse(HttpResponse response);
    void upgrade();
    void on_upgraded(const error_code& error);
    void respond(HttpResponse response, bool keep_alive);
    void on_written(const error_code& error);
    void wait_for_next_request();
    [[nodiscard]] bool is_over(const error_code& error) const;
    void drain();
    void arm(std::chrono::milliseconds time);
    void on_deadline();
    void end();
    [[nodiscard]] bool has_request_begun() const { return parser_->got_some() || buffer_.size() > 0; }

    /// A handler that keeps the connection alive, and is not called once that is closed.
    template <typename Function>
    [[nodiscard]] auto guarded(Function function) {
        return [self = shared_from_this(), function](const error_code& error, auto...) {
            if (self->phase_ != Phase::Closed) function(*self, error);
        };
    }

    State& server_;  // not used once closed: it may be gone then
    ClientStream stream_;
    Timer timer_;
    std::string remote_address_;
    beast::flat_buffer buffer_;
    std::optional<RequestParser> parser_;
    HttpTarget target_;
    std::optional<WebSocket> websocket_;
    std::string head_;
    std::string body_;
    Phase phase_ = Phase::Header;
    std::uint8_t deflate_bits_ = 0;  // as UpgradedClient's
    bool keep_alive_ = false;
    bool is_timed_out_ = false;
};

void HttpServer::Connection::shake_hands() {
    phase_ = Phase::Handshaking;
    arm(server_.limits.request_time);
    stream_.async_handshake(guarded([](Connection& self, const error_code& error) { self.on_handshake(error); }));
}

void HttpServer::Connection::on_handshake(const error_code& error) {
    if (!error) {
        (stream_.tls()->was_resumed() ? server_.metrics.tls_resumed : server_.metrics.tls_full).add();
        return start_request();
    }
    if (error == net::error::operation_aborted) return close();
    const bool is_told = error == boost::system::errc::protocol_error;  // else the client went away
    const TlsFailure failure = is_told ? stream_.tls()->failure() : TlsFailure::Gone;
    server_.metrics.tls_failures[failure].add();
    if (!is_told) return close();
    stream_.drop_tls();
    if (failure != TlsFailure::PlainHttp) return drain();
    parser_.emplace();
    respond(http_error(400, "bad_request", "this port speaks TLS: use https or wss"), false);
}

void HttpServer::Connection::start_request() {
    arm(server_.limits.request_time);
    read_request();
}

void HttpServer::Connection::read_request() {
    phase_ = Phase::Header;
    is_timed_out_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.limits.header_bytes));
    parser_->body_limit(server_.limits.body_bytes);
    buffer_.size() > 0 ? parse() : read_more();
}

/// Beast's composed reads would not notice that their time is up while bytes keep dripping in; single reads do.
void HttpServer::Connection::read_more() {
    const std::size_t room = std::min(kReadSize, buffer_.max_size() - buffer_.size());
    if (room == 0) return refuse(http_error(431, "header_too_big", "the header of a chunk is too big"));
    stream_.async_read_some(buffer_.prepare(room),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                                if (self->phase_ == Phase::Closed) return;
                                self->buffer_.commit(size);
                                self->on_read(error);
                            });
}

void HttpServer::Connection::on_read(const error_code& error) {
    if (is_timed_out_) return refuse(http_error(408, "timeout", "the request took too long"));
    if (error == net::error::eof && has_request_begun()) return on_parse_error(http::error::partial_message);
    if (is_over(error)) return close();
    error ? read_more() : parse();
}

void HttpServer::Connection::parse() {
    error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == http::error::need_more) return read_more();
    if (error) return on_parse_error(error);
    phase_ == Phase::Header ? on_header() : read_body();
}

void HttpServer::Connection::on_header() {
    phase_ = Phase::Body;
    parser_->eager(true);
    if (const auto fault = detail::ambiguity(*parser_); !fault.empty())
        return refuse(http_error(400, "bad_request", fault));
    auto target = parse_http_target(view(parser_->get().target()));
    if (!target) return refuse(http_error(400, "bad_request", "the request target is ill-formed"));
    target_ = *std::move(target);
    if (target_.path == kWebSocketPath) return upgrade();
    if (detail::wants_websocket(parser_->get()))
        return refuse(http_error(404, "not_found", "the WebSocket is at /v1/ws"));
    const bool is_expecting = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    is_expecting && !parser_->is_done() ? invite_body() : read_body();
}

void HttpServer::Connection::invite_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(stream_, net::buffer(kContinue), guarded([](Connection& self, const error_code& error) {
                         error ? self.on_read(error) : self.read_body();
                     }));
}

void HttpServer::Connection::read_body() {
    if (parser_->is_done()) return hand_over();
    buffer_.size() > 0 ? parse() : read_more();
}

void HttpServer::Connection::hand_over() {
    timer_.cancel();  // how long an answer takes is the handler's business
    phase_ = Phase::Answering;
    const auto& request = parser_->get();
    const auto method = detail::method_of(request);
    if (!method) return answer(detail::method_not_allowed());
    HttpRequest plain;
    plain.method = *method;
    plain.path = std::move(target_.path);
    plain.query = std::move(target_.query);
    for (const auto& field : request) plain.headers.emplace_back(view(field.name_string()), view(field.value()));
    plain.body = request.body();
    plain.remote_address = remote_address_;
    server_.metrics.requests.add();
    server_.handler.on_request(plain, HttpReply{weak_from_this()});
}

void HttpServer::Connection::answer(HttpResponse response) {
    if (phase_ != Phase::Answering) return;  // closed meanwhile
    respond(std::move(response), parser_->keep_alive() && !server_.is_stopping);
}

void HttpServer::Connection::on_parse_error(const error_code& error) {
    if (error == http::error::header_limit) return refuse(http_error(431, "header_too_big", "the header is too big"));
    if (error == http::error::body_limit) return refuse(http_error(413, "body_too_big", "the body is too big"));
    refuse(http_error(400, "bad_request", "not a well-formed HTTP/1.1 request"));
}

/// An answer after which nothing can be read: it is not known where the next request would begin.
void HttpServer::Connection::refuse(HttpResponse response) {
    server_.metrics.bad_requests.add();
    respond(std::move(response), false);
}

void HttpServer::Connection::upgrade() {
    if (auto fault = detail::handshake_fault(*parser_)) return refuse(*std::move(fault));
    if (server_.is_stopping) return refuse(http_error(503, "draining", "this node is shutting down"));
    if (!server_.take_handshake()) return respond(detail::too_many_handshakes(), false);
    phase_ = Phase::Upgrading;
    arm(server_.limits.request_time);
    const bool names_us = detail::has_token(parser_->get()[http::field::sec_websocket_protocol], kSubprotocol);
    DeflateAgreement deflate;
    if (server_.limits.deflates) deflate = agree_on_deflate(detail::extensions_of(parser_->get()));
    deflate_bits_ = deflate.window_bits;
    websocket_.emplace(stream_);
    websocket_->set_option(websocket::stream_base::decorator([=](websocket::response_type& response) {
        response.set(http::field::server, kServer);
        if (names_us) response.set(http::field::sec_websocket_protocol, kSubprotocol);
        if (!deflate.answer.empty()) response.set(http::field::sec_websocket_extensions, deflate.answer);
    }));
    websocket_->async_accept(parser_->get(),
                             guarded([](Connection& self, const error_code& error) { self.on_upgraded(error); }));
}

/// Beast's stream ends here: there must be one writer for each socket, and it is not Beast.
void HttpServer::Connection::on_upgraded(const error_code& error) {
    if (error) return close();
    websocket_.reset();
    auto released = stream_.release();
    if (released.fd < 0) return close();
    server_.metrics.upgrades.add();
    HttpHandler& handler = server_.handler;
    end();
    const std::string left_over = beast::buffers_to_string(buffer_.data()) + released.left_over;
    handler.on_websocket({.fd = released.fd,
                          .remote_address = std::move(remote_address_),
                          .deflate_bits = deflate_bits_,
                          .left_over = left_over,
                          .tls = std::move(released.tls)});
}

void HttpServer::Connection::respond(HttpResponse response, bool keep_alive) {
    phase_ = Phase::Writing;
    keep_alive_ = keep_alive;
    arm(server_.limits.request_time);
    head_ = http_response_head(response, detail::reason_for(response.status), kServer, keep_alive);
    const bool is_bodiless =
        parser_->get().method() == http::verb::head || response.status == 204 || response.status == 304;
    body_ = is_bodiless ? std::string{} : std::move(response.body);
    net::async_write(stream_, std::array{net::buffer(std::as_const(head_)), net::buffer(std::as_const(body_))},
                     guarded([](Connection& self, const error_code& error) { self.on_written(error); }));
}

void HttpServer::Connection::on_written(const error_code& error) {
    if (error) return close();
    if (!keep_alive_) return drain();
    wait_for_next_request();
    if (server_.is_stopping) stop_waiting();
}

void HttpServer::Connection::wait_for_next_request() {
    const auto begin = [](Connection& self, const error_code& error) {
        self.is_over(error) ? self.close() : self.start_request();
    };
    if (buffer_.size() > 0) return begin(*this, {});  // pipelined
    phase_ = Phase::Idle;
    arm(server_.limits.idle_time);
    stream_.async_wait_for_input(guarded(begin));
}

/// A close with bytes unread would be a reset, which may overtake our last answer: so the client closes first, or
/// time is up.
void HttpServer::Connection::drain() {
    if (phase_ != Phase::Draining) {
        phase_ = Phase::Draining;
        arm(server_.limits.linger_time);
        stream_.finish_sending();
    }
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kReadSize), guarded([](Connection& self, const error_code& error) {
                                error ? self.close() : self.drain();
                            }));
}

void HttpServer::Connection::arm(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    timer_.async_wait(guarded([](Connection& self, const error_code& error) {
        const bool is_rearmed = self.timer_.expiry() > std::chrono::steady_clock::now();
        if (!error && !is_rearmed) self.on_deadline();
    }));
}

void HttpServer::Connection::on_deadline() {
    if (phase_ == Phase::Answering) return;  // expired in the turn that read the request's last byte
    if (phase_ != Phase::Draining) server_.metrics.timeouts.add();
    if (phase_ == Phase::Handshaking) server_.metrics.tls_failures[TlsFailure::Timeout].add();
    const bool is_reading = phase_ == Phase::Header || phase_ == Phase::Body;
    if (!is_reading || !has_request_begun()) return close();
    is_timed_out_ = true;
    stream_.cancel();
}

/// What was read before is not lost by this: its handler comes without an error.
void HttpServer::Connection::stop_waiting() {
    const bool has_none = phase_ == Phase::Header && !has_request_begun();
    if (phase_ == Phase::Handshaking || phase_ == Phase::Idle || has_none) stream_.cancel();
}

/// The wait for input has ended without any: what came just as stop_waiting() ended it is still to be read.
bool HttpServer::Connection::is_over(const error_code& error) const {
    return error && (error != net::error::operation_aborted || !stream_.has_input());
}

void HttpServer::Connection::close() {
    if (phase_ == Phase::Closed) return;
    stream_.close();
    end();
}

void HttpServer::Connection::end() {
    phase_ = Phase::Closed;
    timer_.cancel();
    server_.forget(this, remote_address_);
}

bool HttpServer::State::has_room_for(const std::string& address) const {
    if (limits.connections != 0 && connections.size() >= limits.connections) return false;
    if (limits.connections_per_address == 0) return true;
    const auto found = per_address.find(address);
    return found == per_address.end() || found->second < limits.connections_per_address;
}

void HttpServer::State::admit(int fd, std::string address, const TlsIdentity* identity) {
    if (!has_room_for(address)) {
        metrics.refused.add();
        const auto response = http_error(503, "limit_connections", "too many connections");
        const std::string text = http_response_head(response, detail::reason_for(503), kServer, false) + response.body;
        // Best effort: what costs nothing cannot be used to exhaust us.
        (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(fd);
        return;
    }
    metrics.accepted.add();
    if (limits.connections_per_address != 0) ++per_address[address];
    auto tls = identity == nullptr ? nullptr : std::make_unique<TlsSession>(*identity->current());
    const auto connection = std::make_shared<Connection>(*this, fd, std::move(address), std::move(tls));
    connections.emplace(connection.get(), connection);
    connection->start();
}

void HttpServer::State::forget(Connection* connection, const std::string& address) {
    connections.erase(connection);
    const auto found = per_address.find(address);
    if (found != per_address.end() && --found->second == 0) per_address.erase(found);
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

book::Result<std::uint16_t> HttpServer::listen(std::string_view host, std::uint16_t port, bool joins) {
    const ListenerOptions options{.joins = joins,
                                  .sndbuf_bytes = state_->limits.sndbuf_bytes,
                                  .tcp_user_timeout = state_->limits.tcp_user_timeout,
                                  .accept_pause = state_->limits.accept_pause};
    auto listener = std::make_unique<Listener>(
        state_->io, options,
        [state = state_.get()](int fd, std::string address) { state->admit(fd, std::move(address)); },
        state_->metrics.accept_failures);
    const auto port_bound = listener->open(host, port);
    if (port_bound) state_->listeners.push_back(std::move(listener));
    return port_bound;
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
