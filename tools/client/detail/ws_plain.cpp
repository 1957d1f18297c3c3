#include "tools/client/detail/ws_over.hpp"

namespace tickgate::client::detail {

namespace {

class WsPlain final : public WsOver<TcpStream> {
public:
    WsPlain(const Executor& executor, WsListener& listener, const WsUrl& url)
        : WsOver{executor, listener, url, executor} {}

    TlsSession take_session() override { return {}; }

private:
    void secure() override { handshake(); }
};

}  // namespace

std::shared_ptr<WsConnection> make_plain(const Executor& executor, WsListener& listener, const WsUrl& url) {
    return std::make_shared<WsPlain>(executor, listener, url);
}

}  // namespace tickgate::client::detail
