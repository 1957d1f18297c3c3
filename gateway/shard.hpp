#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/operations.hpp"
#include "gateway/shard_queue.hpp"
#include "gateway/shard_state.hpp"

namespace tickgate::gateway {

/// Takes the book agent's answers to HTTP queries.
class HttpAnswers {
public:
    virtual ~HttpAnswers() = default;
    /// `body`: empty when the symbol is not ready. `etag`: "epoch/seq" without quotes.
    virtual void on_http_answer(std::uint32_t query, std::string_view etag, std::string_view body) = 0;
};

/// What the clients of one thread are sent and ask for. A turn reads what they sent, takes what the book agent has
/// sent, and writes to each session all it is due at once. A session whose socket is full gets nothing more and is not
/// read until it has drained; then it is brought to where its streams are by one message each. Thread: one; tests turn
/// it by hand.
class Shard final : private SessionHandler {
public:
    /// The queues and the admission outlive the shard.
    Shard(ShardOptions options, ShardQueue& in, CommandQueue& out, Admission& admission,
          std::unique_ptr<SocketWriter> writer);
    ~Shard() override;
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// A client that is not admitted is told so and sent away.
    void add_session(UpgradedClient client, book::UnixNanos now);
    /// Whom answers to queries go to; must outlive the shard's last turn.
    void set_http_answers(HttpAnswers* answers) noexcept { http_answers_ = answers; }

    /// One turn; never blocks. Returns how much was done.
    int do_work(book::UnixNanos now);

    /// Becomes readable when a socket has something, or is ready again.
    [[nodiscard]] int descriptor() const noexcept { return transport_.descriptor(); }
    /// Something is to be done without anything coming in.
    [[nodiscard]] bool has_work() const noexcept { return !in_.empty() || transport_.has_work(); }
    /// Commands were handed to the book agent since the last call.
    [[nodiscard]] bool take_commanded() noexcept { return state_.take_commanded(); }

    /// Tells every client to come back later, each after a delay of its own, and closes with 1012.
    void start_drain(book::UnixNanos now);
    /// Sessions that are not gone yet.
    [[nodiscard]] std::size_t open_sessions() const noexcept { return transport_.open_sessions(); }

    [[nodiscard]] ShardState& state() noexcept { return state_; }
    [[nodiscard]] const ShardState& state() const noexcept { return state_; }
    [[nodiscard]] const SessionTransport& transport() const noexcept { return transport_; }
    [[nodiscard]] const ShardMetrics& metrics() const noexcept { return state_.metrics; }
    [[nodiscard]] bool writes_by_io_uring() const noexcept {
        return transport_.writer().backend() == IoBackend::IoUring;
    }
    /// System calls that writes took.
    [[nodiscard]] std::uint64_t write_calls() const noexcept { return transport_.writer().system_calls(); }

private:
    // What the transport tells.
    void on_open(SessionIndex session) override;
    void on_refused(SessionIndex session, ErrorCode why) override;
    void on_text(SessionIndex session, std::string_view message) override;
    void on_binary(SessionIndex session, std::string_view message) override;
    void on_violation(SessionIndex session, CloseCode code, std::string_view reason) override;
    void on_closing(SessionIndex session) override;
    void on_missed(SessionIndex session, TurnOutput::Entry message) override;
    void on_blocked(SessionIndex session) override;
    void on_drained(SessionIndex session) override;
    void on_behind(SessionIndex session) override { note_catching_up(session); }
    void on_slow(SessionIndex session) override;
    void append_heartbeat(std::string& text) override;
    void on_shrunk(std::size_t places) override;
    void close_with(SessionIndex session, ErrorCode why);

    // What the book agent sends.
    int take_records();
    void on_record(const ShardRecord& record);
    void on_due(const ShardRecord& record);
    void on_answer(const ShardRecord& record);
    void bring_in_step(const ShardRecord& record, ShardStream& stream, SubscriptionIndex subscription,
                       TurnOutput::FrameIndex frame);
    void tell_caught_up(const ShardRecord& record, SubscriptionIndex subscription);
    void on_status(const ShardRecord& record);
    void on_http_answer(const ShardRecord& record);

    // Sessions behind.
    void bring_on();
    [[nodiscard]] bool ask_for(SessionIndex session);
    void tell_missed_states(SessionIndex session);
    void note_catching_up(SessionIndex session);
    /// When subscriptions began to wait.
    [[nodiscard]] std::uint32_t turn_ms() const noexcept { return static_cast<std::uint32_t>(transport_.now_ms()); }

    ShardState state_;
    SessionTransport& transport_;  // of the state
    ShardQueue& in_;
    Operations operations_;
    HttpAnswers* http_answers_ = nullptr;
    std::vector<SessionIndex> catching_up_;
    std::vector<TurnOutput::FrameIndex> caught_up_;  // of this turn: those that end a lag; rising
};

}  // namespace tickgate::gateway
