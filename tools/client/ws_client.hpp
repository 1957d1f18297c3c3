#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tickgate::client {

/// Where a WebSocket server is: ws://HOST[:PORT][/TARGET].
struct WsUrl {
    std::string host;
    std::string port = "80";
    std::string target = "/v1/ws";
};

/// Nothing: not such a URL. An IPv6 address stands in brackets; without a path the target is the protocol's.
[[nodiscard]] std::optional<WsUrl> parse_ws_url(std::string_view text);

/// Called on the thread that turns the client. It may call the client back from within.
class WsListener {
public:
    virtual ~WsListener() = default;
    virtual void on_open() = 0;
    /// One whole text message; the view lives until the call returns.
    virtual void on_text(std::string_view text) = 0;
    /// Once per connect(), also when it never opened. `code`: the peer's close code, 1000 after our own close(),
    /// 1006 where there was none.
    virtual void on_close(std::uint16_t code, std::string_view why) = 0;
};

/// A WebSocket client over TCP, one connection at a time. Connecting, the handshake and closing have a deadline of
/// kDeadline each. Thread: one, which turns it by run_one_until.
class WsClient {
public:
    static constexpr std::chrono::seconds kDeadline{10};

    explicit WsClient(WsListener& listener);  // the listener outlives this
    ~WsClient();
    WsClient(const WsClient&) = delete;
    WsClient& operator=(const WsClient&) = delete;

    /// Precondition: not connected.
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
    class Connection;

    void closed(std::uint16_t code, std::string_view why);

    WsListener& listener_;
    std::unique_ptr<Loop> loop_;
    std::shared_ptr<Connection> connection_;
};

}  // namespace tickgate::client
