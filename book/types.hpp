#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace tickgate::book {

/// A side of the book. In a trade: the taker's (aggressor's) side, where Bid means that the taker bought.
enum class Side : std::uint8_t { Bid, Ask };

[[nodiscard]] constexpr Side opposite(Side side) noexcept {
    return side == Side::Bid ? Side::Ask : Side::Bid;
}

/// Nanoseconds since 1970 UTC: a venue's time or the time a message was read.
using UnixNanos = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What a time field holds when the venue gave none. Never sent to a client.
inline constexpr UnixNanos kNoTime = UnixNanos::min();

/// Numbers instruments within one process, dense from 0, never reused.
enum class InstrumentId : std::uint32_t {};

/// Numbers feeds within one process, dense from 0.
enum class FeedId : std::uint32_t {};

[[nodiscard]] constexpr std::size_t index_of(InstrumentId id) noexcept {
    return static_cast<std::size_t>(id);
}
[[nodiscard]] constexpr std::size_t index_of(FeedId id) noexcept {
    return static_cast<std::size_t>(id);
}

/// Our number of one symbol's book, rising by one with every applied batch; 0 is the book before its first batch.
/// Sequences of different symbols or epochs do not compare. Never a venue's update id.
class Sequence {
public:
    constexpr Sequence() noexcept = default;
    explicit constexpr Sequence(std::uint64_t value) noexcept : value_{value} {}
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
    [[nodiscard]] constexpr Sequence next() const noexcept { return Sequence{value_ + 1}; }
    friend constexpr auto operator<=>(Sequence, Sequence) noexcept = default;

private:
    std::uint64_t value_ = 0;
};

/// State of one symbol, as clients see it.
enum class SymbolState : std::uint8_t { Starting, Live, Stale, Resyncing, Halted, Closed };

/// Why a symbol is in its state.
enum class StateReason : std::uint8_t {
    None,
    NoUpdate,
    Gap,
    Checksum,
    Crossed,
    Reconnect,
    QueueFull,
    OutsideSnapshot,
    BadMessage,
    Snapshot,
};

}  // namespace tickgate::book
