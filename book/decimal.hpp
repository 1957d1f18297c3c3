#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "book/error.hpp"

namespace tickgate::book {

/// Digits after the point that a scaled integer of 63 bits can have and still hold 1.
inline constexpr unsigned kMaxScale = 18;

/// A decimal as it was written: mantissa * 10^-scale. "1.50" is {150, 2}.
struct Decimal {
    std::int64_t mantissa = 0;
    std::uint8_t scale = 0;

    friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// Reads `-?digits[.digits]` with an optional exponent (`2e-8`), exactly. A value that needs more than 63 bits as
/// written is tried again without its trailing zeros after the point.
/// Errors: Malformed, Overflow.
[[nodiscard]] Result<Decimal> parse_decimal(std::string_view text) noexcept;

/// The mantissa of `value` at `scale`. Zeros beyond the scale are cut.
/// Errors: DigitsBeyondScale (never a rounding), Overflow.
[[nodiscard]] Result<std::int64_t> rescale(Decimal value, unsigned scale) noexcept;

/// Longest text that `write_decimal` writes: sign, 19 digits, point, one leading zero.
inline constexpr std::size_t kMaxDecimalText = 22;

/// Writes mantissa * 10^-scale with exactly `scale` digits after the point. `out` has room for kMaxDecimalText.
/// Returns the end of what it wrote.
char* write_decimal(char* out, std::int64_t mantissa, unsigned scale) noexcept;

/// `write_decimal` as a string; for logs, tests and tools.
[[nodiscard]] std::string decimal_text(std::int64_t mantissa, unsigned scale);

}  // namespace tickgate::book
