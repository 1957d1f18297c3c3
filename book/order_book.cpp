#include "book/order_book.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace tickgate::book {
namespace {

/// Where the first level that is not worse than a price may be: all before `low` are worse, `high` and all behind it
/// are not.
struct Bounds {
    std::size_t low;
    std::size_t high;
};

/// Goes from `start` towards the price in doubling steps.
template <typename IsWorse>
Bounds bounds_from(std::size_t start, std::size_t size, IsWorse is_worse) noexcept {
    constexpr std::size_t kFirstStep = 2;
    Bounds bounds{0, size};
    if (start < size && is_worse(start)) {
        bounds.low = start + 1;
        for (std::size_t step = kFirstStep; bounds.low + step < size; step *= 2) {
            if (!is_worse(bounds.low + step)) return {bounds.low, bounds.low + step};
            bounds.low += step + 1;
        }
    } else {
        bounds.high = std::min(start, size);
        for (std::size_t step = kFirstStep; step <= bounds.high; step *= 2) {
            if (is_worse(bounds.high - step)) return {bounds.high - step + 1, bounds.high};
            bounds.high -= step;
        }
    }
    return bounds;
}

template <typename Worse>
std::size_t search_from(std::size_t start, const std::vector<Level>& levels, Price price, Worse worse) noexcept {
    const auto is_worse = [&](std::size_t i) { return worse(levels[i].price, price); };
    auto [low, high] = bounds_from(start, levels.size(), is_worse);
    while (low < high) {
        // No branch predictor can tell which half it is, so it is computed.
        const std::size_t half = (high - low + 1) / 2;
        const std::size_t skipped = half * static_cast<std::size_t>(is_worse(low + half - 1));
        low += skipped;
        high -= half - skipped;
    }
    return low;
}

bool multiply_fits(std::int64_t value, std::int64_t factor) noexcept {
    std::int64_t product = 0;
    return !__builtin_mul_overflow(value, factor, &product);
}

}  // namespace

BookSide::BookSide(Side side, std::size_t log_capacity) : side_{side}, log_(std::max<std::size_t>(log_capacity, 1)) {}

std::size_t BookSide::lower_bound(Price price) const noexcept {
    if (side_ == Side::Bid) return search_from(last_set_, levels_, price, std::less<>{});
    return search_from(last_set_, levels_, price, std::greater<>{});
}

LevelUpdate BookSide::set(Price price, Quantity quantity, Sequence at, BatchKind kind) {
    const std::size_t index = last_set_ = lower_bound(price);
    const bool held = index < levels_.size() && levels_[index].price == price;
    const auto position = levels_.begin() + static_cast<std::ptrdiff_t>(index);
    if (quantity.is_zero()) {
        // A merged batch also names prices that came and went in between: a client of that time may hold them.
        if (held || kind == BatchKind::Merged) log_departure(price, at);
        if (!held) return LevelUpdate::Unchanged;
        levels_.erase(position);
        return LevelUpdate::Removed;
    }
    if (!held) {
        levels_.insert(position, Level{price, quantity, at});
        return LevelUpdate::Added;
    }
    const bool same = position->quantity == quantity;
    if (same && kind == BatchKind::Exact) return LevelUpdate::Unchanged;
    position->quantity = quantity;
    position->changed = at;
    return same ? LevelUpdate::Unchanged : LevelUpdate::Changed;
}

std::size_t BookSide::replace(std::vector<LevelChange>& levels, Sequence at, std::vector<Level>& scratch) {
    std::sort(levels.begin(), levels.end(),
              [this](const LevelChange& a, const LevelChange& b) { return better(b.price, a.price); });
    scratch.clear();
    std::size_t changed = 0;
    auto old = levels_.cbegin();
    const auto drop_until = [&](auto stop) {
        for (; old != levels_.cend() && !stop(*old); ++old) {
            log_departure(old->price, at);
            ++changed;
        }
    };
    for (const LevelChange& level : levels) {
        if (level.quantity.is_zero()) continue;
        drop_until([&](const Level& held) { return !better(level.price, held.price); });
        const bool held = old != levels_.cend() && old->price == level.price;
        if (held && old->quantity == level.quantity) {
            scratch.push_back(*old);
        } else {
            scratch.push_back(Level{level.price, level.quantity, at});
            ++changed;
        }
        if (held) ++old;
    }
    drop_until([](const Level&) { return false; });
    levels_.swap(scratch);
    return changed;
}

std::span<const Level> BookSide::best(std::size_t depth) const noexcept {
    const std::span<const Level> all{levels_};
    return depth == 0 || depth >= all.size() ? all : all.last(depth);
}

std::optional<Level> BookSide::top() const noexcept {
    if (levels_.empty()) return std::nullopt;
    return levels_.back();
}

void BookSide::log_departure(Price price, Sequence at) {
    if (log_size_ == log_.size()) {
        forget_before(log_[log_next_].at);
    } else {
        ++log_size_;
    }
    log_[log_next_] = Departure{at, price};
    log_next_ = log_next_ + 1 == log_.size() ? 0 : log_next_ + 1;
}

void BookSide::forget_before(Sequence sequence) noexcept {
    horizon_ = std::max(horizon_, sequence);
}

bool BookSide::can_rescale(std::int64_t price_factor, std::int64_t quantity_factor) const noexcept {
    return std::all_of(levels_.begin(), levels_.end(), [&](const Level& level) {
        return multiply_fits(level.price.mantissa(), price_factor) &&
               multiply_fits(level.quantity.mantissa(), quantity_factor);
    });
}

void BookSide::rescale(std::int64_t price_factor, std::int64_t quantity_factor, Sequence at) {
    for (Level& level : levels_) {
        level.price = Price{level.price.mantissa() * price_factor};
        level.quantity = Quantity{level.quantity.mantissa() * quantity_factor};
    }
    log_size_ = 0;
    forget_before(at);
}

OrderBook::OrderBook(std::size_t log_capacity) : bids_{Side::Bid, log_capacity}, asks_{Side::Ask, log_capacity} {}

bool OrderBook::crossed() const noexcept {
    const std::optional<Level> bid = bids_.top();
    const std::optional<Level> ask = asks_.top();
    return bid && ask && bid->price >= ask->price;
}

void OrderBook::begin(Sequence to, BatchKind kind) noexcept {
    assert(to > sequence_);
    sequence_ = to;
    batch_kind_ = kind;
}

LevelUpdate OrderBook::set(Side side, Price price, Quantity quantity) {
    return mutable_side(side).set(price, quantity, sequence_, batch_kind_);
}

std::size_t OrderBook::replace(Side side, std::vector<LevelChange>& levels) {
    return mutable_side(side).replace(levels, sequence_, replaced_);
}

void OrderBook::add_hole(Sequence after, Sequence until) {
    std::erase_if(holes_, [this](const Hole& hole) { return hole.until <= horizon(); });
    constexpr std::size_t kMaxHoles = 64;  // an edge that needed this many snapshots within one horizon
    if (holes_.size() == kMaxHoles) {
        bids_.forget_before(holes_.front().until);
        holes_.erase(holes_.begin());
    }
    holes_.push_back(Hole{after, until});
}

bool OrderBook::rescale(std::int64_t price_factor, std::int64_t quantity_factor) {
    if (!bids_.can_rescale(price_factor, quantity_factor) || !asks_.can_rescale(price_factor, quantity_factor)) {
        return false;
    }
    bids_.rescale(price_factor, quantity_factor, sequence_);
    asks_.rescale(price_factor, quantity_factor, sequence_);
    return true;
}

Sequence OrderBook::horizon() const noexcept {
    return std::max(bids_.horizon(), asks_.horizon());
}

bool OrderBook::remembers(Sequence since) const noexcept {
    if (since < horizon() || since > sequence_) return false;
    return std::none_of(holes_.begin(), holes_.end(),
                        [since](const Hole& hole) { return hole.after < since && since < hole.until; });
}

void OrderBook::copy_cut(std::size_t depth, Cut& out) const {
    const std::span<const Level> bids = bids_.best(depth);
    const std::span<const Level> asks = asks_.best(depth);
    out.bids.assign(bids.begin(), bids.end());
    out.asks.assign(asks.begin(), asks.end());
}

void OrderBook::changes_since(Sequence since, const Cut& cut, Sequence at, std::size_t depth, BookDelta& out) const {
    assert(remembers(since) && since <= at);
    out.clear();
    changes_of_side(bids_, since, cut.bids, at, depth, out.bids);
    changes_of_side(asks_, since, cut.asks, at, depth, out.asks);
}

void OrderBook::changes_of_side(const BookSide& side, Sequence since, std::span<const Level> cut, Sequence at,
                                std::size_t depth, std::vector<LevelChange>& out) const {
    const auto better = [&side](Price a, Price b) { return side.better(a, b); };
    // What lies at or behind the worst level of a full cut, the client cuts off by itself.
    const bool full = depth != 0 && cut.size() == depth;
    const auto in_cut = [&](Price price) {
        const auto level = std::lower_bound(cut.begin(), cut.end(), price,
                                            [&](const Level& l, Price p) { return better(p, l.price); });
        return level != cut.end() && level->price == price;
    };
    gone_.clear();
    side.departures_since(since, [&](const BookSide::Departure& departure) {
        if (departure.at > at || (full && !better(departure.price, cut.front().price))) return;
        if (!in_cut(departure.price)) gone_.push_back(departure.price);
    });
    std::sort(gone_.begin(), gone_.end(), better);
    gone_.erase(std::unique(gone_.begin(), gone_.end()), gone_.end());

    // For each price that left, one of the cut's last levels may have come up from below what the client holds.
    const std::size_t surely_held = depth == 0 ? cut.size() : cut.size() - std::min(gone_.size(), cut.size());
    auto gone = gone_.cbegin();
    for (std::size_t rank = 0; rank < cut.size(); ++rank) {
        const Level& level = cut[cut.size() - 1 - rank];
        for (; gone != gone_.cend() && better(*gone, level.price); ++gone) out.push_back({*gone, Quantity{0}});
        if (level.changed > since || rank >= surely_held) out.push_back({level.price, level.quantity});
    }
    for (; gone != gone_.cend(); ++gone) out.push_back({*gone, Quantity{0}});
}

namespace {

template <typename Better>
void difference_of_side(std::span<const Level> before, std::span<const Level> after, std::size_t depth, Better better,
                        std::vector<LevelChange>& out) {
    auto old = before.rbegin();
    for (auto level = after.rbegin(); level != after.rend(); ++level) {
        for (; old != before.rend() && better(old->price, level->price); ++old) {
            out.push_back({old->price, Quantity{0}});
        }
        const bool held = old != before.rend() && old->price == level->price;
        if (!held || old->quantity != level->quantity) out.push_back({level->price, level->quantity});
        if (held) ++old;
    }
    // Behind the last level of a full cut the client cuts off by itself.
    if (depth != 0 && after.size() == depth) return;
    for (; old != before.rend(); ++old) out.push_back({old->price, Quantity{0}});
}

}  // namespace

void difference(const Cut& before, const Cut& after, std::size_t depth, BookDelta& out) {
    out.clear();
    difference_of_side(before.bids, after.bids, depth, std::greater<>{}, out.bids);
    difference_of_side(before.asks, after.asks, depth, std::less<>{}, out.asks);
}

}  // namespace tickgate::book
