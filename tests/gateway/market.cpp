#include "tests/gateway/market.hpp"

namespace tickgate::test {

using book::Event;
using book::Side;
using book::StateReason;
using book::SymbolState;

Market::Market(Core& core, Random& random, std::size_t symbols, std::int64_t prices)
    : core_{core},
      random_{random},
      prices_{prices} {
    for (std::size_t i = 0; i < symbols; ++i) {
        Truth truth;
        const book::Scales scales{2, 3};
        truth.instrument = &core.list("TEST:S" + std::to_string(i), scales);
        truth.books.push_back({.bids = {}, .asks = {}, .scales = scales, .epoch = std::string{Core::kEpoch}});
        truth.scales[std::string{Core::kEpoch}] = scales;
        truth.statuses.push_back({SymbolState::Starting, StateReason::None, 0});
        truths_.push_back(std::move(truth));
        venues_.emplace_back();
    }
    core.settle();
}

void Market::random_event() {
    const auto symbol = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(truths_.size()) - 1));
    Venue& venue = venues_[symbol];
    if (random_.chance(10)) return trade(symbol);
    if (!venue.rest.empty()) return finish_batch(symbol);
    if (random_.chance(1) && random_.chance(20)) return rescale(symbol);
    if (random_.chance(venue.state == SymbolState::Live ? 2 : 20)) return change_state(symbol);
    if (venue.snapshot_is_due) return random_.chance(30) ? snapshot(symbol) : trade(symbol);
    if (random_.chance(4)) return snapshot(symbol);
    batch(symbol);
}

void Market::settle_down() {
    for (std::size_t symbol = 0; symbol < truths_.size(); ++symbol) {
        finish_batch(symbol);
        if (venues_[symbol].state != SymbolState::Live) set_state(symbol, SymbolState::Live, StateReason::None);
        snapshot(symbol);
        finish_batch(symbol);
    }
}

Event Market::random_level(std::size_t symbol) {
    // Few prices, so that levels come and go; prices of a higher scale lie between those of the lower too.
    const Side side = random_.one_of({Side::Bid, Side::Ask});
    const std::int64_t offset = random_.between(1, prices_);
    const std::int64_t price = side == Side::Bid ? 1'000 - offset : 1'000 + offset - prices_ / 4;
    return level_event(truths_[symbol].instrument->id, side, price, random_.one_of<std::int64_t>({0, 0, 1, 25, 3'000}),
                       core_.now);
}

TruthBook& Market::next(std::size_t symbol) {
    Truth& truth = truths_[symbol];
    truth.books.push_back(TruthBook{truth.books.back()});
    return truth.books.back();
}

void Market::set(TruthBook& book, const Event& level) {
    TruthSide& side = level.side == Side::Bid ? book.bids : book.asks;
    const std::int64_t rank = level.side == Side::Bid ? -level.price.mantissa() : level.price.mantissa();
    side.erase(rank);
    if (!level.quantity.is_zero()) side.emplace(rank, level.quantity.mantissa());
}

void Market::batch(std::size_t symbol) {
    std::vector<Event> events;
    for (std::int64_t i = random_.one_of({1, 1, 1, 2, 5}); i > 0; --i) events.push_back(random_level(symbol));
    push(symbol, std::move(events));
}

void Market::snapshot(std::size_t symbol) {
    std::vector<Event> events{clear_event(truths_[symbol].instrument->id, core_.now)};
    std::map<std::pair<Side, std::int64_t>, Event> levels;
    for (std::int64_t i = random_.between(0, 2 * prices_); i > 0; --i) {
        const Event level = random_level(symbol);
        levels.emplace(std::pair{level.side, level.price.mantissa()}, level);
    }
    for (const auto& [price, level] : levels) events.push_back(level);
    venues_[symbol].snapshot_is_due = false;
    push(symbol, std::move(events));
}

/// Pushes a batch, now and then in two pieces, or after the beginning of one that its feed breaks off.
void Market::push(std::size_t symbol, std::vector<Event> events) {
    const bool is_snapshot = events.front().kind == book::EventKind::Clear;
    if (is_snapshot && random_.chance(10)) core_.push(random_level(symbol));
    events.back().flags |= Event::kLast;
    std::vector<Event>& rest = venues_[symbol].rest;
    const std::size_t first = random_.chance(20) ? events.size() / 2 : events.size();
    rest.assign(events.begin() + static_cast<std::ptrdiff_t>(first), events.end());
    // The truth of a batch in two pieces begins with the second: nobody sees half of it.
    TruthBook after = truths_[symbol].now();
    if (is_snapshot) {
        after.bids.clear();
        after.asks.clear();
    }
    for (const Event& event : events) {
        if (event.kind == book::EventKind::Level) set(after, event);
    }
    next(symbol) = std::move(after);
    if (first > 0) core_.push({events.data(), first});
    if (first == 0) finish_batch(symbol);
}

void Market::finish_batch(std::size_t symbol) {
    std::vector<Event>& rest = venues_[symbol].rest;
    if (rest.empty()) return;
    core_.push(rest);
    rest.clear();
}

void Market::trade(std::size_t symbol) {
    Truth& truth = truths_[symbol];
    for (std::int64_t i = random_.one_of({1, 1, 3, 9}); i > 0; --i) {
        const std::uint64_t number = truth.trades.size() + 1;
        const Event event = trade_event(truth.instrument->id, random_.between(900, 1'100), random_.between(1, 5'000),
                                        number, core_.now);
        truth.trades.push_back(
            {event.price.mantissa(), event.quantity.mantissa(), event.side == Side::Bid, truth.now().scales});
        core_.push(event);
    }
}

void Market::rescale(std::size_t symbol) {
    Truth& truth = truths_[symbol];
    book::Scales scales = truth.now().scales;
    if (scales.price > 6) return;
    const bool of_price = random_.chance(50);
    ++(of_price ? scales.price : scales.quantity);
    core_.push(Event::scale(truth.instrument->id, scales, core_.now));
    const bool anybody_has_a_position = truth.books.size() > 1 || !truth.trades.empty();
    TruthBook book = truth.now();
    for (TruthSide* side : {&book.bids, &book.asks}) {
        TruthSide scaled;
        for (const auto& [rank, quantity] : *side) {
            scaled[of_price ? rank * 10 : rank] = of_price ? quantity : quantity * 10;
        }
        *side = std::move(scaled);
    }
    book.scales = scales;
    if (anybody_has_a_position) {
        const std::size_t dot = book.epoch.find('.');
        const int count = dot == std::string::npos ? 0 : std::stoi(book.epoch.substr(dot + 1));
        book.epoch = std::string{Core::kEpoch} + "." + std::to_string(count + 1);
        next(symbol) = book;
    } else {
        truth.books.back() = book;
    }
    truth.scales[book.epoch] = scales;
}

void Market::change_state(std::size_t symbol) {
    switch (venues_[symbol].state) {
        case SymbolState::Live:
            if (random_.chance(30)) return set_state(symbol, SymbolState::Stale, StateReason::NoUpdate);
            if (random_.chance(30)) return set_state(symbol, SymbolState::Halted, StateReason::None);
            return set_state(symbol, SymbolState::Resyncing, random_.one_of({StateReason::Gap, StateReason::Checksum}));
        case SymbolState::Stale:
            if (random_.chance(30)) return set_state(symbol, SymbolState::Resyncing, StateReason::Reconnect);
            return set_state(symbol, SymbolState::Live, StateReason::None);
        default:
            // The snapshot comes before or after it.
            return set_state(symbol, SymbolState::Live, StateReason::None);
    }
}

void Market::set_state(std::size_t symbol, SymbolState state, StateReason reason) {
    core_.pass(std::chrono::microseconds{1});  // so that `since` tells each change from the others
    Venue& venue = venues_[symbol];
    venue.state = state;
    venue.snapshot_is_due = venue.snapshot_is_due || state == SymbolState::Resyncing;
    truths_[symbol].statuses.push_back(
        {state, reason, std::chrono::duration_cast<std::chrono::microseconds>(core_.now.time_since_epoch()).count()});
    core_.push(Event::status(truths_[symbol].instrument->id, state, reason, core_.now));
}

}  // namespace tickgate::test
