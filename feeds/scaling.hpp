#pragma once

#include <cstdint>
#include <optional>

#include "book/decimal.hpp"

namespace tickgate::feeds {

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
