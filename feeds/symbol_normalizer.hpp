#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "book/event.hpp"
#include "book/instrument.hpp"
#include "feeds/market_data.hpp"
#include "feeds/silence.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds {

/// Which digits of its levels raise a symbol's scales.
enum class Digits : std::uint8_t {
    Significant,  ///< zeros at the end do not
    AsWritten,    ///< every one: the venue writes a fixed number of them, and its checksum is of that text
};

/// The end of any venue's joining: turns what continues one symbol's book, its trades and tickers into normalised
/// events, whole batches only. Keeps the symbol's scales and state. In the order in which they are written: Scale,
/// Status live, the batch. A message whose digits cannot be had without losing the book is a bad one: it leaves nothing
/// behind but the resync. Thread: the feed's.
class SymbolNormalizer {
public:
    using Events = std::vector<book::Event>;

    /// `instrument` and `counters` outlive this. `from_empty`: SessionOptions.
    SymbolNormalizer(const book::Instrument& instrument, Digits digits, bool from_empty, VenueCounters& counters);

    /// A message of the symbol came: before what it says. Ends `stale`. Candles and the like are none: a book that
    /// nothing else comes for is not to be trusted.
    void on_message(book::UnixNanos receive_time, Events& out);

    /// True while the book may be believed: since a snapshot, and until resync().
    [[nodiscard]] bool joined() const noexcept { return joined_; }

    /// The whole book; ignored where books start from empty. Levels may come in any order, a price once only.
    /// These four return false when it was a bad message: it was counted, and the symbol resyncs.
    bool on_snapshot(const LevelBatch& batch, Events& out);
    /// What changed since the batch before: the caller knows that it continues it. Ignored unless joined(); where books
    /// start from empty, it is the whole book then.
    bool on_delta(const LevelBatch& batch, Events& out);
    /// In every state.
    bool on_trade(const Trade& trade, book::UnixNanos receive_time, Events& out);
    /// In every state: tickers come ahead of the batches that they check, so also ahead of the snapshot.
    bool on_ticker(const Ticker& ticker, book::UnixNanos receive_time, Events& out);

    /// The chain is broken: counted, and resyncing.
    void on_gap(book::UnixNanos receive_time, Events& out);
    /// The book is not to be believed until the next snapshot.
    void resync(book::StateReason reason, book::UnixNanos receive_time, Events& out);
    /// Turns `stale` when the symbol is missed.
    void on_time(book::UnixNanos now, Events& out);
    /// The stream of messages starts anew: as resync(), without a word to clients; scales stay.
    void restart() noexcept { joined_ = false; }

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
    /// Undoes a message that did not fit.
    bool on_misfit(const Mark& before, book::UnixNanos receive_time, Events& out);

    void announce(book::SymbolState state, book::StateReason reason, book::UnixNanos receive_time, Events& out);
    bool apply(BatchKind kind, const LevelBatch& batch, Events& out);
    [[nodiscard]] bool write_batch(BatchKind kind, const LevelBatch& batch, Events& out);
    /// One event for each level, alike but for price and quantity. False when one does not fit the scales.
    [[nodiscard]] bool write_levels(const book::Event& like, std::span<const PriceLevel> levels, Events& out);
    [[nodiscard]] bool write_level(const book::Event& like, const PriceLevel& level, Events& out);
    /// False when they are not possible: too many digits, or what was written before would not fit.
    [[nodiscard]] bool write_scales(book::Scales scales, book::UnixNanos receive_time, Events& out);

    book::InstrumentId instrument_;
    book::Scales scales_;
    Largest largest_;
    Digits digits_;
    bool from_empty_;
    bool joined_ = false;
    book::SymbolState announced_ = book::SymbolState::Starting;
    VenueCounters* counters_;
    Silence silence_;
};

}  // namespace tickgate::feeds
