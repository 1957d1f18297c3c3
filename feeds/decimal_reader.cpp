#include "feeds/decimal_reader.hpp"

namespace tickgate::feeds::detail {

bool read_any_quoted_decimal(const char*& at, book::Decimal& out) noexcept {
    const char* const text = at + 1;
    const char* end = text;
    // Stops at the first character that no number has, at the latest at the end of the JSON document.
    while ((*end >= '0' && *end <= '9') || *end == '.' || *end == '-' || *end == '+' || *end == 'e' || *end == 'E')
        ++end;
    if (*end != '"') return false;
    const auto value = book::parse_decimal({text, end});
    if (!value) return false;
    out = *value;
    at = end + 1;
    return true;
}

}  // namespace tickgate::feeds::detail
