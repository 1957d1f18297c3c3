#include <boost/beast/ssl/ssl_stream.hpp>

#include "tools/client/detail/ws_over.hpp"

namespace tickgate::client::detail {

namespace {

using TlsStream = beast::ssl_stream<TcpStream>;

/// What a stream is made from, which must be there before it.
struct TlsContext {
    asio::ssl::context context;
};

class WsSecure final : private TlsContext, public WsOver<TlsStream> {
public:
    WsSecure(const Executor& executor, WsListener& listener, const WsUrl& url, bool deflate, const TlsClient& tls,
             SSL_SESSION* earlier)
        : TlsContext{asio::ssl::context{tls.shared_context()}},
          WsOver{executor, listener, url, deflate, executor, context} {
        TlsClient::prepare(connection(), url.host, earlier);
    }

    TlsSession take_session() override { return TlsClient::take_session(connection()); }

private:
    void secure() override {
        socket().expires_after(WsClient::kDeadline);
        layer().async_handshake(asio::ssl::stream_base::client, [this, self = shared_from_this()](error_code error) {
            if (error) return end(code_of_failure(), fault(error));
            handshake();
        });
    }

    [[nodiscard]] SSL* connection() noexcept { return layer().native_handle(); }

    [[nodiscard]] std::uint16_t code_of_failure() noexcept {
        return TlsClient::is_distrusted(connection()) ? kTlsRefused : kAbnormal;
    }

    [[nodiscard]] std::string fault(error_code error) {
        if (error == asio::ssl::error::stream_truncated) return TlsClient::fault(connection(), 0);
        const bool of_tls = error.category() == asio::error::get_ssl_category();
        if (of_tls) return TlsClient::fault(connection(), static_cast<unsigned long>(error.value()));
        return "the TLS handshake failed: " + error.message();
    }
};

}  // namespace

std::shared_ptr<WsConnection> make_secure(const Executor& executor, WsListener& listener, const WsUrl& url,
                                          bool deflate, const TlsClient& tls, SSL_SESSION* earlier) {
    return std::make_shared<WsSecure>(executor, listener, url, deflate, tls, earlier);
}

}  // namespace tickgate::client::detail
