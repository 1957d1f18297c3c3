#include "feeds/scaling.hpp"

namespace tickgate::feeds {

std::uint8_t raised_scale(std::uint8_t scale, book::Decimal value) noexcept {
    while (value.scale > scale && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        --value.scale;
    }
    return value.scale > scale ? value.scale : scale;
}

}  // namespace tickgate::feeds
