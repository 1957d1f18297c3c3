#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/client/held_book.hpp"

namespace simdjson::dom {
class element;
class parser;
}  // namespace simdjson::dom

namespace tickgate::client {

using Clock = std::chrono::steady_clock;

/// What a client wants to hold: one channel of some symbols (names or wildcards).
struct Request {
    std::string channel = "book";  ///< book, bbo or trades
    std::vector<std::string> symbols;
    std::optional<std::uint64_t> depth;    ///< the server's default where absent
    std::optional<std::uint64_t> rate_ms;  ///< likewise
};

/// What was received and what was wrong with it, over all connections.
struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t deltas = 0;
    std::uint64_t resumed = 0;
    std::uint64_t resume_expired = 0;
    std::uint64_t prev_breaks = 0;
    std::uint64_t ck_failures = 0;
    std::uint64_t reconnects = 0;  ///< welcomes after the first
    std::uint64_t lags = 0;
    std::uint64_t gaps = 0;
    std::uint64_t errors = 0;
    std::uint64_t unreadable = 0;  ///< not a JSON object with a type
};

/// What the server's welcome states; the protocol's defaults until it has come.
struct ServerTerms {
    std::chrono::milliseconds heartbeat{5'000};
    std::chrono::milliseconds reconnect_base{500};
    std::chrono::milliseconds reconnect_max{15'000};
    std::size_t symbols_per_op = 200;
};

/// A subscription as an ack granted it.
struct Stream {
    std::string channel;
    std::string symbol;
    std::uint64_t depth = 0;
    std::uint64_t rate_ms = 0;
};

struct HeldTouch {
    std::uint64_t seq = 0;
    std::optional<HeldLevel> bid;  ///< nothing: the side is empty
    std::optional<HeldLevel> ask;
};

struct HeldTrade {
    std::string id;
    std::string price;
    std::string quantity;
    std::string side;  ///< the taker's
    std::optional<std::uint64_t> venue_micros;
};

struct HeldTrades {
    std::string epoch;
    std::optional<std::uint64_t> seq;  ///< nothing: no position, any message is taken as the start
    std::deque<HeldTrade> newest;      ///< at most BookMirror::kShownTrades, oldest first
};

/// What follows from a message: requests to send, in order, and remarks for a person.
struct Actions {
    std::vector<std::string> send;
    std::vector<std::string> remarks;
};

/// The client's rule of the protocol: holds what a subscription brings, verifies every `prev` and `ck`, asks for a
/// snapshot once where either fails, and resumes everything verified after a reconnect. No I/O and no clock.
/// Thread: one. Source: the protocol's "What a client does".
class BookMirror {
public:
    static constexpr std::size_t kShownTrades = 20;

    explicit BookMirror(Request request);
    ~BookMirror();

    /// One text message of the server. A welcome is answered with the subscriptions.
    void on_message(std::string_view text, Clock::time_point now, Actions& out);
    /// Asks again for what was refused for now, once its time has come.
    void do_work(Clock::time_point now, Actions& out);
    /// When do_work has something to do; nothing: not before another message.
    [[nodiscard]] std::optional<Clock::time_point> next_due() const;
    /// The connection is gone: what was verified is kept, to be resumed.
    void on_close();

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const ServerTerms& terms() const noexcept { return terms_; }
    /// The delay before reconnecting that the server gave on this connection.
    [[nodiscard]] std::optional<std::chrono::milliseconds> given_delay() const noexcept { return given_delay_; }
    /// Welcomes received.
    [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }
    /// The server refused the whole request for good.
    [[nodiscard]] bool refused() const noexcept { return refused_; }

    /// What is held on this connection, by sid.
    [[nodiscard]] const std::map<std::uint64_t, Stream>& streams() const noexcept { return streams_; }
    [[nodiscard]] const HeldBook* book(std::uint64_t sid) const;
    [[nodiscard]] const HeldTouch* touch(std::uint64_t sid) const;
    [[nodiscard]] const HeldTrades* trades(std::uint64_t sid) const;
    /// A symbol's state; empty while the server has said nothing of it.
    [[nodiscard]] std::string_view state(const std::string& symbol) const;

private:
    using Element = simdjson::dom::element;

    /// A request not yet answered: a subscription to `symbols`, or a resync of `sid`.
    struct Asked {
        std::vector<std::string> symbols;
        std::optional<std::uint64_t> sid;
    };
    struct Retry {
        Clock::time_point due;
        Asked asked;
    };

    void dispatch(const Element& message, std::string_view type, Clock::time_point now, Actions& out);
    void on_welcome(const Element& message, Actions& out);
    void on_ack(const Element& message, Actions& out);
    void on_granted(const Element& granted);
    void on_error(const Element& message, Clock::time_point now, Actions& out);
    void on_snapshot(const Element& message, Actions& out);
    void on_delta(const Element& message, Actions& out);
    void on_bbo(const Element& message);
    void on_trades(const Element& message, Actions& out);
    void on_gap(const Element& message);
    void on_status(const Element& message);

    void subscribe_all(Actions& out);
    void subscribe(std::vector<std::string> symbols, Actions& out);
    [[nodiscard]] std::string resume_positions(const std::vector<std::string>& symbols) const;
    void move_stream(std::uint64_t from, std::uint64_t to, std::uint64_t depth);
    void resume(std::uint64_t sid, const std::string& symbol, std::uint64_t depth);
    void forget_saved(const std::string& symbol);
    void verify(std::uint64_t sid, HeldBook& book, bool readable, const Element& message, Actions& out);
    void heal(std::uint64_t sid, HeldBook& book, Actions& out);
    void ask_resync(std::uint64_t sid, Actions& out);

    Request request_;
    std::unique_ptr<simdjson::dom::parser> parser_;
    Counters counters_;
    ServerTerms terms_;
    std::optional<std::chrono::milliseconds> given_delay_;
    std::uint64_t connections_ = 0;
    bool refused_ = false;

    std::map<std::uint64_t, Stream> streams_;
    std::map<std::uint64_t, HeldBook> books_;
    std::map<std::uint64_t, HeldTouch> touches_;
    std::map<std::uint64_t, HeldTrades> trades_;
    std::map<std::string, std::string> states_;

    // Of the last connection, by symbol, until an ack says what became of them.
    std::map<std::string, HeldBook> saved_books_;
    std::map<std::string, HeldTrades> saved_trades_;

    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Asked> asked_;
    std::vector<Retry> retries_;
};

}  // namespace tickgate::client
