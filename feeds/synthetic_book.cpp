#include "feeds/synthetic_book.hpp"

namespace tickgate::feeds {

using book::Event;
using book::EventKind;

std::uint64_t RandomNumbers::next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::uint32_t RandomNumbers::below(std::uint32_t below) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * below) >> 32);
}

SyntheticBook::SyntheticBook(book::InstrumentId instrument, std::uint64_t seed)
    : instrument_{instrument},
      random_{seed},
      trade_phase_{random_.below(10)} {
    Side& bids = side_of(book::Side::Bid);
    Side& asks = side_of(book::Side::Ask);
    bids.best = 10'000 + random_.below(6'000'000);  // 100.00 to 60100.00
    asks.best = bids.best + 1;
    asks.worse = 1;
    for (Side& side : sides_) {
        for (std::uint32_t depth = 0; depth < side.count; ++depth) side.at(side.price(depth)).quantity = any_quantity();
    }
}

void SyntheticBook::write_snapshot(Times times, std::vector<Event>& out) {
    times_ = times;
    write(EventKind::Clear, out);
    for (const book::Side side : {book::Side::Bid, book::Side::Ask}) {
        const Side& levels = side_of(side);
        for (std::uint32_t depth = 0; depth < levels.count; ++depth) write_level(side, levels.price(depth), out);
    }
    out.back().flags = Event::kLast;
}

void SyntheticBook::update(std::uint32_t levels, Times times, std::vector<Event>& out) {
    times_ = times;
    ++updates_;
    if ((updates_ + trade_phase_) % 10 == 0) trade(out);
    change_touch(out);
    for (std::uint32_t i = 1; i < levels; ++i) change_elsewhere(out);
    out.back().flags = Event::kLast;
}

void SyntheticBook::trade(std::vector<Event>& out) {
    const book::Side aggressor = any_side();
    const Side& hit = side_of(book::opposite(aggressor));
    Event& event = write(EventKind::Trade, out);
    event.side = aggressor;
    event.price = book::Price{hit.best};
    event.quantity = book::Quantity{1 + random_.below(hit.at(hit.best).quantity)};
    event.id = book::VenueId{++trades_};
}

void SyntheticBook::change_touch(std::vector<Event>& out) {
    const book::Side side = any_side();
    const std::uint32_t choice = random_.below(8);
    if (choice == 0 && improve(side, out)) return;
    if (choice == 1 && retreat(side, out)) return;
    requantify(side, random_.below(kTouch), out);
}

void SyntheticBook::change_elsewhere(std::vector<Event>& out) {
    const book::Side side = any_side();
    if (!restore_count(side, out)) requantify(side, random_.below(side_of(side).count), out);
}

/// A new best price, if there is room between the sides.
bool SyntheticBook::improve(book::Side side, std::vector<Event>& out) {
    Side& levels = side_of(side);
    if (spread() < 2 || levels.count == kMost) return false;
    levels.best -= levels.worse;
    ++levels.count;
    set(side, levels.best, any_quantity(), out);
    return true;
}

/// The best price goes.
bool SyntheticBook::retreat(book::Side side, std::vector<Event>& out) {
    Side& levels = side_of(side);
    if (spread() == kWidestSpread || levels.count == kFewest) return false;
    if (side == book::Side::Bid && levels.best <= kLowestBid) return false;
    set(side, levels.best, 0, out);
    levels.best += levels.worse;
    --levels.count;
    return true;
}

/// What improve and retreat changed at the near end is made up for at the far one.
bool SyntheticBook::restore_count(book::Side side, std::vector<Event>& out) {
    Side& levels = side_of(side);
    if (levels.count == kLevels) return false;
    const bool grow = levels.count < kLevels;
    const std::int64_t price = levels.price(grow ? levels.count : levels.count - 1);
    if (changed(levels.at(price))) return false;
    set(side, price, grow ? any_quantity() : 0, out);
    levels.count += grow ? 1U : -1U;
    return true;
}

/// Another quantity at this depth, or at the next that this update has not changed yet.
void SyntheticBook::requantify(book::Side side, std::uint32_t depth, std::vector<Event>& out) {
    Side& levels = side_of(side);
    while (changed(levels.at(levels.price(depth)))) depth = (depth + 1) % levels.count;
    const std::int64_t price = levels.price(depth);
    std::uint32_t quantity = any_quantity();
    if (quantity == levels.at(price).quantity) ++quantity;
    set(side, price, quantity, out);
}

void SyntheticBook::set(book::Side side, std::int64_t price, std::uint32_t quantity, std::vector<Event>& out) {
    side_of(side).at(price) = {quantity, static_cast<std::uint32_t>(updates_)};
    write_level(side, price, out);
}

void SyntheticBook::write_level(book::Side side, std::int64_t price, std::vector<Event>& out) {
    Event& event = write(EventKind::Level, out);
    event.side = side;
    event.price = book::Price{price};
    event.quantity = book::Quantity{side_of(side).at(price).quantity};
}

Event& SyntheticBook::write(EventKind kind, std::vector<Event>& out) const {
    Event& event = out.emplace_back();
    event.kind = kind;
    event.instrument = instrument_;
    event.id = book::VenueId{updates_};
    event.venue_time = times_.venue;
    event.receive_time = times_.receive;
    return event;
}

book::Side SyntheticBook::any_side() noexcept {
    return random_.below(2) == 0 ? book::Side::Bid : book::Side::Ask;
}

/// 0.00001 to 2.00000.
std::uint32_t SyntheticBook::any_quantity() noexcept {
    return 1 + random_.below(200'000);
}

}  // namespace tickgate::feeds
