#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "book/event_queue.hpp"
#include "book/instrument.hpp"
#include "feeds/event_outbox.hpp"
#include "feeds/feed.hpp"
#include "feeds/synthetic_book.hpp"
#include "feeds/synthetic_options.hpp"

namespace tickgate::feeds {

/// A built-in venue of random walks, SYN:S0, SYN:S1, ..., for demos and load tests. It runs on the wall clock in ticks
/// at multiples of the options' tick, each updating the next symbols, round robin, as the rate asks. A tick that comes
/// too late, because the feed was not turned or the queue was full, is dropped and not made up for. Without a rate,
/// each tick updates every symbol once and is made when the event queue is empty. A symbol's prices depend on the
/// seed and its number only. A Tick event comes at multiples of kClockStep, the latest one where several went by.
class SyntheticFeed final : public Feed {
public:
    /// The greatest step that is in every offered rate.
    static constexpr std::chrono::milliseconds kClockStep{50};

    /// Lists its symbols in `registry`; `queue` outlives this.
    SyntheticFeed(book::FeedId id, const SyntheticOptions& options, book::InstrumentRegistry& registry,
                  book::EventQueue& queue);

    int do_work(book::UnixNanos now) override;
    [[nodiscard]] std::optional<book::UnixNanos> next_due() const override;
    /// All snapshots are in the queue and all symbols live.
    [[nodiscard]] bool ready() const override { return ready_; }

    [[nodiscard]] std::uint64_t dropped_ticks() const noexcept { return dropped_ticks_; }

private:
    static constexpr std::size_t kSnapshotsPerTurn = 64;
    static constexpr std::uint64_t kUpdatesPerTurn = 1'024;
    static constexpr std::size_t kEventsPerPush = 1'024;

    [[nodiscard]] int open_books(book::UnixNanos now);
    void tick_clock(book::UnixNanos now);
    void begin_tick(book::UnixNanos now);
    [[nodiscard]] int write_updates(book::UnixNanos now);

    book::FeedId id_;
    SyntheticOptions options_;
    const book::EventQueue* queue_;
    EventOutbox outbox_;

    std::vector<const book::Instrument*> instruments_;
    std::vector<SyntheticBook> books_;
    std::size_t opened_ = 0;  // books whose snapshot was written
    bool ready_ = false;

    book::UnixNanos next_clock_ = book::kNoTime;
    book::UnixNanos tick_ = book::kNoTime;  // the one being written
    book::UnixNanos next_tick_ = book::kNoTime;
    std::uint64_t credit_ = 0;       // thousandths of an update that ticks have left over
    std::uint64_t due_updates_ = 0;  // of the tick being written
    std::size_t next_book_ = 0;
    std::uint64_t dropped_ticks_ = 0;
};

}  // namespace tickgate::feeds
