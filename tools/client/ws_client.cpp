#include "tools/client/ws_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>

#include "tools/client/detail/ws_connection.hpp"

namespace tickgate::client {

namespace asio = boost::asio;
using boost::system::error_code;
using detail::Executor;

struct WsClient::Loop {
    asio::io_context context{1};
    asio::executor_work_guard<Executor> work{context.get_executor()};
    asio::basic_signal_set<Executor> signals{context.get_executor()};
    bool signalled = false;
};

WsClient::WsClient(WsListener& listener, std::unique_ptr<const TlsClient> tls, bool deflate)
    : listener_{listener},
      tls_{std::move(tls)},
      deflate_{deflate},
      loop_{std::make_unique<Loop>()} {}

WsClient::~WsClient() {
    if (connection_) connection_->forget();
}

void WsClient::connect(const WsUrl& url) {
    const Executor executor = loop_->context.get_executor();
    connection_ = url.secure ? detail::make_secure(executor, *this, url, deflate_, *tls_, session_.get())
                             : detail::make_plain(executor, *this, url, deflate_);
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
    if (const auto connection = connection_) connection->end(detail::kAbnormal, why);
}

bool WsClient::connected() const noexcept {
    return connection_ != nullptr;
}

void WsClient::on_close(std::uint16_t code, std::string_view why) {
    if (TlsSession left = connection_->take_session()) session_ = std::move(left);
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
