#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/operations.hpp"
#include "gateway/shard_queue.hpp"
#include "gateway/shard_state.hpp"
#include "gateway/socket_writer.hpp"
#include "gateway/upgraded_client.hpp"

namespace tickgate::gateway {

/// Takes the book agent's answers to HTTP queries.
class HttpAnswers {
public:
    virtual ~HttpAnswers() = default;
    /// `body`: empty when the symbol is not ready. `etag`: "epoch/seq" without quotes.
    virtual void on_http_answer(std::uint32_t query, std::string_view etag, std::string_view body) = 0;
};

/// The WebSocket sessions of one thread. A turn reads what clients sent, takes what the book agent has sent, and writes
/// to each session all it is due at once. Its sockets are in an epoll set of its own, `descriptor()`, which whoever
/// waits for it watches. A session whose socket is full gets nothing more and is not read until it has drained; then it
/// is brought to where its streams are by one message each. Thread: one; tests turn it by hand.
class Shard {
public:
    /// The queues and the admission outlive the shard.
    Shard(ShardOptions options, ShardQueue& in, CommandQueue& out, Admission& admission,
          std::unique_ptr<SocketWriter> writer);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// A client that is not admitted is told so and sent away.
    void add_session(UpgradedClient client, book::UnixNanos now);
    /// Whom answers to queries go to; must outlive the shard's last turn.
    void set_http_answers(HttpAnswers* answers) noexcept { http_answers_ = answers; }

    /// One turn; never blocks. Returns how much was done.
    int do_work(book::UnixNanos now);

    /// Becomes readable when a socket has something, or is ready again.
    [[nodiscard]] int descriptor() const noexcept { return epoll_; }
    /// Something is to be done without anything coming in.
    [[nodiscard]] bool has_work() const noexcept;
    /// Commands were handed to the book agent since the last call.
    [[nodiscard]] bool take_commanded() noexcept { return state_.take_commanded(); }

    /// Tells every client to come back later, each after a delay of its own, and closes with 1012.
    void start_drain(book::UnixNanos now);
    /// Sessions that are not gone yet.
    [[nodiscard]] std::size_t open_sessions() const noexcept { return open_sessions_; }

    [[nodiscard]] ShardState& state() noexcept { return state_; }
    [[nodiscard]] const ShardState& state() const noexcept { return state_; }
    [[nodiscard]] const ShardMetrics& metrics() const noexcept { return state_.metrics; }
    [[nodiscard]] bool writes_by_io_uring() const noexcept { return writer_->backend() == IoBackend::IoUring; }
    /// System calls that writes took.
    [[nodiscard]] std::uint64_t write_calls() const noexcept { return writer_->system_calls(); }

private:
    // What comes in.
    int poll_sockets();
    void read(SessionIndex session);
    void take_input(SessionIndex session, std::span<char> input);
    [[nodiscard]] bool take_frame(SessionIndex session, const ClientFrame& frame);
    int resume_reading();
    void note_unread(SessionIndex session);

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

    // Sessions behind, and time.
    void bring_on();
    [[nodiscard]] bool ask_for(SessionIndex session);
    void tell_missed_states(SessionIndex session);
    void note_catching_up(SessionIndex session);
    void run_timers();
    void check_session(SessionIndex session);

    // What goes out.
    void add_heartbeats();
    [[nodiscard]] bool is_riding_alone(const TurnGroup& group) const noexcept;
    void deliver();
    std::size_t write_some(std::span<TurnGroup> groups, std::size_t next);
    void on_written(const TurnGroup& group, std::int32_t result);
    void keep_rest(const TurnGroup& group, std::size_t accepted);
    void miss(const TurnGroup& group, std::uint32_t first, std::string* kept);
    void drain(SessionIndex session);
    void unblock(SessionIndex session);

    // The end of a session.
    void turn_away(SessionIndex session, ErrorCode why);
    void close_with(SessionIndex session, std::uint16_t code, std::string_view reason);
    void begin_closing(SessionIndex session);
    void end(SessionIndex session, std::uint16_t code);
    void watch(SessionIndex session);
    void free_sessions();
    void give_memory_back();

    ShardState state_;
    ShardQueue& in_;
    Admission& admission_;
    std::unique_ptr<SocketWriter> writer_;
    Operations operations_;
    HttpAnswers* http_answers_ = nullptr;
    int epoll_;
    std::unique_ptr<char[]> read_buffer_;
    std::size_t open_sessions_ = 0;
    std::size_t come_and_gone_ = 0;  // sessions, since memory was given back
    std::uint64_t last_come_or_gone_ms_ = 0;
    std::vector<SessionIndex> free_;    // may be used again
    std::vector<SessionIndex> ended_;   // free once the turn is over
    std::vector<SessionIndex> unread_;  // have input that was kept and can be read now
    std::vector<SessionIndex> catching_up_;
    std::vector<SessionIndex> closing_;
    SessionIndex first_in_turn_ = 0;  // moves on each turn, so that nobody is always last
    std::uint64_t next_slot_ms_ = 0;
    std::uint32_t next_slot_ = 0;
    /// A heartbeat rides with what its session is due anyway; in the end it goes alone.
    struct DueHeartbeat {
        SessionIndex session;
        std::uint64_t alone_at_ms;
    };
    std::vector<DueHeartbeat> heartbeats_;                // the longest due first
    TurnOutput::FrameIndex riding_heartbeat_ = kNoIndex;  // of this turn
    std::string heartbeat_;                               // scratch
    std::vector<TurnOutput::FrameIndex> caught_up_;       // of this turn: those that end a lag; rising
};

}  // namespace tickgate::gateway
