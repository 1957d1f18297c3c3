#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tools/client/tls_client.hpp"
#include "tools/client/ws_url.hpp"

namespace tickgate::client {

namespace detail {
class WsConnection;
}

/// Called on the thread that turns the client. It may call the client back from within.
class WsListener {
public:
    virtual ~WsListener() = default;
    virtual void on_open() = 0;
    /// One whole text message; the view lives until the call returns.
    virtual void on_text(std::string_view text) = 0;
    /// Once per connect(), also when it never opened. `code`: the peer's close code, 1000 after our own close(),
    /// 1010 where the server does not compress but must, 1015 where the server's certificate was refused, 1006 where
    /// there was none.
    virtual void on_close(std::uint16_t code, std::string_view why) = 0;
};

/// A WebSocket client over TCP or TLS, one connection at a time; each TLS connection resumes the session of the one
/// before. Connecting, the handshakes and closing have a deadline of kDeadline each. Thread: one, which turns it by
/// run_one_until.
class WsClient : private WsListener {
public:
    static constexpr std::chrono::seconds kDeadline{10};

    /// The listener outlives this. `tls` is for wss URLs. `deflate`: servers must compress, each message by itself.
    explicit WsClient(WsListener& listener, std::unique_ptr<const TlsClient> tls = nullptr, bool deflate = false);
    ~WsClient() override;
    WsClient(const WsClient&) = delete;
    WsClient& operator=(const WsClient&) = delete;

    /// Precondition: not connected, and for a wss URL there is TLS. Throws std::runtime_error where the host of a wss
    /// URL can have no certificate.
    void connect(const WsUrl& url);
    /// Queues a text message; ignored when not open.
    void send(std::string text);
    /// Says good-bye; on_close follows.
    void close();
    /// Breaks the connection off; on_close follows at once.
    void drop(std::string_view why);
    /// From connect() until on_close.
    [[nodiscard]] bool connected() const noexcept;

    /// Lets SIGINT and SIGTERM end run_one_until instead of the process.
    void catch_signals();
    [[nodiscard]] bool signalled() const noexcept;

    /// Waits for what comes next and handles it, but not beyond `until`.
    void run_one_until(std::chrono::steady_clock::time_point until);
    /// Handles what has come, without waiting.
    void run_ready();

private:
    struct Loop;

    void on_open() override { listener_.on_open(); }
    void on_text(std::string_view text) override { listener_.on_text(text); }
    void on_close(std::uint16_t code, std::string_view why) override;

    WsListener& listener_;
    std::unique_ptr<const TlsClient> tls_;
    bool deflate_;
    TlsSession session_;  // of the last connection that left one
    std::unique_ptr<Loop> loop_;
    std::shared_ptr<detail::WsConnection> connection_;
};

}  // namespace tickgate::client
