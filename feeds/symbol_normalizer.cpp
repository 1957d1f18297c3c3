#include "feeds/symbol_normalizer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>

#include "feeds/scaling.hpp"

namespace tickgate::feeds {
namespace {

using book::Event;
using book::EventKind;
using book::Side;
using book::StateReason;
using book::SymbolState;
using book::UnixNanos;

/// A book holds a price once. A snapshot that names one twice contradicts itself. Venues sort theirs, which makes this
/// one pass; anything else is sorted here.
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

std::uint8_t raised(Digits digits, std::uint8_t scale, book::Decimal value) noexcept {
    return digits == Digits::AsWritten ? value.scale : raised_scale(scale, value);
}

void raise_scales(Digits digits, std::span<const PriceLevel> levels, book::Scales& scales) noexcept {
    for (const auto& [price, quantity] : levels) {
        if (price.scale > scales.price) scales.price = raised(digits, scales.price, price);
        if (quantity.scale > scales.quantity) scales.quantity = raised(digits, scales.quantity, quantity);
    }
}

}  // namespace

SymbolNormalizer::SymbolNormalizer(const book::Instrument& instrument, Digits digits, bool from_empty,
                                   VenueCounters& counters)
    : instrument_{instrument.id},
      scales_{instrument.scales},
      digits_{digits},
      from_empty_{from_empty},
      counters_{&counters} {}

void SymbolNormalizer::on_message(UnixNanos receive_time, Events& out) {
    silence_.end(receive_time);
    if (announced_ == SymbolState::Stale) announce(SymbolState::Live, StateReason::None, receive_time, out);
}

void SymbolNormalizer::on_time(UnixNanos now, Events& out) {
    if (announced_ == SymbolState::Live && silence_.is_unusual(now)) {
        announce(SymbolState::Stale, StateReason::NoUpdate, now, out);
    }
}

bool SymbolNormalizer::on_snapshot(const LevelBatch& batch, Events& out) {
    return from_empty_ || apply(BatchKind::Snapshot, batch, out);
}

bool SymbolNormalizer::on_delta(const LevelBatch& batch, Events& out) {
    if (joined_) return apply(BatchKind::Delta, batch, out);
    return !from_empty_ || apply(BatchKind::Snapshot, batch, out);
}

bool SymbolNormalizer::on_trade(const Trade& trade, UnixNanos receive_time, Events& out) {
    const Mark before = mark(out);
    const PriceLevel level{trade.price, trade.quantity};
    book::Scales scales = scales_;
    raise_scales(Digits::Significant, {&level, 1}, scales);
    Event event;
    event.kind = EventKind::Trade;
    event.flags = Event::kLast;
    event.side = trade.aggressor;
    event.instrument = instrument_;
    event.id = trade.id;
    event.venue_time = trade.venue_time;
    event.receive_time = receive_time;
    if (write_scales(scales, receive_time, out) && write_level(event, level, out)) return true;
    return on_misfit(before, receive_time, out);
}

bool SymbolNormalizer::on_ticker(const Ticker& ticker, UnixNanos receive_time, Events& out) {
    const Mark before = mark(out);
    book::Scales scales = scales_;
    raise_scales(Digits::Significant, std::array{ticker.bid, ticker.ask}, scales);
    Event event;
    event.kind = EventKind::Touch;
    event.instrument = instrument_;
    event.id = book::VenueId{ticker.update_id};
    event.venue_time = ticker.venue_time;
    event.receive_time = receive_time;
    const bool has_bid = write_scales(scales, receive_time, out) && write_level(event, ticker.bid, out);
    event.side = Side::Ask;
    event.flags = Event::kLast;
    if (has_bid && write_level(event, ticker.ask, out)) return true;
    return on_misfit(before, receive_time, out);
}

void SymbolNormalizer::on_gap(UnixNanos receive_time, Events& out) {
    ++counters_->gaps;
    ++counters_->chain_failed;
    resync(StateReason::Gap, receive_time, out);
}

void SymbolNormalizer::resync(StateReason reason, UnixNanos receive_time, Events& out) {
    joined_ = false;
    announce(SymbolState::Resyncing, reason, receive_time, out);
}

void SymbolNormalizer::undo(const Mark& mark, Events& out) {
    out.resize(mark.written);
    scales_ = mark.scales;
    largest_ = mark.largest;
    announced_ = mark.announced;
}

bool SymbolNormalizer::on_misfit(const Mark& before, UnixNanos receive_time, Events& out) {
    undo(before, out);
    ++counters_->decode_errors;
    resync(StateReason::BadMessage, receive_time, out);
    return false;
}

void SymbolNormalizer::announce(SymbolState state, StateReason reason, UnixNanos receive_time, Events& out) {
    if (announced_ == state) return;
    announced_ = state;
    if (state == SymbolState::Resyncing) ++counters_->resyncs;
    out.push_back(Event::status(instrument_, state, reason, receive_time));
}

bool SymbolNormalizer::apply(BatchKind kind, const LevelBatch& batch, Events& out) {
    const Mark before = mark(out);
    if (!write_batch(kind, batch, out)) return on_misfit(before, batch.receive_time, out);
    joined_ = true;
    return true;
}

bool SymbolNormalizer::write_batch(BatchKind kind, const LevelBatch& batch, Events& out) {
    // It replaces a book that nobody believes: that one need not fit.
    if (kind == BatchKind::Snapshot && announced_ != SymbolState::Live) largest_ = {};
    book::Scales scales = scales_;
    raise_scales(digits_, batch.bids, scales);
    raise_scales(digits_, batch.asks, scales);
    if (!write_scales(scales, batch.receive_time, out)) return false;
    announce(SymbolState::Live, StateReason::None, batch.receive_time, out);

    Event event;
    event.instrument = instrument_;
    event.id = batch.id;
    event.venue_time = batch.venue_time;
    event.receive_time = batch.receive_time;
    if (kind == BatchKind::Snapshot) {
        event.kind = EventKind::Clear;
        event.flags = batch.is_partial && !from_empty_ ? Event::kPartialSnapshot : std::uint8_t{0};
        event.quantity = book::Quantity{batch.depth};
        out.push_back(event);
        event.flags = 0;
        event.quantity = book::Quantity{0};
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
        // A batch without levels moves the chain on all the same: it goes as the removal of a level that nobody holds.
        out.push_back(event);
    }
    // A book that started from empty lacks what the venue's checksum covers.
    const bool is_checked = batch.has_checksum && !from_empty_;
    out.back().flags |= is_checked ? Event::kLast | Event::kChecksum : Event::kLast;
    return true;
}

bool SymbolNormalizer::write_levels(const Event& like, std::span<const PriceLevel> levels, Events& out) {
    return std::all_of(levels.begin(), levels.end(),
                       [&](const PriceLevel& level) { return write_level(like, level, out); });
}

bool SymbolNormalizer::write_level(const Event& like, const PriceLevel& level, Events& out) {
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

bool SymbolNormalizer::write_scales(book::Scales scales, UnixNanos receive_time, Events& out) {
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

}  // namespace tickgate::feeds
