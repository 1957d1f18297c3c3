#include "feeds/decimal_reader.hpp"

namespace tickgate::feeds::detail {

const char* read_any_decimal(const char* at, book::Decimal& out) noexcept {
    const char* end = at;
    // Stops at the first character that no number has, at the latest at the end of the JSON document.
    while (continues_number(*end)) ++end;
    const auto value = book::parse_decimal({at, end});
    if (!value) return nullptr;
    out = *value;
    return end;
}

}  // namespace tickgate::feeds::detail
