#include "feeds/binance/symbol_session.hpp"

#include <algorithm>

namespace tickgate::feeds::binance {

// Four minutes of the busiest futures stream; a snapshot takes seconds. Beyond it the oldest go: a snapshot that
// would need them is then refused as too old.
constexpr std::size_t kMaxWaiting = 16'384;

StoredBatch::StoredBatch(const LevelBatch& batch, const UpdateRange& update_ids)
    : ids{update_ids},
      header_{batch},
      bid_count_{batch.bids.size()} {
    levels_.reserve(batch.bids.size() + batch.asks.size());
    levels_.insert(levels_.end(), batch.bids.begin(), batch.bids.end());
    levels_.insert(levels_.end(), batch.asks.begin(), batch.asks.end());
}

LevelBatch StoredBatch::view() const noexcept {
    const std::span<const PriceLevel> all{levels_};
    LevelBatch batch = header_;
    batch.bids = all.first(bid_count_);
    batch.asks = all.subspan(bid_count_);
    return batch;
}

SymbolSession::SymbolSession(const book::Instrument& instrument, ChainRule rule, bool from_empty,
                             VenueCounters& counters)
    : sequence_{rule},
      normalizer_{instrument, Digits::Significant, from_empty, counters},
      from_empty_{from_empty},
      counters_{&counters} {
    restart();
}

void SymbolSession::restart() {
    waiting_.clear();
    normalizer_.restart();
    restart_sequence();
}

void SymbolSession::restart_sequence() {
    sequence_.restart();
    if (from_empty_) sequence_.start_with_next();
}

void SymbolSession::on_depth(const UpdateRange& ids, const LevelBatch& batch, Events& out) {
    const bool was_joined = sequence_.joined();
    switch (sequence_.on_delta(ids)) {
        case DeltaAction::Skip:
            return;
        case DeltaAction::Buffer:
            keep(ids, batch);
            return;
        case DeltaAction::Gap:
            normalizer_.on_gap(batch.receive_time, out);
            if (!from_empty_) {
                keep(ids, batch);
                return;
            }
            sequence_.start_with_next();
            on_depth(ids, batch, out);
            return;
        case DeltaAction::Apply:
            // Only a book that starts from empty applies an event without being joined: the event is all there is.
            counters_->chain_ok += was_joined ? 1 : 0;
            if (!normalizer_.on_delta(batch, out)) restart_sequence();
    }
}

void SymbolSession::on_snapshot(const LevelBatch& batch, Events& out) {
    const std::uint64_t id = batch.id.number();
    const bool older = sequence_.joined() && id < sequence_.last_update_id();
    if (from_empty_ || older) return;
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const StoredBatch& delta) {
        return sequence_.first_after(id, delta.ids) != DeltaAction::Skip;
    });
    waiting_.erase(waiting_.begin(), next);
    if (!waiting_.empty() && sequence_.first_after(id, waiting_.front().ids) == DeltaAction::Gap) {
        normalizer_.on_gap(batch.receive_time, out);
        return;
    }
    sequence_.on_snapshot(id);
    if (!normalizer_.on_snapshot(batch, out)) restart_sequence();
    apply_waiting(out);
}

void SymbolSession::apply_waiting(Events& out) {
    while (!waiting_.empty() && sequence_.joined()) {
        const StoredBatch& delta = waiting_.front();
        const DeltaAction action = sequence_.on_delta(delta.ids);
        if (action == DeltaAction::Gap) {
            normalizer_.on_gap(delta.view().receive_time, out);
            return;
        }
        if (action == DeltaAction::Apply) {
            ++counters_->chain_ok;
            if (!normalizer_.on_delta(delta.view(), out)) restart_sequence();
        }
        waiting_.pop_front();
    }
}

void SymbolSession::on_trade(const feeds::Trade& trade, book::UnixNanos receive_time, Events& out) {
    if (!normalizer_.on_trade(trade, receive_time, out)) restart_sequence();
}

void SymbolSession::on_ticker(const Ticker& ticker, book::UnixNanos receive_time, Events& out) {
    if (!normalizer_.on_ticker(ticker, receive_time, out)) restart_sequence();
}

void SymbolSession::on_bad_message(book::UnixNanos receive_time, Events& out) {
    restart_sequence();
    normalizer_.resync(book::StateReason::BadMessage, receive_time, out);
}

void SymbolSession::keep(const UpdateRange& ids, const LevelBatch& batch) {
    if (waiting_.size() == kMaxWaiting) waiting_.pop_front();
    waiting_.emplace_back(batch, ids);
}

}  // namespace tickgate::feeds::binance
