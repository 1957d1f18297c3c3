#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "book/event_queue.hpp"
#include "book/symbol_book.hpp"
#include "gateway/command.hpp"
#include "gateway/log.hpp"
#include "gateway/metrics.hpp"
#include "gateway/shard_outputs.hpp"
#include "gateway/stream.hpp"

namespace tickgate::gateway {

/// The two queues between the book agent and one shard.
struct ShardPort {
    ShardQueue* out;   ///< agent to shard
    CommandQueue* in;  ///< shard to agent
};

struct BookAgentOptions {
    /// Names this run's numbering; followed by `.N` after a symbol's N-th scale change.
    std::string epoch;
    /// By FeedId: messages of its symbols are stamped with the recording's own time instead of the wall clock's.
    std::vector<bool> recorded_feeds;
    std::size_t departures_kept = book::OrderBook::kDefaultLog;
    std::size_t trades_kept = book::TradeTape::kDefaultCapacity;
};

/// Owns all books and streams: applies events in order, publishes what is due, answers the shards' commands in order.
/// Thread: the book thread, which turns do_work; tests turn it by hand.
class BookAgent {
public:
    BookAgent(BookAgentOptions options, book::EventQueue& events, const std::vector<ShardPort>& shards);
    ~BookAgent();
    BookAgent(const BookAgent&) = delete;
    BookAgent& operator=(const BookAgent&) = delete;

    /// One turn at wall-clock time `now`: never blocks, does a bounded piece of work, returns how much. 0: nothing to
    /// do, or a shard is so far behind that everything waits for it.
    int do_work(book::UnixNanos now);

    /// The shards that have something new in their queue since the last call.
    [[nodiscard]] ShardMask take_touched() noexcept { return outputs_.take_touched(); }
    /// Something is there to be done, now or once a shard has room again.
    [[nodiscard]] bool has_work() const;

    [[nodiscard]] const AgentMetrics& metrics() const noexcept { return metrics_; }
    /// nullptr when no such symbol was listed yet. Book thread only.
    [[nodiscard]] const book::SymbolBook* find(book::InstrumentId id) const noexcept;

private:
    struct Question;
    struct OwnedStream;
    struct Symbol;
    struct FeedClock;
    struct DueItem;

    // Events.
    int take_events();
    [[nodiscard]] std::size_t run_length() const noexcept;
    void on_tick(book::FeedId feed, book::UnixNanos time);
    void on_end(book::FeedId feed);
    void on_listed(const book::Instrument& instrument);
    void on_applied(Symbol& symbol, const book::Applied& applied, bool was_open);
    void on_status(Symbol& symbol, bool was_open);
    void on_wrong_checksum(Symbol& symbol, const book::Applied& applied);
    void open(Symbol& symbol);

    // What is due.
    void owe(OwnedStream& stream);
    void owe_all(Symbol& symbol);
    [[nodiscard]] bool finish_due();
    [[nodiscard]] bool publish(OwnedStream& stream);

    // Commands and questions.
    int take_commands();
    void carry_out(const Command& command, std::size_t shard);
    void join(const Command& command, std::size_t shard);
    [[nodiscard]] ResumeRefusal check_resume(const Command& command, OwnedStream& stream);
    void finish_op(const Command& command, std::size_t shard);
    void leave(std::uint32_t sid, std::size_t shard);
    void ask_by_sid(std::uint32_t sid, Position since, std::size_t shard);
    void list_as_asked(OwnedStream& stream);
    void ask(OwnedStream& stream, Position since, ShardMask shards);
    int answer_questions();
    [[nodiscard]] bool answer(OwnedStream& stream);
    [[nodiscard]] bool answer(OwnedStream& stream, const Question& question);
    void answer_afresh(OwnedStream& stream, const Question& question);
    [[nodiscard]] bool waits_in_vain(const OwnedStream& stream, const Question& question) const;
    void retry_ahead(OwnedStream& stream);
    void retry_all_ahead();
    void query_book(const Command& command, std::size_t shard);
    void query_trades(const Command& command, std::size_t shard);
    [[nodiscard]] std::size_t start_http(const Symbol& symbol, book::Sequence seq, std::size_t max_body);
    void send_http(const Command& command, std::size_t shard, std::string_view etag_and_body, std::size_t etag);

    [[nodiscard]] Symbol* symbol(book::InstrumentId id) noexcept;
    [[nodiscard]] FeedClock& clock(book::FeedId feed);
    [[nodiscard]] OwnedStream& stream_for(const StreamKey& key, Symbol& symbol);
    void broadcast_status(const Symbol& symbol);
    [[nodiscard]] book::UnixNanos sent_time(const Symbol& symbol);
    void report_mismatch(const Symbol& symbol, std::uint64_t mismatches);
    void settle_counters(OwnedStream& stream) noexcept;
    void count_state(const Symbol& symbol, book::SymbolState before) noexcept;

    BookAgentOptions options_;
    book::EventQueue& events_in_;
    std::vector<CommandQueue*> commands_in_;
    ShardOutputs outputs_;
    book::UnixNanos now_ = book::kNoTime;

    std::vector<std::unique_ptr<Symbol>> symbols_;                             // by InstrumentId
    std::vector<std::unique_ptr<FeedClock>> clocks_;                           // by FeedId
    std::unordered_map<std::uint32_t, std::unique_ptr<OwnedStream>> streams_;  // by sid
    std::uint32_t last_sid_ = 0;

    struct Joined {
        std::uint32_t sid;
        Position since;
    };
    std::vector<std::vector<Joined>> joined_;  // by shard: what the op being carried out has joined

    // Events taken from the queue and not yet applied.
    std::vector<book::Event> events_;
    std::size_t event_count_ = 0;
    std::size_t next_event_ = 0;

    std::vector<DueItem> due_;  // in order; what stands before next_due_ is done
    std::size_t next_due_ = 0;
    std::vector<OwnedStream*> asked_;          // have questions that can be answered
    std::vector<OwnedStream*> waiting_ahead_;  // have askers that are ahead of them
    std::string scratch_;
    log::Limited touch_log_{1};
    log::Limited checksum_log_{1};
    AgentMetrics metrics_;
};

}  // namespace tickgate::gateway
