#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "book/event.hpp"
#include "book/instrument.hpp"
#include "feeds/binance/messages.hpp"
#include "feeds/binance/sequence.hpp"
#include "feeds/silence.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds::binance {

/// A message's levels with what is said of all of them. A view.
struct LevelBatch {
    std::uint64_t id = 0;
    book::UnixNanos venue_time = book::kNoTime;
    book::UnixNanos receive_time = book::kNoTime;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

/// A depth event or snapshot put aside: it owns its levels.
struct StoredBatch {
    explicit StoredBatch(const LevelBatch& batch, const UpdateRange& update_ids = {});
    [[nodiscard]] LevelBatch view() const noexcept;

    UpdateRange ids;

private:
    LevelBatch header_;
    std::vector<PriceLevel> levels_;  // bids, then asks
    std::size_t bid_count_;
};

/// Digits after the point that a scale may have. Binance writes at most 8, and amounts up to 922 million fit.
inline constexpr std::uint8_t kMostDigits = 10;

/// One symbol between decoder and book: joins depth events to a snapshot, keeps the symbol's scales, and writes the
/// events that may be believed. In the order in which they are written: Scale, Status live, the batch. A message whose
/// digits cannot be had without losing the book is a bad one. Thread: the feed's.
class SymbolSession {
public:
    /// `instrument` and `counters` outlive this.
    SymbolSession(const book::Instrument& instrument, ChainRule rule, bool from_empty, VenueCounters& counters);

    using Events = std::vector<book::Event>;

    /// One of the following came: before its own function. Ends `stale`. Messages of other kinds, candles say, do not:
    /// a book that nothing else comes for is not to be trusted.
    void on_any_message(book::UnixNanos receive_time, Events& out);
    void on_depth(const UpdateRange& ids, const LevelBatch& batch, Events& out);
    /// A snapshot that is older than the book is of no use; one that the events waiting since do not continue is a gap.
    void on_snapshot(const LevelBatch& batch, Events& out);
    void on_trade(const Trade& trade, book::UnixNanos receive_time, Events& out);
    /// Written in every state: tickers come ahead of the depth events that they check, so also ahead of the snapshot.
    void on_ticker(const BookTicker& ticker, book::UnixNanos receive_time, Events& out);
    /// Something of this symbol could not be read: it may have been a depth event.
    void on_bad_message(book::UnixNanos receive_time, Events& out);

    /// Turns `stale` when it is missed.
    void on_time(book::UnixNanos now, Events& out);

    /// Joins anew, without a word to clients; scales stay.
    void restart();

private:
    enum class BatchKind : std::uint8_t { Snapshot, Delta };

    /// The largest amounts written, as mantissas at the present scales: a bound of what the book holds.
    struct Largest {
        std::int64_t price = 0;
        std::int64_t quantity = 0;
    };

    /// Undoes what was written since, when a message turns out not to fit.
    struct Mark {
        std::size_t written;
        book::Scales scales;
        Largest largest;
        book::SymbolState announced;
    };
    [[nodiscard]] Mark mark(const Events& out) const noexcept { return {out.size(), scales_, largest_, announced_}; }
    void undo(const Mark& mark, Events& out);

    void apply(BatchKind kind, const LevelBatch& batch, Events& out);
    void apply_waiting(Events& out);
    void on_gap(book::UnixNanos receive_time, Events& out);
    void keep(const UpdateRange& ids, const LevelBatch& batch);
    void announce(book::SymbolState state, book::StateReason reason, book::UnixNanos receive_time, Events& out);

    [[nodiscard]] bool write_batch(BatchKind kind, const LevelBatch& batch, Events& out);
    /// One event for each level, alike but for price and quantity. False when one does not fit the scales.
    [[nodiscard]] bool write_levels(const book::Event& like, std::span<const PriceLevel> levels, Events& out);
    [[nodiscard]] bool write_level(const book::Event& like, const PriceLevel& level, Events& out);
    void raise_scales(std::span<const PriceLevel> levels, book::Scales& scales) const noexcept;
    /// False when they are not possible: too many digits, or what was written before would not fit.
    [[nodiscard]] bool write_scales(book::Scales scales, book::UnixNanos receive_time, Events& out);

    book::InstrumentId instrument_;
    book::Scales scales_;
    Largest largest_;
    DepthSequence sequence_;
    bool from_empty_;
    VenueCounters* counters_;
    Silence silence_;
    book::SymbolState announced_ = book::SymbolState::Starting;
    std::deque<StoredBatch> waiting_;  // depth events without a snapshot
};

}  // namespace tickgate::feeds::binance
