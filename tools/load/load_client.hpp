#pragma once

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/load/book_checker.hpp"
#include "tools/load/connect_queue.hpp"
#include "tools/load/connection.hpp"
#include "tools/load/histogram.hpp"
#include "tools/load/message_head.hpp"
#include "tools/load/tally.hpp"
#include "tools/load/workload.hpp"

namespace tickgate::load {

/// The epochs that were heard of, as small numbers, so that a client need not keep the text.
class Epochs {
public:
    [[nodiscard]] std::uint32_t number_of(std::string_view epoch);
    [[nodiscard]] const std::string& text_of(std::uint32_t number) const noexcept { return texts_[number]; }

private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<std::string> texts_{""};  // 0: none
};

/// A request that was refused for now.
struct Retry {
    Clock::time_point due;
    std::uint32_t client;
    std::uint64_t id;
};

/// What all clients of a run share and write to.
struct LoadContext {
    LoadContext(const Workload& of, Wires& over, ConnectQueue& queue, std::function<void(std::string_view)> person)
        : workload{of},
          wires{over},
          connects{queue},
          remark{std::move(person)} {}

    const Workload& workload;
    Wires& wires;
    ConnectQueue& connects;
    std::function<void(std::string_view)> remark;  ///< for a person
    Tally tally;
    Histogram latency;       ///< microseconds; of ticks only
    bool measuring = false;  ///< latencies are recorded
    Epochs epochs;
    std::map<std::uint16_t, std::uint64_t> close_codes;
    std::vector<Retry> retries;
    std::size_t settled = 0;            ///< clients that have what they asked for
    std::size_t given_up = 0;           ///< clients that were refused for good
    std::uint64_t subscriptions = 0;    ///< granted on the present connections
    std::uint64_t without_data = 0;     ///< of those, without any message yet
    std::uint64_t last_first_data = 0;  ///< when a subscription last got its first message; microseconds, wall clock
    std::size_t symbols_per_op = 200;   ///< as the welcome says
    simdjson::dom::parser parser;
};

/// How one client behaves.
struct ClientRole {
    bool slow = false;       ///< once it is in step it reads only when told to
    int receive_buffer = 0;  ///< bytes; 0: the kernel's choice
    bool verifies_books = false;
};

/// Where a client stands in one stream.
struct HeldPosition {
    std::uint32_t sid;
    std::uint32_t epoch;
    std::uint64_t seq;
    friend auto operator<=>(const HeldPosition&, const HeldPosition&) = default;
};

/// One client of the load: subscribes, checks that every message continues the one before, asks for a snapshot where
/// one does not, and resumes after a reconnect. It keeps positions, not books, unless its role is to verify them.
class LoadClient final : private ConnectionListener {
public:
    LoadClient(LoadContext& context, std::uint32_t number, const ClientRole& role);

    /// Precondition: not connected. Subscribes by itself, with the positions held at break_off().
    void connect();
    void on_ready(std::uint32_t events) { connection_.on_ready(events); }
    /// A slow reader's next bytes.
    void read_slowly(std::size_t bytes) { connection_.read(bytes); }
    /// Keeps the server from taking a slow reader for dead, whose pings it answers late.
    void say_alive() { connection_.send_pong(); }
    /// Sends a request again that was refused for now.
    void retry(std::uint64_t id);
    /// Disconnects without a word and keeps the positions.
    void break_off();

    [[nodiscard]] bool is_open() const noexcept { return connection_.is_open(); }
    [[nodiscard]] bool is_slow() const noexcept { return role_.slow; }
    /// Everything asked for was answered, and every book that needs a snapshot has it.
    [[nodiscard]] bool is_settled() const noexcept { return welcomed_ && unsettled_ == 0; }
    /// Data messages since the last reset.
    [[nodiscard]] std::uint64_t deliveries() const noexcept { return deliveries_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// What the socket brought for that and everything else.
    [[nodiscard]] std::uint64_t wire_bytes() const noexcept { return connection_.wire_bytes(); }
    void reset_deliveries() noexcept {
        deliveries_ = bytes_ = 0;
        connection_.reset_wire_bytes();
    }
    void append_positions(std::vector<HeldPosition>& out) const;

private:
    enum class State : std::uint8_t {
        Nothing,   // no position
        Awaiting,  // a snapshot is to come
        Held,
        Healing,  // a chain broke: a snapshot was asked for
    };
    struct Subscription {
        std::uint64_t seq = 0;
        std::uint32_t sid = 0;
        std::uint32_t epoch = 0;
        std::uint32_t depth = 0;
        State state = State::Nothing;
        bool has_data = false;  // on this connection
    };
    using Element = simdjson::dom::element;

    void on_secured(bool resumed) override;
    void on_open() override;
    void on_text(std::string_view text, std::uint64_t received) override;
    void on_refused(std::string_view why, Refusal refusal) override;
    void on_close(std::uint16_t code) override;

    void on_data(const MessageHead& head, std::string_view text, std::uint64_t received);
    void on_first_data(Subscription& subscription, std::uint64_t received) noexcept;
    void on_snapshot(Subscription& subscription, const MessageHead& head, std::string_view text);
    void on_delta(Subscription& subscription, const MessageHead& head, std::string_view text);
    void on_bbo(Subscription& subscription, const MessageHead& head);
    void on_trades(Subscription& subscription, const MessageHead& head);
    void on_control(MessageType type, std::string_view text);
    void on_welcome(const Element& message);
    void on_ack(const Element& message);
    void on_granted(const Element& granted);
    void on_error(const Element& message);
    void on_gap(const Element& message);

    void subscribe(std::size_t chunk);
    [[nodiscard]] std::string resume_position(std::size_t index) const;
    void verify(Subscription& subscription, std::string_view text);
    void heal(Subscription& subscription);
    void settle_one();
    void leave();
    [[nodiscard]] Subscription* find(std::uint64_t sid) noexcept;
    [[nodiscard]] std::size_t index_of(const Subscription& subscription) const noexcept;

    LoadContext& context_;
    Connection connection_;
    std::span<const std::uint32_t> symbols_;
    std::vector<Subscription> subscriptions_;                      // one for each symbol, in its order
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_sid_;  // sid and index, sorted
    std::unique_ptr<BookChecker> checker_;
    std::uint64_t deliveries_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint32_t number_;
    std::uint32_t unsettled_ = 0;  // answers and snapshots to come
    ClientRole role_;
    bool welcomed_ = false;
};

}  // namespace tickgate::load
