#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "book/decimal.hpp"
#include "book/price.hpp"
#include "feeds/market_data.hpp"

namespace tickgate::feeds {

/// Digits after the point that a scale may have. Venues seldom write more than 8; amounts up to 922 million fit.
inline constexpr std::uint8_t kMostDigits = 10;

/// Raises `scales` to the digits that are written, zeros at the end included; of too many, to as many as may be. For
/// the scales at which a symbol is listed.
void widen(book::Scales& scales, const PriceLevel& level) noexcept;
void widen(book::Scales& scales, std::span<const PriceLevel> levels) noexcept;

/// The scale that a symbol at `scale` must have to hold `value`: the same, or as many digits as `value` really has.
/// Zeros at its end are no digits to speak of.
[[nodiscard]] std::uint8_t raised_scale(std::uint8_t scale, book::Decimal value) noexcept;

/// The mantissa of `value` at `scale`; nothing when it does not fit there. Most values come at the scale itself.
[[nodiscard]] inline std::optional<std::int64_t> mantissa_at(unsigned scale, book::Decimal value) noexcept {
    if (value.scale == scale) return value.mantissa;
    const auto mantissa = book::rescale(value, scale);
    return mantissa ? std::optional{*mantissa} : std::nullopt;
}

}  // namespace tickgate::feeds
