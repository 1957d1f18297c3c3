#include "feeds/binance/symbol_session.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>

#include "feeds/scaling.hpp"

namespace tickgate::feeds::binance {
namespace {

using book::Event;
using book::EventKind;
using book::Side;
using book::StateReason;
using book::SymbolState;
using book::UnixNanos;

// Four minutes of the busiest futures stream; a snapshot takes seconds. Beyond it the oldest go: a snapshot that
// would need them is then refused as too old.
constexpr std::size_t kMaxWaiting = 16'384;

/// A book holds a price once. A snapshot that names one twice contradicts itself. Binance sorts best first, which
/// makes this one pass; anything else is sorted here.
bool repeats_a_price(std::span<const Event> levels) {
    const auto rises = [](const Event& a, const Event& b) { return a.price < b.price; };
    const auto falls = [](const Event& a, const Event& b) { return a.price > b.price; };
    if (std::adjacent_find(levels.begin(), levels.end(), std::not_fn(rises)) == levels.end()) return false;
    if (std::adjacent_find(levels.begin(), levels.end(), std::not_fn(falls)) == levels.end()) return false;
    std::vector<book::Price> prices;
    for (const Event& level : levels) prices.push_back(level.price);
    std::sort(prices.begin(), prices.end());
    return std::adjacent_find(prices.begin(), prices.end()) != prices.end();
}

}  // namespace

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
    : instrument_{instrument.id},
      scales_{instrument.scales},
      sequence_{rule},
      from_empty_{from_empty},
      counters_{&counters} {
    restart();
}

void SymbolSession::restart() {
    waiting_.clear();
    sequence_.restart();
    if (from_empty_) sequence_.start_with_next();
}

void SymbolSession::on_any_message(UnixNanos receive_time, Events& out) {
    silence_.end(receive_time);
    if (announced_ == SymbolState::Stale) announce(SymbolState::Live, StateReason::None, receive_time, out);
}

void SymbolSession::on_time(UnixNanos now, Events& out) {
    if (announced_ == SymbolState::Live && silence_.is_unusual(now)) {
        announce(SymbolState::Stale, StateReason::NoUpdate, now, out);
    }
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
            on_gap(batch.receive_time, out);
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
            apply(was_joined ? BatchKind::Delta : BatchKind::Snapshot, batch, out);
    }
}

void SymbolSession::on_snapshot(const LevelBatch& batch, Events& out) {
    const bool older = sequence_.joined() && batch.id < sequence_.last_update_id();
    if (from_empty_ || older) return;
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const StoredBatch& delta) {
        return sequence_.first_after(batch.id, delta.ids) != DeltaAction::Skip;
    });
    waiting_.erase(waiting_.begin(), next);
    if (!waiting_.empty() && sequence_.first_after(batch.id, waiting_.front().ids) == DeltaAction::Gap) {
        on_gap(batch.receive_time, out);
        return;
    }
    sequence_.on_snapshot(batch.id);
    apply(BatchKind::Snapshot, batch, out);
    apply_waiting(out);
}

void SymbolSession::apply_waiting(Events& out) {
    while (!waiting_.empty() && sequence_.joined()) {
        const StoredBatch& delta = waiting_.front();
        const DeltaAction action = sequence_.on_delta(delta.ids);
        if (action == DeltaAction::Gap) {
            on_gap(delta.view().receive_time, out);
            return;
        }
        if (action == DeltaAction::Apply) {
            ++counters_->chain_ok;
            apply(BatchKind::Delta, delta.view(), out);
        }
        waiting_.pop_front();
    }
}

void SymbolSession::apply(BatchKind kind, const LevelBatch& batch, Events& out) {
    const Mark before = mark(out);
    if (write_batch(kind, batch, out)) return;
    undo(before, out);
    ++counters_->decode_errors;
    on_bad_message(batch.receive_time, out);
}

void SymbolSession::on_gap(UnixNanos receive_time, Events& out) {
    ++counters_->gaps;
    ++counters_->chain_failed;
    announce(SymbolState::Resyncing, StateReason::Gap, receive_time, out);
}

void SymbolSession::on_bad_message(UnixNanos receive_time, Events& out) {
    sequence_.restart();
    if (from_empty_) sequence_.start_with_next();
    announce(SymbolState::Resyncing, StateReason::BadMessage, receive_time, out);
}

void SymbolSession::on_trade(const Trade& trade, UnixNanos receive_time, Events& out) {
    const Mark before = mark(out);
    const PriceLevel level{trade.price, trade.quantity};
    book::Scales scales = scales_;
    raise_scales({&level, 1}, scales);
    Event event;
    event.kind = EventKind::Trade;
    event.flags = Event::kLast;
    event.side = trade.aggressor;
    event.instrument = instrument_;
    event.id = book::VenueId{trade.id};
    event.venue_time = trade.time;
    event.receive_time = receive_time;
    if (write_scales(scales, receive_time, out) && write_level(event, level, out)) return;
    undo(before, out);
    ++counters_->decode_errors;
    on_bad_message(receive_time, out);
}

void SymbolSession::on_ticker(const BookTicker& ticker, UnixNanos receive_time, Events& out) {
    const Mark before = mark(out);
    book::Scales scales = scales_;
    raise_scales(std::array{ticker.bid, ticker.ask}, scales);
    Event event;
    event.kind = EventKind::Touch;
    event.instrument = instrument_;
    event.id = book::VenueId{ticker.update_id};
    event.venue_time = ticker.time;
    event.receive_time = receive_time;
    const bool has_bid = write_scales(scales, receive_time, out) && write_level(event, ticker.bid, out);
    event.side = Side::Ask;
    event.flags = Event::kLast;
    if (has_bid && write_level(event, ticker.ask, out)) return;
    undo(before, out);
    ++counters_->decode_errors;
    on_bad_message(receive_time, out);
}

void SymbolSession::undo(const Mark& mark, Events& out) {
    out.resize(mark.written);
    scales_ = mark.scales;
    largest_ = mark.largest;
    announced_ = mark.announced;
}

void SymbolSession::keep(const UpdateRange& ids, const LevelBatch& batch) {
    if (waiting_.size() == kMaxWaiting) waiting_.pop_front();
    waiting_.emplace_back(batch, ids);
}

void SymbolSession::announce(SymbolState state, StateReason reason, UnixNanos receive_time, Events& out) {
    if (announced_ == state) return;
    announced_ = state;
    if (state == SymbolState::Resyncing) ++counters_->resyncs;
    out.push_back(Event::status(instrument_, state, reason, receive_time));
}

bool SymbolSession::write_batch(BatchKind kind, const LevelBatch& batch, Events& out) {
    // It replaces a book that nobody believes: that one need not fit.
    if (kind == BatchKind::Snapshot && announced_ != SymbolState::Live) largest_ = {};
    book::Scales scales = scales_;
    raise_scales(batch.bids, scales);
    raise_scales(batch.asks, scales);
    if (!write_scales(scales, batch.receive_time, out)) return false;
    announce(SymbolState::Live, StateReason::None, batch.receive_time, out);

    Event event;
    event.instrument = instrument_;
    event.id = book::VenueId{batch.id};
    event.venue_time = batch.venue_time;
    event.receive_time = batch.receive_time;
    if (kind == BatchKind::Snapshot) {
        event.kind = EventKind::Clear;
        event.flags = from_empty_ ? std::uint8_t{0} : Event::kPartialSnapshot;
        out.push_back(event);
        event.flags = 0;
    }
    event.kind = EventKind::Level;
    const std::size_t first = out.size();
    if (!write_levels(event, batch.bids, out)) return false;
    event.side = Side::Ask;
    if (!write_levels(event, batch.asks, out)) return false;

    const auto levels = std::span<const Event>{out}.subspan(first);
    if (kind == BatchKind::Snapshot) {
        const std::size_t bids = batch.bids.size();
        if (repeats_a_price(levels.first(bids)) || repeats_a_price(levels.subspan(bids))) return false;
    } else if (levels.empty()) {
        // An event without levels moves the chain on all the same: it goes as the removal of a level that nobody holds.
        out.push_back(event);
    }
    out.back().flags |= Event::kLast;
    return true;
}

bool SymbolSession::write_levels(const Event& like, std::span<const PriceLevel> levels, Events& out) {
    return std::all_of(levels.begin(), levels.end(),
                       [&](const PriceLevel& level) { return write_level(like, level, out); });
}

bool SymbolSession::write_level(const Event& like, const PriceLevel& level, Events& out) {
    const auto price = mantissa_at(scales_.price, level.price);
    const auto quantity = mantissa_at(scales_.quantity, level.quantity);
    if (!price || !quantity) return false;
    Event& event = out.emplace_back(like);
    event.price = book::Price{*price};
    event.quantity = book::Quantity{*quantity};
    largest_.price = std::max(largest_.price, std::abs(*price));
    largest_.quantity = std::max(largest_.quantity, *quantity);
    return true;
}

void SymbolSession::raise_scales(std::span<const PriceLevel> levels, book::Scales& scales) const noexcept {
    for (const auto& [price, quantity] : levels) {
        if (price.scale > scales.price) scales.price = raised_scale(scales.price, price);
        if (quantity.scale > scales.quantity) scales.quantity = raised_scale(scales.quantity, quantity);
    }
}

bool SymbolSession::write_scales(book::Scales scales, UnixNanos receive_time, Events& out) {
    if (scales == scales_) return true;
    // Scales never fall again, so one absurd number must not raise them to where no book fits.
    if (std::max(scales.price, scales.quantity) > kMostDigits) return false;
    const auto price = mantissa_at(scales.price, {largest_.price, scales_.price});
    const auto quantity = mantissa_at(scales.quantity, {largest_.quantity, scales_.quantity});
    if (!price || !quantity) return false;
    largest_ = {*price, *quantity};
    scales_ = scales;
    out.push_back(Event::scale(instrument_, scales, receive_time));
    return true;
}

}  // namespace tickgate::feeds::binance
