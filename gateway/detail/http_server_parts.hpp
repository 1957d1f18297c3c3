#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/detail/client_stream.hpp"
#include "gateway/detail/connection_counts.hpp"
#include "gateway/detail/http_rules.hpp"
#include "gateway/detail/token_bucket.hpp"
#include "gateway/http_server.hpp"
#include "gateway/listener.hpp"

/// What an HTTP server is made of. For the files of HttpServer only.
namespace tickgate::gateway {

extern const std::string_view kServerName;  // of the header Server

struct HttpServer::State {
    State(boost::asio::io_context& context, const HttpLimits& wanted, HttpHandler& receiver)
        : io{context},
          limits{wanted},
          handler{receiver},
          counts{wanted.connections, wanted.connections_per_address},
          handshakes{wanted.handshakes_per_s} {}

    boost::asio::io_context& io;
    const HttpLimits limits;
    HttpHandler& handler;
    HttpMetrics metrics;
    bool is_stopping = false;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
    detail::ConnectionCounts counts;
    detail::TokenBucket handshakes;  // that may be begun now, where they are limited

    /// Without `identity` the connection is plain.
    void admit(int fd, std::string address, const TlsIdentity* identity);
    [[nodiscard]] std::unique_ptr<Listener> make_listener(bool joins, const TlsIdentity* identity);
    [[nodiscard]] bool take_handshake();
    void forget(Connection* connection, const std::string& address);
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
    // Beyond a header: the body's beginning, or pipelined requests.
    static constexpr std::size_t kReadAhead = 16 * 1'024;
    using ErrorCode = boost::system::error_code;
    using Clock = std::chrono::steady_clock;
    using Timer =
        boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, detail::ClientStream::executor_type>;
    using WebSocket = boost::beast::websocket::stream<detail::ClientStream&, false>;  // deflate is not Beast's business
    enum class Phase : std::uint8_t {
        Handshaking,
        Idle,
        Header,
        Body,
        Answering,
        Writing,
        Upgrading,
        Draining,
        Closed
    };

    void shake_hands();
    void on_handshake(const ErrorCode& error);
    void start_request();
    void read_request();
    void read_more();
    void on_read(const ErrorCode& error);
    void parse();
    void on_header();
    void invite_body();
    void read_body();
    void hand_over();
    void on_parse_error(const ErrorCode& error);
    void refuse(HttpResponse response);
    void upgrade();
    void on_upgraded(const ErrorCode& error);
    void respond(HttpResponse response, bool keep_alive);
    void on_written(const ErrorCode& error);
    void wait_for_next_request();
    [[nodiscard]] bool is_over(const ErrorCode& error) const;
    void drain();
    void arm(std::chrono::milliseconds time);
    void on_deadline();
    void end();
    [[nodiscard]] bool has_request_begun() const { return parser_->got_some() || buffer_.size() > 0; }

    /// A handler that keeps the connection alive, and is not called once that is closed.
    template <typename Function>
    [[nodiscard]] auto guarded(Function function) {
        return [self = shared_from_this(), function](const ErrorCode& error, auto...) {
            if (self->phase_ != Phase::Closed) function(*self, error);
        };
    }

    State& server_;  // not used once closed: it may be gone then
    detail::ClientStream stream_;
    Timer timer_;
    std::string remote_address_;
    boost::beast::flat_buffer buffer_;
    std::optional<detail::RequestParser> parser_;
    HttpTarget target_;
    std::optional<WebSocket> websocket_;
    std::string head_;
    std::string body_;
    Phase phase_ = Phase::Header;
    std::uint8_t deflate_bits_ = 0;  // as UpgradedClient's
    bool keep_alive_ = false;
    bool is_timed_out_ = false;
};

}  // namespace tickgate::gateway
