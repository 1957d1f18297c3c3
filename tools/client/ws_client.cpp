#include "tools/client/ws_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <csignal>
#include <deque>
#include <utility>

namespace tickgate::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

// The concrete executor keeps this file's compile time down (toolchain: type erasure costs seconds).
using Executor = asio::io_context::executor_type;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using TcpStream = beast::basic_stream<asio::ip::tcp, Executor>;
constexpr bool kDeflate = false;
using WsStream = websocket::stream<TcpStream, kDeflate>;

// A whole book of depth 0 comes as one message of some megabytes.
constexpr std::size_t kMaxMessage = std::size_t{256} << 20;
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kAbnormal = 1006;

}  // namespace

struct WsClient::Loop {
    asio::io_context context{1};
    asio::executor_work_guard<Executor> work{context.get_executor()};
    asio::basic_signal_set<Executor> signals{context.get_executor()};
    bool signalled = false;
};

/// One connection, kept alive by its pending operations; it tells the client of its end exactly once.
class WsClient::Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(WsClient& client, const WsUrl& url)
        : client_{&client},
          url_{url},
          resolver_{client.loop_->context.get_executor()},
          stream_{client.loop_->context.get_executor()} {}

    void start() {
        beast::get_lowest_layer(stream_).expires_after(kDeadline);
        resolver_.async_resolve(url_.host, url_.port,
                                [self = shared_from_this()](error_code error, const Resolver::results_type& found) {
                                    if (error) return self->end(kAbnormal, error.message());
                                    self->connect(found);
                                });
    }

    void send(std::string text) {
        if (!open_) return;
        outgoing_.push_back(std::move(text));
        if (outgoing_.size() == 1) write();
    }

    void close() {
        if (!open_) return end(kNormal, "closed before it was open");
        open_ = false;
        closing_ = true;
        stream_.async_close(websocket::close_code::normal,
                            [self = shared_from_this()](error_code) { self->end(kNormal, "closed by us"); });
    }

    /// Says so to the client unless that has been done, and lets go of the socket.
    void end(std::uint16_t code, std::string_view why) {
        if (!client_) return;
        WsClient& client = *std::exchange(client_, nullptr);
        open_ = false;
        resolver_.cancel();
        beast::get_lowest_layer(stream_).close();
        client.closed(code, why);
    }

    /// The client is going away: nothing more is told.
    void forget() {
        client_ = nullptr;
        beast::get_lowest_layer(stream_).close();
    }

private:
    void connect(const Resolver::results_type& found) {
        beast::get_lowest_layer(stream_).async_connect(
            found, [self = shared_from_this()](error_code error, const asio::ip::tcp::endpoint&) {
                if (error) return self->end(kAbnormal, error.message());
                self->handshake();
            });
    }

    void handshake() {
        beast::get_lowest_layer(stream_).expires_never();  // the WebSocket stream has its own deadlines
        beast::get_lowest_layer(stream_).socket().set_option(asio::ip::tcp::no_delay{true});
        stream_.set_option(websocket::stream_base::timeout{kDeadline, websocket::stream_base::none(), false});
        stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
            request.set(beast::http::field::user_agent, "tickgate-client");
            request.set(beast::http::field::sec_websocket_protocol, "tickgate.v1.json");
        }));
        stream_.read_message_max(kMaxMessage);
        stream_.async_handshake(answer_, host(), url_.target, [self = shared_from_this()](error_code error) {
            if (error) return self->end(kAbnormal, self->refusal(error));
            self->opened();
        });
    }

    [[nodiscard]] std::string host() const {
        const bool v6 = url_.host.find(':') != std::string::npos;
        return (v6 ? '[' + url_.host + ']' : url_.host) + ':' + url_.port;
    }

    [[nodiscard]] std::string refusal(error_code error) const {
        if (error != websocket::error::upgrade_declined) return error.message();
        return "the server answered " + std::to_string(answer_.result_int()) + " to the upgrade";
    }

    void opened() {
        if (!client_) return;
        open_ = true;
        client_->listener_.on_open();
        read();
    }

    void read() {
        stream_.async_read(incoming_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->read_failed(error);
            self->deliver();
        });
    }

    void deliver() {
        const auto bytes = incoming_.cdata();
        if (client_ && open_) client_->listener_.on_text({static_cast<const char*>(bytes.data()), bytes.size()});
        incoming_.consume(incoming_.size());
        if (client_) read();
    }

    void read_failed(error_code error) {
        if (closing_) return;  // the end of async_close reports
        if (error == websocket::error::closed) {
            const auto& reason = stream_.reason();
            return end(reason.code, {reason.reason.data(), reason.reason.size()});
        }
        end(kAbnormal, error.message());
    }

    void write() {
        stream_.text(true);
        stream_.async_write(asio::buffer(outgoing_.front()),
                            [self = shared_from_this()](error_code error, std::size_t) {
                                if (error) return self->open_ ? self->end(kAbnormal, error.message()) : void();
                                self->outgoing_.pop_front();
                                if (!self->outgoing_.empty()) self->write();
                            });
    }

    WsClient* client_;  // nothing once the end has been told
    WsUrl url_;
    Resolver resolver_;
    WsStream stream_;
    websocket::response_type answer_;
    beast::flat_buffer incoming_;
    std::deque<std::string> outgoing_;  // the first is being written
    bool open_ = false;
    bool closing_ = false;
};

WsClient::WsClient(WsListener& listener) : listener_{listener}, loop_{std::make_unique<Loop>()} {}

WsClient::~WsClient() {
    if (connection_) connection_->forget();
}

void WsClient::connect(const WsUrl& url) {
    connection_ = std::make_shared<Connection>(*this, url);
    connection_->start();
}

// The local owner keeps the connection alive while it tells the listener, which may connect anew.
void WsClient::send(std::string text) {
    if (const auto connection = connection_) connection->send(std::move(text));
}

void WsClient::close() {
    if (const auto connection = connection_) connection->close();
}

void WsClient::drop(std::string_view why) {
    if (const auto connection = connection_) connection->end(kAbnormal, why);
}

bool WsClient::connected() const noexcept {
    return connection_ != nullptr;
}

void WsClient::closed(std::uint16_t code, std::string_view why) {
    connection_.reset();
    listener_.on_close(code, why);
}

void WsClient::catch_signals() {
    loop_->signals.add(SIGINT);
    loop_->signals.add(SIGTERM);
    loop_->signals.async_wait([this](error_code error, int) { loop_->signalled |= !error; });
}

bool WsClient::signalled() const noexcept {
    return loop_->signalled;
}

void WsClient::run_one_until(std::chrono::steady_clock::time_point until) {
    loop_->context.run_one_until(until);
}

void WsClient::run_ready() {
    loop_->context.poll();
}

}  // namespace tickgate::client
