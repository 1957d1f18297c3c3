#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "gateway/deflate_offer.hpp"
#include "gateway/detail/http_server_parts.hpp"

namespace tickgate::gateway {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

using boost::system::error_code;
using detail::view;

constexpr std::size_t kReadSize = 4 * 1'024;

}  // namespace

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
        response.set(http::field::server, kServerName);
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
    head_ = http_response_head(response, detail::reason_for(response.status), kServerName, keep_alive);
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
    const bool is_waiting = phase_ == Phase::Idle || phase_ == Phase::Header;
    if (is_waiting && stream_.tls() != nullptr && stream_.tls()->is_established()) stream_.finish_sending();
    stream_.close();
    end();
}

void HttpServer::Connection::end() {
    phase_ = Phase::Closed;
    timer_.cancel();
    server_.forget(this, remote_address_);
}

}  // namespace tickgate::gateway
