#include "gateway/http_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gateway/listener.hpp"

namespace tickgate::gateway {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

using boost::system::error_code;

// The concrete executor: half the memory of any_io_executor for each socket, and no type erasure on the way.
using Executor = net::io_context::executor_type;
using Tcp = net::ip::tcp;
using Socket = net::basic_stream_socket<Tcp, Executor>;
using Timer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;
using WebSocket = websocket::stream<Socket, false>;  // deflate is not Beast's business here
using Parser = http::request_parser<http::string_body>;
using Request = Parser::value_type;

constexpr std::string_view kServer = "tickgate/" TICKGATE_VERSION;
constexpr std::size_t kReadAhead = 16 * 1'024;  // beyond a header: the body's beginning, or pipelined requests

std::string_view view(beast::string_view text) noexcept {
    return {text.data(), text.size()};
}
std::string_view reason_for(unsigned status) {
    return view(http::obsolete_reason(http::int_to_status(status)));
}

bool has_token(const Request& request, http::field name, std::string_view token) {
    return http::token_list{request[name]}.exists({token.data(), token.size()});
}

bool wants_websocket(const Request& request) {
    return has_token(request, http::field::upgrade, "websocket");
}

/// What Beast lets through although it leaves open who is meant, or where the request ends.
std::string_view ambiguity(const Parser& parser) {
    const Request& request = parser.get();
    const auto hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return "one Host header is needed";
    if (request.count(http::field::transfer_encoding) > 0 && (!parser.chunked() || request.version() < 11)) {
        return "transfer encoding not supported";
    }
    return {};
}

/// 16 bytes in base64 are 22 characters and two of padding.
bool is_websocket_key(std::string_view key) noexcept {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(kAlphabet) == 22;
}

/// Why this is no opening handshake, by RFC 6455, 4.2.1.
std::optional<HttpResponse> handshake_fault(const Parser& parser) {
    const Request& request = parser.get();
    const auto bad = [](std::string_view message) { return http_error(400, "bad_handshake", message); };
    if (request.method() != http::verb::get) return bad("a WebSocket is opened with GET");
    if (request.version() != 11) return bad("a WebSocket needs HTTP/1.1");
    if (!parser.is_done()) return bad("a handshake has no body");
    if (!wants_websocket(request)) return bad("the header Upgrade: websocket is missing");
    if (!has_token(request, http::field::connection, "upgrade"))
        return bad("the header Connection: Upgrade is missing");
    if (!is_websocket_key(view(request[http::field::sec_websocket_key]))) {
        return bad("Sec-WebSocket-Key must be 16 bytes in base64");
    }
    if (request[http::field::sec_websocket_version] == "13") return std::nullopt;
    if (request.count(http::field::sec_websocket_version) == 0) return bad("Sec-WebSocket-Version is missing");
    HttpResponse other_version = http_error(426, "bad_handshake", "only WebSocket version 13 is spoken");
    other_version.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
    return other_version;
}

std::optional<HttpMethod> method_of(const Request& request) {
    switch (request.method()) {
        case http::verb::get:
            return HttpMethod::Get;
        case http::verb::head:
            return HttpMethod::Head;
        case http::verb::post:
            return HttpMethod::Post;
        default:
            return std::nullopt;
    }
}

/// The answer to a request that could not be read; none where the client is just gone.
std::optional<HttpResponse> answer_to_read_error(const error_code& error) {
    if (error == http::error::end_of_stream) return std::nullopt;
    if (error == http::error::header_limit) return http_error(431, "header_too_big", "the header is too big");
    if (error == http::error::body_limit) return http_error(413, "body_too_big", "the body is too big");
    const auto& http_category = make_error_code(http::error::bad_method).category();
    if (error.category() != http_category) return std::nullopt;
    return http_error(400, "bad_request", "not a well-formed HTTP/1.1 request");
}

}  // namespace

struct HttpServer::State {
    State(net::io_context& context, const HttpLimits& wanted, HttpHandler& receiver)
        : io{context},
          limits{wanted},
          handler{receiver} {}

    net::io_context& io;
    const HttpLimits limits;
    HttpHandler& handler;
    HttpCounters counters;
    bool is_stopping = false;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
    std::unordered_map<std::string, std::size_t> per_address;  // how many connections, where they are limited

    void admit(int fd, std::string address);
    void forget(Connection* connection, const std::string& address);

private:
    [[nodiscard]] bool has_room_for(const std::string& address) const;
};

/// One client, one request after the other, from the accept to its end or its upgrade.
class HttpServer::Connection final : public HttpReply::Target, public std::enable_shared_from_this<Connection> {
public:
    Connection(State& server, Socket socket, std::string remote_address)
        : server_{server},
          socket_{std::move(socket)},
          timer_{server.io},
          remote_address_{std::move(remote_address)},
          buffer_{server.limits.header_bytes + kReadAhead} {}

    void start();
    void close();
    void answer(HttpResponse response) override;

private:
    enum class Phase : std::uint8_t { Idle, Reading, Answering, Writing, Upgrading, Draining, Closed };

    void read_request();
    void on_header(const error_code& error);
    void read_body();
    void hand_over();
    void on_read_error(const error_code& error);
    void refuse(HttpResponse response);
    void upgrade();
    void on_upgraded(const error_code& error);
    void respond(HttpResponse response, bool keep_alive);
    void on_written(const error_code& error);
    void wait_for_next_request();
    void drain();
    void arm(std::chrono::milliseconds time);
    void on_deadline();
    void end();
    [[nodiscard]] bool has_request_begun() const { return parser_->got_some() || buffer_.size() > 0; }
    [[nodiscard]] Socket& socket() { return websocket_ ? websocket_->next_layer() : socket_; }

    /// A handler that keeps the connection alive, and is not called once that is closed.
    template <typename Function>
    [[nodiscard]] auto guarded(Function function) {
        return [self = shared_from_this(), function](const error_code& error, auto...) {
            if (self->phase_ != Phase::Closed) function(*self, error);
        };
    }

    State& server_;  // not used once closed: it may be gone then
    Socket socket_;
    Timer timer_;
    std::string remote_address_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    HttpTarget target_;
    std::optional<WebSocket> websocket_;
    std::string head_;
    std::string body_;
    Phase phase_ = Phase::Reading;
    bool keep_alive_ = false;
    bool is_timed_out_ = false;
};

void HttpServer::Connection::start() {
    arm(server_.limits.request_time);
    read_request();
}

void HttpServer::Connection::read_request() {
    phase_ = Phase::Reading;
    is_timed_out_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.limits.header_bytes));
    parser_->body_limit(server_.limits.body_bytes);
    http::async_read_header(socket_, buffer_, *parser_,
                            guarded([](Connection& self, const error_code& error) { self.on_header(error); }));
}

void HttpServer::Connection::on_header(const error_code& error) {
    if (error) return on_read_error(error);
    if (const auto fault = ambiguity(*parser_); !fault.empty()) return refuse(http_error(400, "bad_request", fault));
    auto target = parse_http_target(view(parser_->get().target()));
    if (!target) return refuse(http_error(400, "bad_request", "the request target is ill-formed"));
    target_ = *std::move(target);
    if (target_.path == kWebSocketPath) return upgrade();
    if (wants_websocket(parser_->get())) return refuse(http_error(404, "not_found", "the WebSocket is at /v1/ws"));
    read_body();
}

void HttpServer::Connection::read_body() {
    if (parser_->is_done()) return hand_over();
    const auto go_on = [](Connection& self, const error_code& error) {
        if (error) return self.on_read_error(error);
        http::async_read(self.socket_, self.buffer_, *self.parser_,
                         self.guarded([](Connection& inner, const error_code& ec) {
                             ec ? inner.on_read_error(ec) : inner.hand_over();
                         }));
    };
    if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return go_on(*this, {});
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(socket_, net::buffer(kContinue), guarded(go_on));
}

void HttpServer::Connection::hand_over() {
    timer_.cancel();  // how long an answer takes is the handler's business
    phase_ = Phase::Answering;
    const Request& request = parser_->get();
    const auto method = method_of(request);
    if (!method) {
        HttpResponse refusal = http_error(405, "method_not_allowed", "only GET, HEAD and POST are served");
        refusal.headers = {{"Allow", "GET, HEAD, POST"}};
        return answer(std::move(refusal));
    }
    HttpRequest plain;
    plain.method = *method;
    plain.path = std::move(target_.path);
    plain.query = std::move(target_.query);
    for (const auto& field : request) plain.headers.emplace_back(view(field.name_string()), view(field.value()));
    plain.body = request.body();
    plain.remote_address = remote_address_;
    ++server_.counters.requests;
    server_.handler.on_request(plain, HttpReply{weak_from_this()});
}

void HttpServer::Connection::answer(HttpResponse response) {
    if (phase_ != Phase::Answering) return;  // closed meanwhile
    respond(std::move(response), parser_->keep_alive() && !server_.is_stopping);
}

void HttpServer::Connection::on_read_error(const error_code& error) {
    if (is_timed_out_) return refuse(http_error(408, "timeout", "the request took too long"));
    auto response = answer_to_read_error(error);
    response ? refuse(*std::move(response)) : close();
}

/// An answer after which nothing can be read: it is not known where the next request would begin.
void HttpServer::Connection::refuse(HttpResponse response) {
    ++server_.counters.bad_requests;
    respond(std::move(response), false);
}

void HttpServer::Connection::upgrade() {
    if (auto fault = handshake_fault(*parser_)) return refuse(*std::move(fault));
    phase_ = Phase::Upgrading;
    arm(server_.limits.request_time);
    const bool names_us = has_token(parser_->get(), http::field::sec_websocket_protocol, kSubprotocol);
    websocket_.emplace(std::move(socket_));
    websocket_->set_option(websocket::stream_base::decorator([names_us](websocket::response_type& response) {
        response.set(http::field::server, kServer);
        if (names_us) response.set(http::field::sec_websocket_protocol, kSubprotocol);
    }));
    websocket_->async_accept(parser_->get(),
                             guarded([](Connection& self, const error_code& error) { self.on_upgraded(error); }));
}

/// Beast's stream ends here: there must be one writer for each socket, and it is not Beast.
void HttpServer::Connection::on_upgraded(const error_code& error) {
    if (error) return close();
    error_code release_error;
    const int fd = socket().release(release_error);
    if (release_error) return close();
    websocket_.reset();
    ++server_.counters.upgrades;
    HttpHandler& handler = server_.handler;
    end();
    const auto left_over = buffer_.data();
    handler.on_websocket(fd, std::move(remote_address_),
                         {static_cast<const char*>(left_over.data()), left_over.size()});
}

void HttpServer::Connection::respond(HttpResponse response, bool keep_alive) {
    phase_ = Phase::Writing;
    keep_alive_ = keep_alive;
    arm(server_.limits.request_time);
    head_ = http_response_head(response, reason_for(response.status), kServer, keep_alive);
    const bool is_bodiless =
        parser_->get().method() == http::verb::head || response.status == 204 || response.status == 304;
    body_ = is_bodiless ? std::string{} : std::move(response.body);
    net::async_write(socket_, std::array{net::buffer(std::as_const(head_)), net::buffer(std::as_const(body_))},
                     guarded([](Connection& self, const error_code& error) { self.on_written(error); }));
}

void HttpServer::Connection::on_written(const error_code& error) {
    if (error) return close();
    keep_alive_ && !server_.is_stopping ? wait_for_next_request() : drain();
}

void HttpServer::Connection::wait_for_next_request() {
    const auto begin = [](Connection& self, const error_code& error) {
        if (error) return self.close();
        self.start();
    };
    if (buffer_.size() > 0) return begin(*this, {});  // pipelined
    phase_ = Phase::Idle;
    arm(server_.limits.idle_time);
    socket_.async_wait(Socket::wait_read, guarded(begin));
}

/// A close with bytes unread would be a reset, which may overtake our last answer: so the client closes first, or
/// time is up.
void HttpServer::Connection::drain() {
    if (phase_ != Phase::Draining) {
        phase_ = Phase::Draining;
        arm(server_.limits.linger_time);
        error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
    }
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(4'096), guarded([](Connection& self, const error_code& error) {
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
    if (phase_ != Phase::Draining) ++server_.counters.timeouts;
    if (phase_ != Phase::Reading || !has_request_begun()) return close();
    is_timed_out_ = true;
    socket_.cancel();
}

void HttpServer::Connection::close() {
    if (phase_ == Phase::Closed) return;
    error_code ignored;
    socket().close(ignored);
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

void HttpServer::State::admit(int fd, std::string address) {
    if (!has_room_for(address)) {
        ++counters.refused;
        const auto response = http_error(503, "limit_connections", "too many connections");
        const std::string text = http_response_head(response, reason_for(503), kServer, false) + response.body;
        // Best effort: what costs nothing cannot be used to exhaust us.
        (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(fd);
        return;
    }
    ++counters.accepted;
    if (limits.connections_per_address != 0) ++per_address[address];
    // Asio asks for a protocol and uses it for sockets that it opens itself.
    const auto connection = std::make_shared<Connection>(*this, Socket{io, Tcp::v4(), fd}, std::move(address));
    connections.emplace(connection.get(), connection);
    connection->start();
}

void HttpServer::State::forget(Connection* connection, const std::string& address) {
    connections.erase(connection);
    const auto found = per_address.find(address);
    if (found != per_address.end() && --found->second == 0) per_address.erase(found);
}

HttpServer::HttpServer(net::io_context& io, HttpLimits limits, HttpHandler& handler)
    : state_{std::make_unique<State>(io, limits, handler)} {}

HttpServer::~HttpServer() {
    stop_accepting();
    close_all();
}

book::Result<std::uint16_t> HttpServer::listen(std::string_view host, std::uint16_t port, bool reuse_port) {
    const ListenerOptions options{.reuse_port = reuse_port,
                                  .sndbuf_bytes = state_->limits.sndbuf_bytes,
                                  .tcp_user_timeout = state_->limits.tcp_user_timeout,
                                  .accept_pause = state_->limits.accept_pause};
    auto listener = std::make_unique<Listener>(
        state_->io, options,
        [state = state_.get()](int fd, std::string address) { state->admit(fd, std::move(address)); });
    const auto port_bound = listener->open(host, port);
    if (port_bound) state_->listeners.push_back(std::move(listener));
    return port_bound;
}

void HttpServer::stop_accepting() {
    state_->is_stopping = true;
    state_->counters.accept_failures = counters().accept_failures;
    state_->listeners.clear();
}

void HttpServer::close_all() {
    const auto connections = state_->connections;  // a copy: each takes itself out
    for (const auto& [_, connection] : connections) connection->close();
}

std::size_t HttpServer::open_connections() const noexcept {
    return state_->connections.size();
}

HttpCounters HttpServer::counters() const noexcept {
    HttpCounters counters = state_->counters;
    for (const auto& listener : state_->listeners) counters.accept_failures += listener->failures();
    return counters;
}

}  // namespace tickgate::gateway
