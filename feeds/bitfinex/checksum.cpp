#include "feeds/bitfinex/checksum.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <zlib.h>

namespace tickgate::feeds::bitfinex {
namespace {

constexpr std::size_t kDepth = 25;
constexpr std::size_t kMaxNumber = 48;  // sign, 19 digits, up to 18 zeros, point, exponent, colon

/// A number's text by JavaScript's Number::toString. `out` has room for kMaxNumber. Returns the end.
char* write_number(char* out, std::int64_t mantissa, unsigned scale) noexcept {
    if (mantissa < 0) *out++ = '-';
    std::uint64_t size = mantissa < 0 ? -static_cast<std::uint64_t>(mantissa) : static_cast<std::uint64_t>(mantissa);
    for (; scale > 0 && size % 10 == 0; --scale) size /= 10;
    std::array<char, 20> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
    const auto count = static_cast<int>(end - digits.data());
    const int whole = count - static_cast<int>(scale);  // digits before the point; negative: zeros behind it
    const auto copy = [&](int from, int to) { return std::copy(digits.data() + from, digits.data() + to, out); };
    if (whole > 0) {
        out = copy(0, whole);
        if (scale == 0) return out;
        *out++ = '.';
        return copy(whole, count);
    }
    constexpr int kMostZeros = 5;
    if (-whole <= kMostZeros) {
        *out++ = '0';
        *out++ = '.';
        out = std::fill_n(out, -whole, '0');
        return copy(0, count);
    }
    out = copy(0, 1);
    if (count > 1) {
        *out++ = '.';
        out = copy(1, count);
    }
    *out++ = 'e';
    *out++ = '-';
    return std::to_chars(out, out + 2, 1 - whole).ptr;
}

}  // namespace

std::uint32_t book_checksum(const book::OrderBook& book, book::Scales scales) noexcept {
    std::array<char, 2 * kDepth * 2 * kMaxNumber> text;
    char* out = text.data();
    const auto bids = book.side(book::Side::Bid).best(kDepth);
    const auto asks = book.side(book::Side::Ask).best(kDepth);
    const auto write_level = [&](const auto& levels, std::size_t rank, int sign) {
        if (rank >= levels.size()) return;
        const book::Level& level = levels[levels.size() - 1 - rank];  // the best is the last
        out = write_number(out, level.price.mantissa(), scales.price);
        *out++ = ':';
        out = write_number(out, sign * level.quantity.mantissa(), scales.quantity);
        *out++ = ':';
    };
    for (std::size_t rank = 0; rank < kDepth; ++rank) {
        write_level(bids, rank, 1);
        write_level(asks, rank, -1);
    }
    if (out != text.data()) --out;  // the last colon
    const auto size = static_cast<uInt>(out - text.data());
    return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(text.data()), size));
}

}  // namespace tickgate::feeds::bitfinex
