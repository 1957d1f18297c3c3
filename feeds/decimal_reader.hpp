#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "book/decimal.hpp"

namespace tickgate::feeds {

namespace detail {

/// Up to eight digits at `at`, with their value. Looks at eight bytes at once, which must be readable.
struct DigitRun {
    std::uint64_t value;
    unsigned count;
};

inline DigitRun read_digits(const char* at) noexcept {
    static_assert(std::endian::native == std::endian::little, "digits are weighed by their place in a word");
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, at, sizeof chunk);
    chunk ^= 0x3030303030303030U;  // digits become 0 to 9
    const std::uint64_t others = (chunk | (chunk + 0x7676767676767676U)) & 0x8080808080808080U;
    const auto count = static_cast<unsigned>(std::countr_zero(others)) / 8;  // 8 when all are digits
    if (count == 0) return {0, 0};
    chunk <<= (8 - count) * 8;  // zeros in front
    // Neighbours are added up in pairs: tens, then hundreds, then ten thousands.
    chunk = chunk * 10 + (chunk >> 8);
    constexpr std::uint64_t kPairs = 0x000000FF000000FFU;
    chunk = (chunk & kPairs) * 0x000F424000000064U + ((chunk >> 16) & kPairs) * 0x0000271000000001U;
    return {chunk >> 32, count};
}

inline constexpr std::array<std::int64_t, 9> kPowersOfTen{1,       10,        100,        1'000,      10'000,
                                                          100'000, 1'000'000, 10'000'000, 100'000'000};

/// Any decimal that is not read at once: more digits, a sign, an exponent. Returns where it ends; nullptr when it is
/// none that fits.
const char* read_any_decimal(const char* at, book::Decimal& out) noexcept;

/// Whether a number that was read up to here goes on.
inline bool continues_number(char c) noexcept {
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

/// Reads up to the first character that `ends` it. Returns where that is; nullptr when it is no decimal that fits. The
/// place is handed through, not kept behind a reference: what waits for it in memory waits for each decimal.
template <typename Ends>
inline const char* read_decimal(const char* at, book::Decimal& out, Ends ends) noexcept {
    const DigitRun whole = read_digits(at);
    const char* const point = at + whole.count;
    if (whole.count > 0 && *point == '.') {
        const DigitRun fraction = read_digits(point + 1);
        const char* const end = point + 1 + fraction.count;
        if (fraction.count > 0 && ends(*end)) {
            out.mantissa = static_cast<std::int64_t>(whole.value) * kPowersOfTen[fraction.count] +
                           static_cast<std::int64_t>(fraction.value);
            out.scale = static_cast<std::uint8_t>(fraction.count);
            return end;
        }
    } else if (whole.count > 0 && ends(*point)) {
        out = {static_cast<std::int64_t>(whole.value), 0};
        return point;
    }
    const char* const end = read_any_decimal(at, out);
    return end != nullptr && ends(*end) ? end : nullptr;
}

}  // namespace detail

/// Reads `"digits[.digits]"`, quotes included, as written, and moves `at` behind it. For text inside a payload that is
/// followed by kPayloadPadding readable bytes. False, with `at` unspecified, when it is no decimal that fits.
[[nodiscard]] inline bool read_quoted_decimal(const char*& at, book::Decimal& out) noexcept {
    if (*at != '"') return false;
    const char* const end = detail::read_decimal(at + 1, out, [](char c) { return c == '"'; });
    if (end == nullptr) return false;
    at = end + 1;
    return true;
}

/// The same of a bare JSON number, whose text counts as well: `0.00005100` has eight digits after its point.
[[nodiscard]] inline bool read_bare_decimal(const char*& at, book::Decimal& out) noexcept {
    const char* const end = detail::read_decimal(at, out, [](char c) { return !detail::continues_number(c); });
    if (end == nullptr) return false;
    at = end;
    return true;
}

}  // namespace tickgate::feeds
