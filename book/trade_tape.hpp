#pragma once

#include <cstdint>
#include <vector>

#include "book/event.hpp"

namespace tickgate::book {

/// One trade with its place in the symbol's numbering.
struct Trade {
    Price price{0};
    Quantity quantity{0};
    Side aggressor = Side::Bid;
    VenueId id;
    UnixNanos venue_time = kNoTime;
    UnixNanos receive_time = kNoTime;
};

/// The last trades of one symbol, numbered from 1 without holes. Thread: the book agent's.
class TradeTape {
public:
    static constexpr std::size_t kDefaultCapacity = 1'024;

    explicit TradeTape(std::size_t capacity = kDefaultCapacity);

    /// Appends a trade; the oldest is forgotten when the tape is full.
    void add(const Trade& trade);

    /// The number of the newest trade; 0 before the first.
    [[nodiscard]] Sequence last() const noexcept { return Sequence{count_}; }
    /// The number of the oldest trade still held; last() + 1 when none is.
    [[nodiscard]] Sequence first() const noexcept { return Sequence{count_ - held_ + 1}; }
    [[nodiscard]] std::size_t size() const noexcept { return held_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return trades_.size(); }
    /// Precondition: first() <= number <= last().
    [[nodiscard]] const Trade& at(Sequence number) const noexcept {
        return trades_[(number.value() - 1) % trades_.size()];
    }
    /// Multiplies all prices and quantities. What is older than a trade whose product does not fit is forgotten with
    /// it.
    void rescale(std::int64_t price_factor, std::int64_t quantity_factor) noexcept;

private:
    std::vector<Trade> trades_;  // ring
    std::uint64_t count_ = 0;    // trades ever added
    std::size_t held_ = 0;       // the newest of them, still in the ring
};

}  // namespace tickgate::book
