#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "book/order_book.hpp"

namespace tickgate::test {

/// What a level of the model holds, and when that last changed.
struct Held {
    std::int64_t quantity = 0;
    std::uint64_t changed = 0;
};

/// One side as a plain map. The key ranks prices, the best first: -price for bids, price for asks.
using MapSide = std::map<std::int64_t, Held>;

/// Both sides at one sequence.
using MapBook = std::map<book::Side, MapSide>;

inline std::int64_t rank_of(book::Side side, book::Price price) {
    return side == book::Side::Bid ? -price.mantissa() : price.mantissa();
}

/// The slow, obvious book that OrderBook is held against: maps, a full history, and an unbounded view of what a
/// bounded log forgets.
class MapModel {
public:
    explicit MapModel(std::size_t log_capacity) : log_capacity_{log_capacity} {}

    void begin(std::uint64_t to, bool merged) {
        sequence_ = to;
        merged_ = merged;
    }
    void set(book::Side side, book::Price price, book::Quantity quantity) {
        MapSide& levels = now_[side];
        const std::int64_t rank = rank_of(side, price);
        const auto held = levels.find(rank);
        if (quantity.is_zero()) {
            if (held != levels.end() || merged_) depart(side, rank);
            levels.erase(rank);
        } else if (held == levels.end() || held->second.quantity != quantity.mantissa() || merged_) {
            levels[rank] = {quantity.mantissa(), sequence_};
        }
    }
    void replace(book::Side side, const std::vector<book::LevelChange>& wanted) {
        MapSide fresh;
        for (const book::LevelChange& level : wanted) {
            if (!level.quantity.is_zero()) fresh[rank_of(side, level.price)] = {level.quantity.mantissa(), sequence_};
        }
        for (const auto& [rank, held] : now_[side]) {
            const auto same = fresh.find(rank);
            if (same == fresh.end()) {
                depart(side, rank);
            } else if (same->second.quantity == held.quantity) {
                same->second.changed = held.changed;
            }
        }
        now_[side] = std::move(fresh);
    }
    void add_hole(std::uint64_t after, std::uint64_t until) { holes_.emplace_back(after, until); }

    [[nodiscard]] bool remembers(std::uint64_t since) const {
        if (since < horizon_ || since > sequence_) return false;
        for (const auto& [after, until] : holes_) {
            if (after < since && since < until) return false;
        }
        return true;
    }
    /// Whether the level left in (since, at], be it long forgotten by the log.
    [[nodiscard]] bool departed(book::Side side, std::int64_t rank, std::uint64_t since, std::uint64_t at) const {
        if (!all_departures_.contains(side)) return false;
        const auto& departures = all_departures_.at(side);
        const auto next = departures.upper_bound({rank, since});
        return next != departures.end() && next->first == rank && next->second <= at;
    }
    [[nodiscard]] const MapBook& now() const { return now_; }
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

private:
    void depart(book::Side side, std::int64_t rank) {
        all_departures_[side].emplace(rank, sequence_);
        std::deque<std::uint64_t>& log = departures_[side];
        log.push_back(sequence_);
        if (log.size() > log_capacity_) {
            horizon_ = std::max(horizon_, log.front());
            log.pop_front();
        }
    }

    std::size_t log_capacity_;
    MapBook now_;
    std::uint64_t sequence_ = 0;
    bool merged_ = false;
    std::map<book::Side, std::deque<std::uint64_t>> departures_;
    std::map<book::Side, std::set<std::pair<std::int64_t, std::uint64_t>>> all_departures_;
    std::uint64_t horizon_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes_;
};

/// A client's book of one side: rank to quantity.
using ClientSide = std::map<std::int64_t, std::int64_t>;

/// The best `depth` levels of a side of the model (0: all).
inline ClientSide cut_of(const MapSide& levels, std::size_t depth) {
    ClientSide out;
    for (const auto& [rank, held] : levels) {
        if (depth != 0 && out.size() == depth) break;
        out.emplace(rank, held.quantity);
    }
    return out;
}

/// The protocol's client rule: set or erase each level, then cut to the depth.
inline void apply(ClientSide& client, book::Side side, const std::vector<book::LevelChange>& changes,
                  std::size_t depth) {
    for (const book::LevelChange& change : changes) {
        if (change.quantity.is_zero()) {
            client.erase(rank_of(side, change.price));
        } else {
            client[rank_of(side, change.price)] = change.quantity.mantissa();
        }
    }
    while (depth != 0 && client.size() > depth) client.erase(std::prev(client.end()));
}

}  // namespace tickgate::test
