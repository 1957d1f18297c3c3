#include "book/order_book.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>

namespace tickgate::book {
namespace {

/// The first level that is not worse than the price, for each of some changes. The searches go abreast, without a
/// branch that depends on what they find: one waits for memory while the others do.
template <std::size_t kAbreast, typename Worse>
void find_abreast(std::span<const Level> levels, const LevelChange* changes, std::size_t* places, Worse worse) {
    std::array<const Level*, kAbreast> low;
    low.fill(levels.data());
    for (std::size_t size = levels.size(); size > 0;) {
        const std::size_t half = (size + 1) / 2;
        for (std::size_t i = 0; i < kAbreast; ++i) {
            const Level* const middle = low[i] + half;
            low[i] = worse(middle[-1].price, changes[i].price) ? middle : low[i];
        }
        size -= half;
    }
    for (std::size_t i = 0; i < kAbreast; ++i) places[i] = static_cast<std::size_t>(low[i] - levels.data());
}

template <typename Worse>
void find_each(std::span<const Level> levels, std::span<const LevelChange> changes, std::size_t* places, Worse worse) {
    constexpr std::size_t kAbreast = 4;
    std::size_t i = 0;
    for (; i + kAbreast <= changes.size(); i += kAbreast) {
        find_abreast<kAbreast>(levels, &changes[i], places + i, worse);
    }
    for (; i < changes.size(); ++i) find_abreast<1>(levels, &changes[i], places + i, worse);
}

bool multiply_fits(std::int64_t value, std::int64_t factor) noexcept {
    std::int64_t product = 0;
    return !__builtin_mul_overflow(value, factor, &product);
}

}  // namespace

BookSide::BookSide(Side side, std::size_t log_capacity) : side_{side}, log_(std::max<std::size_t>(log_capacity, 1)) {}

std::size_t BookSide::apply(std::span<const LevelChange> changes, Sequence at, BatchKind kind) {
    std::size_t changed = 0;
    while (!changes.empty()) {
        const std::span<const LevelChange> run = changes.first(best_first_run(changes));
        find_places(run);
        for (std::size_t i = 0; i < run.size(); ++i) changed += apply_at(places_[i], run[i], at, kind) ? 1U : 0U;
        carry_out_edits();
        changes = changes.subspan(run.size());
    }
    return changed;
}

std::size_t BookSide::best_first_run(std::span<const LevelChange> changes) const noexcept {
    std::size_t size = 1;
    while (size < changes.size() && better(changes[size - 1].price, changes[size].price)) ++size;
    return size;
}

void BookSide::find_places(std::span<const LevelChange> changes) {
    if (places_.size() < changes.size()) places_.resize(changes.size());
    if (side_ == Side::Bid) {
        find_each(levels_, changes, places_.data(), std::less<>{});
    } else {
        find_each(levels_, changes, places_.data(), std::greater<>{});
    }
}

bool BookSide::apply_at(std::size_t place, const LevelChange& change, Sequence at, BatchKind kind) {
    const bool held = place < levels_.size() && levels_[place].price == change.price;
    if (change.quantity.is_zero()) {
        // A merged batch also names prices that came and went in between: a client of that time may hold them.
        if (held || kind == BatchKind::Merged) log_departure(change.price, at);
        if (held) edits_.push_back({place, 0, false, {}});
        return held;
    }
    if (!held) {
        edits_.push_back({place, 0, true, {change.price, change.quantity, at}});
        return true;
    }
    Level& level = levels_[place];
    const bool same = level.quantity == change.quantity;
    if (same && kind == BatchKind::Exact) return false;
    level.quantity = change.quantity;
    level.changed = at;
    return !same;
}

// What stands between two edits moves by as many places as levels were added before it, less those removed.
void BookSide::carry_out_edits() {
    if (edits_.empty()) return;
    const std::size_t size_before = levels_.size();
    const auto added = static_cast<std::size_t>(std::count_if(edits_.begin(), edits_.end(), std::mem_fn(&Edit::adds)));
    const std::size_t size_after = size_before + added - (edits_.size() - added);
    if (size_after > size_before) levels_.resize(size_after);
    Level* const levels = levels_.data();

    // First what moves towards the worst level, from there on: it only goes where nothing stands, or stood.
    std::ptrdiff_t shift = 0;
    Level* end = levels + size_before;
    for (std::size_t i = edits_.size(); i-- > 0;) {
        Edit& edit = edits_[i];
        edit.shift = shift;
        Level* const place = levels + edit.place;
        if (edit.adds && shift < 0) place[shift] = edit.level;
        shift += edit.adds ? 1 : -1;
        if (shift >= 0) continue;
        Level* const next = i == 0 ? end : levels + edits_[i - 1].place;
        std::move(place + (edit.adds ? 0 : 1), next, place + (edit.adds ? 0 : 1) + shift);
    }
    // Then what moves towards the best, from there on.
    for (const Edit& edit : edits_) {
        Level* const place = levels + edit.place;
        const std::ptrdiff_t after = edit.shift + (edit.adds ? 1 : -1);
        if (after > 0) std::move_backward(place + (edit.adds ? 0 : 1), end, end + after);
        if (edit.adds && edit.shift >= 0) place[edit.shift] = edit.level;
        end = place;
    }
    if (size_after < size_before) levels_.resize(size_after);
    edits_.clear();
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

std::size_t BookSide::truncate(std::size_t depth, Sequence at) {
    if (levels_.size() <= depth) return 0;
    const std::size_t surplus = levels_.size() - depth;
    const auto kept = levels_.begin() + static_cast<std::ptrdiff_t>(surplus);
    std::for_each(levels_.begin(), kept, [&](const Level& level) { log_departure(level.price, at); });
    levels_.erase(levels_.begin(), kept);
    return surplus;
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

std::size_t OrderBook::apply(Side side, std::span<const LevelChange> changes) {
    return mutable_side(side).apply(changes, sequence_, batch_kind_);
}

std::size_t OrderBook::replace(Side side, std::vector<LevelChange>& levels) {
    return mutable_side(side).replace(levels, sequence_, replaced_);
}

std::size_t OrderBook::truncate(std::size_t depth) {
    return depth == 0 ? 0 : bids_.truncate(depth, sequence_) + asks_.truncate(depth, sequence_);
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
