#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "book/event.hpp"
#include "book/order_book.hpp"
#include "book/touch_check.hpp"
#include "book/trade_tape.hpp"

namespace tickgate::book {

/// A symbol's state with its reason, since when, and how many changes there were: its position on the status channel.
struct Status {
    SymbolState state = SymbolState::Starting;
    StateReason reason = StateReason::None;
    UnixNanos since = kNoTime;
    std::uint32_t changes = 0;
};

/// What one run of events did to a symbol.
struct Applied {
    enum class Kind : std::uint8_t {
        Nothing,   ///< an unfinished batch, one that continues a book of a wrong checksum, or a ticker
        Batch,     ///< a book batch was applied: sequence() rose by one
        Trade,     ///< one trade was added to the tape
        Status,    ///< the state changed
        Rescaled,  ///< scales rose; if `new_epoch`, sequence() too
    };
    Kind kind = Kind::Nothing;
    bool snapshot = false;               ///< Batch: it was a venue's snapshot
    bool new_epoch = false;              ///< Rescaled
    bool status_changed = false;         ///< Batch: by what the book is now
    bool checksum_ok = false;            ///< Batch: the venue sent its checksum, and it is ours
    bool checksum_failed = false;        ///< Batch: it is not ours, so the book is not to be believed
    std::uint32_t changes = 0;           ///< Batch: levels that really changed
    std::uint32_t touch_mismatches = 0;  ///< comparisons with the venue's own touch that failed
};

/// One symbol: book, trades, state, and the assembling of its events into batches. Its content is a pure function of
/// the events applied. Thread: the book agent's.
class SymbolBook {
public:
    explicit SymbolBook(const Instrument& instrument, std::size_t log_capacity = OrderBook::kDefaultLog,
                        std::size_t tape_capacity = TradeTape::kDefaultCapacity);

    /// Applies the next events of this symbol. After a batch whose checksum fails the symbol is resyncing, and what
    /// continues it is dropped, until the next Clear. `run`: exactly one Trade, Status, Scale, or a run of Clear/Level
    /// or Touch events. A run without kLast at its end is held until the rest comes; one that is broken off by another
    /// batch's Clear is dropped whole.
    Applied apply(std::span<const Event> run);

    [[nodiscard]] const Instrument& instrument() const noexcept { return *instrument_; }
    [[nodiscard]] Scales scales() const noexcept { return scales_; }
    [[nodiscard]] const OrderBook& book() const noexcept { return book_; }
    [[nodiscard]] const TradeTape& trades() const noexcept { return trades_; }
    [[nodiscard]] const Status& status() const noexcept { return status_; }
    [[nodiscard]] const TouchCheck& touch_check() const noexcept { return touch_check_; }
    /// Decides the touch comparisons that still wait; returns how many failed. For the end of a recording.
    std::uint64_t finish_touch_check() { return touch_check_.finish(); }

    /// How often the epoch changed since the process started.
    [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
    /// The venue's checksums that were verified.
    [[nodiscard]] std::uint64_t checksums_ok() const noexcept { return checksums_ok_; }
    [[nodiscard]] std::uint64_t checksums_failed() const noexcept { return checksums_failed_; }
    /// Batches that were broken off and dropped.
    [[nodiscard]] std::uint64_t dropped_batches() const noexcept { return dropped_batches_; }

    /// Of the newest applied batch.
    [[nodiscard]] const VenueId& venue_id() const noexcept { return venue_id_; }
    [[nodiscard]] UnixNanos venue_time() const noexcept { return venue_time_; }
    [[nodiscard]] UnixNanos receive_time() const noexcept { return receive_time_; }

private:
    Applied apply_when_complete(std::span<const Event> run);
    Applied apply_batch(std::span<const Event> batch);
    Applied apply_touch(std::span<const Event> ticker);
    Applied apply_scale(const Event& event);
    Applied on_status(const Event& event);
    Applied apply_status(SymbolState state, StateReason reason, UnixNanos since);
    /// Puts a batch's levels into bids_ and asks_.
    void sort_out(std::span<const Event> levels);
    std::uint32_t apply_changes(std::span<const Event> batch);
    std::uint32_t apply_snapshot(std::span<const Event> batch);
    [[nodiscard]] Touch touch() const;
    void verify_checksum(const Event& last, Applied& applied);
    /// A book of a wrong checksum is replaced.
    void trust_again(UnixNanos now, Applied& applied);
    /// Keeps the reason `OutsideSnapshot` true; returns whether it changed.
    bool update_reason(bool snapshot, UnixNanos now);
    [[nodiscard]] bool outside_snapshot() const;

    const Instrument* instrument_;  // outlives this: the registry's
    Scales scales_;
    OrderBook book_;
    TradeTape trades_;
    TouchCheck touch_check_;
    bool has_tickers_ = false;
    Status status_;
    std::uint32_t epoch_ = 0;
    std::uint64_t dropped_batches_ = 0;
    std::size_t max_depth_ = 0;     // that the venue keeps the book up to; 0: all
    bool failed_checksum_ = false;  // the book is wrong until the next snapshot
    std::uint64_t checksums_ok_ = 0;
    std::uint64_t checksums_failed_ = 0;
    VenueId venue_id_;
    UnixNanos venue_time_ = kNoTime;
    UnixNanos receive_time_ = kNoTime;

    // The range that a partial snapshot covered, until the touch leaves it.
    std::optional<Price> lowest_covered_;
    std::optional<Price> highest_covered_;

    std::vector<Event> pending_;     // an unfinished batch
    std::vector<LevelChange> bids_;  // scratch: a batch's levels
    std::vector<LevelChange> asks_;
};

}  // namespace tickgate::book
