#pragma once

#include <compare>
#include <cstdint>

#include "book/decimal.hpp"

namespace tickgate::book {

/// A price on one instrument's grid: a signed count of 10^-scale quote units (the symbol's price scale).
/// Zero and negative prices are real (spreads); "no price" is an empty optional.
class Price {
public:
    explicit constexpr Price(std::int64_t mantissa) noexcept : mantissa_{mantissa} {}
    [[nodiscard]] constexpr std::int64_t mantissa() const noexcept { return mantissa_; }
    friend constexpr auto operator<=>(Price, Price) noexcept = default;

private:
    std::int64_t mantissa_;
};

/// A quantity on one instrument's grid: a count of 10^-scale base units or contracts (the symbol's quantity scale).
/// Zero removes a level.
class Quantity {
public:
    explicit constexpr Quantity(std::int64_t mantissa) noexcept : mantissa_{mantissa} {}
    [[nodiscard]] constexpr std::int64_t mantissa() const noexcept { return mantissa_; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return mantissa_ == 0; }
    friend constexpr auto operator<=>(Quantity, Quantity) noexcept = default;

private:
    std::int64_t mantissa_;
};

/// Digits after the point of a symbol's prices and quantities.
struct Scales {
    std::uint8_t price = 0;
    std::uint8_t quantity = 0;

    friend bool operator==(const Scales&, const Scales&) = default;
};

/// Reads a price or quantity at the given scale. Errors: as parse_decimal and rescale.
[[nodiscard]] Result<Price> parse_price(std::string_view text, unsigned scale) noexcept;
[[nodiscard]] Result<Quantity> parse_quantity(std::string_view text, unsigned scale) noexcept;

/// Wire text. A price has exactly `scale` digits after the point; a quantity of zero is always "0".
/// `out` has room for kMaxDecimalText; returns the end of what was written.
char* write_price(char* out, Price price, unsigned scale) noexcept;
char* write_quantity(char* out, Quantity quantity, unsigned scale) noexcept;

}  // namespace tickgate::book
