#pragma once

#include <chrono>

#include "book/types.hpp"

namespace tickgate::feeds {

/// How long one symbol keeps silent when all is well, learned from its own pauses: a busy one is missed after seconds,
/// one that trades twice an hour is not missed for hours. Times are receive times. Thread: the feed's.
class Silence {
public:
    /// Nobody is missed sooner.
    static constexpr std::chrono::seconds kFloor{10};
    /// How many of its longest recent pauses a symbol is given.
    static constexpr int kPatience = 4;
    /// A longer pause is no habit: it was this long, or a time is damaged.
    static constexpr std::chrono::days kLongestPause{7};

    /// Something of the symbol came.
    void end(book::UnixNanos at) noexcept;
    /// It has been silent for longer than is its habit. Never before anything came.
    [[nodiscard]] bool is_unusual(book::UnixNanos now) const noexcept;

private:
    book::UnixNanos since_ = book::kNoTime;
    std::chrono::nanoseconds longest_pause_{0};  // fades with every message
};

}  // namespace tickgate::feeds
