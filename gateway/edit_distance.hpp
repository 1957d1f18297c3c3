#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace tickgate::gateway {

/// Longest text that is compared; anything longer is far from everything.
inline constexpr std::size_t kMaxComparedText = 64;

/// How many characters must be inserted, removed, replaced or swapped with their neighbour to make `a` into `b`,
/// ignoring ASCII case. Nothing when it is more than `limit`.
[[nodiscard]] std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b,
                                                       std::size_t limit) noexcept;

/// How far off a misspelt word of this length may reasonably be.
[[nodiscard]] std::size_t plausible_distance(std::size_t length) noexcept;

/// The candidate nearest to `word`, the first of several; empty when none is plausibly meant.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) noexcept;

}  // namespace tickgate::gateway
