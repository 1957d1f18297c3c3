#pragma once

#include <cstdint>
#include <limits>

#include "book/types.hpp"

namespace tickgate::gateway {

/// What a client holds of one stream: the sequence (trades: the number) it has come to, or nothing at all yet.
class Position {
public:
    constexpr Position() noexcept = default;  ///< nothing
    explicit constexpr Position(book::Sequence sequence) noexcept : value_{sequence.value()} {}

    [[nodiscard]] constexpr bool is_nothing() const noexcept { return value_ == kNothing; }
    /// Precondition: not nothing.
    [[nodiscard]] constexpr book::Sequence sequence() const noexcept { return book::Sequence{value_}; }

    friend constexpr bool operator==(Position, Position) noexcept = default;

private:
    static constexpr std::uint64_t kNothing = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value_ = kNothing;
};

}  // namespace tickgate::gateway
