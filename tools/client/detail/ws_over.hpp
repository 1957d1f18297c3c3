#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "tools/client/detail/ws_connection.hpp"
#include "tools/client/wire_options.hpp"

namespace tickgate::client::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

using TcpStream = beast::basic_stream<asio::ip::tcp, Executor>;

/// A WebSocket over `Layer`: TCP, or TLS over it, which the derived class secures before the WebSocket's handshake.
template <typename Layer>
class WsOver : public WsConnection, public std::enable_shared_from_this<WsOver<Layer>> {
public:
    template <typename... LayerArguments>
    WsOver(const Executor& executor, WsListener& listener, const WsUrl& url, bool deflate, LayerArguments&&... layer)
        : listener_{&listener},
          url_{url},
          deflate_{deflate},
          resolver_{executor},
          stream_{std::forward<LayerArguments>(layer)...} {}

    void start() override {
        socket().expires_after(WsClient::kDeadline);
        resolver_.async_resolve(
            url_.host, url_.port,
            [self = this->shared_from_this()](error_code error, const Resolver::results_type& found) {
                if (error) return self->end(kAbnormal, error.message());
                self->connect(found);
            });
    }

    void send(std::string text) override {
        if (!open_) return;
        outgoing_.push_back(std::move(text));
        if (outgoing_.size() == 1) write();
    }

    void close() override {
        if (!open_) return end(kNormal, "closed before it was open");
        open_ = false;
        closing_ = true;
        stream_.async_close(websocket::close_code::normal,
                            [self = this->shared_from_this()](error_code) { self->end(kNormal, "closed by us"); });
    }

    void end(std::uint16_t code, std::string_view why) override {
        if (!listener_) return;
        WsListener& listener = *std::exchange(listener_, nullptr);
        open_ = false;
        resolver_.cancel();
        socket().close();
        listener.on_close(code, why);
    }

    void forget() override {
        listener_ = nullptr;
        socket().close();
    }

protected:
    /// TCP has connected; calls handshake() once the layer is ready.
    virtual void secure() = 0;

    void handshake() {
        socket().expires_never();  // the WebSocket stream has its own deadlines
        stream_.set_option(websocket::stream_base::timeout{WsClient::kDeadline, websocket::stream_base::none(), false});
        stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
            request.set(beast::http::field::user_agent, "tickgate-client");
            request.set(beast::http::field::sec_websocket_protocol, "tickgate.v1.json");
        }));
        stream_.set_option(deflate_option());
        stream_.read_message_max(kMaxMessage);
        stream_.async_handshake(answer_, host_header(url_), url_.target,
                                [self = this->shared_from_this()](error_code error) {
                                    if (error) return self->end(kAbnormal, self->refusal(error));
                                    self->upgraded();
                                });
    }

    [[nodiscard]] Layer& layer() noexcept { return stream_.next_layer(); }
    [[nodiscard]] TcpStream& socket() noexcept { return beast::get_lowest_layer(stream_); }
    [[nodiscard]] const WsUrl& url() const noexcept { return url_; }

private:
    using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
    static constexpr bool kDeflate = true;  // it can; whether it does is the option

    void connect(const Resolver::results_type& found) {
        socket().async_connect(found,
                               [self = this->shared_from_this()](error_code error, const asio::ip::tcp::endpoint&) {
                                   if (error) return self->end(kAbnormal, error.message());
                                   self->socket().socket().set_option(asio::ip::tcp::no_delay{true});
                                   self->secure();
                               });
    }

    [[nodiscard]] std::string refusal(error_code error) const {
        if (error != websocket::error::upgrade_declined) return error.message();
        return "the server answered " + std::to_string(answer_.result_int()) + " to the upgrade";
    }

    [[nodiscard]] websocket::permessage_deflate deflate_option() const {
        websocket::permessage_deflate option;
        option.client_enable = deflate_;
        option.server_no_context_takeover = true;
        option.client_no_context_takeover = true;
        return option;
    }

    void upgraded() {
        if (!deflate_) return opened();
        const auto extensions = answer_[beast::http::field::sec_websocket_extensions];
        const std::string fault = deflate_fault({extensions.data(), extensions.size()});
        if (!fault.empty()) return end(kExtensionMissing, fault);
        opened();
    }

    void opened() {
        if (!listener_) return;
        open_ = true;
        listener_->on_open();
        read();
    }

    void read() {
        stream_.async_read(incoming_, [self = this->shared_from_this()](error_code error, std::size_t) {
            if (error) return self->read_failed(error);
            self->deliver();
        });
    }

    void deliver() {
        const auto bytes = incoming_.cdata();
        if (listener_ && open_) listener_->on_text({static_cast<const char*>(bytes.data()), bytes.size()});
        incoming_.consume(incoming_.size());
        if (listener_) read();
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
                            [self = this->shared_from_this()](error_code error, std::size_t) {
                                if (error) return self->open_ ? self->end(kAbnormal, error.message()) : void();
                                self->outgoing_.pop_front();
                                if (!self->outgoing_.empty()) self->write();
                            });
    }

    WsListener* listener_;  // nothing once the end has been told
    WsUrl url_;
    bool deflate_;
    Resolver resolver_;
    websocket::stream<Layer, kDeflate> stream_;
    websocket::response_type answer_;
    beast::flat_buffer incoming_;
    std::deque<std::string> outgoing_;  // the first is being written
    bool open_ = false;
    bool closing_ = false;
};

}  // namespace tickgate::client::detail
