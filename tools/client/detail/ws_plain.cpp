#include "tools/client/detail/ws_over.hpp"

namespace tickgate::client::detail {

namespace {

class WsPlain final : public WsOver<TcpStream> {
public:
    WsPlain(const Executor& executor, WsListener& listener, const WsUrl& url, bool deflate)
        : WsOver{executor, listener, url, deflate, executor} {}

    TlsSession take_session() override { return {}; }

private:
    void secure() override { handshake(); }
};

}  // namespace

std::shared_ptr<WsConnection> make_plain(const Executor& executor, WsListener& listener, const WsUrl& url,
                                         bool deflate) {
    return std::make_shared<WsPlain>(executor, listener, url, deflate);
}

}  // namespace tickgate::client::detail
