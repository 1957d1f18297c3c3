#include "feeds/scaling.hpp"

#include <algorithm>

namespace tickgate::feeds {

void widen(book::Scales& scales, const PriceLevel& level) noexcept {
    scales.price = std::max(scales.price, std::min(level.price.scale, kMostDigits));
    scales.quantity = std::max(scales.quantity, std::min(level.quantity.scale, kMostDigits));
}

void widen(book::Scales& scales, std::span<const PriceLevel> levels) noexcept {
    for (const PriceLevel& level : levels) widen(scales, level);
}

std::uint8_t raised_scale(std::uint8_t scale, book::Decimal value) noexcept {
    while (value.scale > scale && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        --value.scale;
    }
    return value.scale > scale ? value.scale : scale;
}

}  // namespace tickgate::feeds
