#pragma once

#include <deque>
#include <vector>

#include "feeds/binance/messages.hpp"
#include "feeds/binance/sequence.hpp"
#include "feeds/symbol_normalizer.hpp"

namespace tickgate::feeds::binance {

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

/// One symbol between decoder and book: joins depth events to a snapshot, and has written what may be believed. The
/// ids of batches are update ids: the snapshot's, the event's last. Thread: the feed's.
class SymbolSession {
public:
    /// `instrument` and `counters` outlive this.
    SymbolSession(const book::Instrument& instrument, ChainRule rule, bool from_empty, VenueCounters& counters);

    using Events = std::vector<book::Event>;

    /// One of the following came: before its own function.
    void on_any_message(book::UnixNanos receive_time, Events& out) { normalizer_.on_message(receive_time, out); }
    void on_depth(const UpdateRange& ids, const LevelBatch& batch, Events& out);
    /// A snapshot that is older than the book is of no use; one that the events waiting since do not continue is a gap.
    void on_snapshot(const LevelBatch& batch, Events& out);
    void on_trade(const feeds::Trade& trade, book::UnixNanos receive_time, Events& out);
    void on_ticker(const Ticker& ticker, book::UnixNanos receive_time, Events& out);
    /// Something of this symbol could not be read: it may have been a depth event.
    void on_bad_message(book::UnixNanos receive_time, Events& out);

    void on_time(book::UnixNanos now, Events& out) { normalizer_.on_time(now, out); }

    /// Joins anew, without a word to clients; scales stay.
    void restart();

private:
    void apply_waiting(Events& out);
    /// The chain starts again with the next snapshot, or from empty.
    void restart_sequence();
    void keep(const UpdateRange& ids, const LevelBatch& batch);

    DepthSequence sequence_;
    SymbolNormalizer normalizer_;
    bool from_empty_;
    VenueCounters* counters_;
    std::deque<StoredBatch> waiting_;  // depth events without a snapshot
};

}  // namespace tickgate::feeds::binance
