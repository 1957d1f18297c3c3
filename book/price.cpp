#include "book/price.hpp"

namespace tickgate::book {

Result<Price> parse_price(std::string_view text, unsigned scale) noexcept {
    const Result<Decimal> decimal = parse_decimal(text);
    if (!decimal) return decimal.error();
    const Result<std::int64_t> mantissa = rescale(*decimal, scale);
    if (!mantissa) return mantissa.error();
    return Price{*mantissa};
}

Result<Quantity> parse_quantity(std::string_view text, unsigned scale) noexcept {
    const Result<Decimal> decimal = parse_decimal(text);
    if (!decimal) return decimal.error();
    const Result<std::int64_t> mantissa = rescale(*decimal, scale);
    if (!mantissa) return mantissa.error();
    return Quantity{*mantissa};
}

char* write_price(char* out, Price price, unsigned scale) noexcept {
    return write_decimal(out, price.mantissa(), scale);
}

char* write_quantity(char* out, Quantity quantity, unsigned scale) noexcept {
    if (quantity.is_zero()) {
        *out = '0';
        return out + 1;
    }
    return write_decimal(out, quantity.mantissa(), scale);
}

}  // namespace tickgate::book
