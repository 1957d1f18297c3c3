#include "feeds/interleaved_checksum.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <zlib.h>

namespace tickgate::feeds {
namespace {

constexpr std::size_t kDepth = 25;
// Sign, point, a zero in front of it, and the colon behind.
constexpr std::size_t kMaxNumber = std::numeric_limits<std::int64_t>::digits10 + 1 + 4;

char* write_number(char* out, std::int64_t mantissa, unsigned scale, ChecksumText text) noexcept {
    constexpr int kTen = 10;
    while (text == ChecksumText::Shortest && scale > 0 && mantissa % kTen == 0) {
        mantissa /= kTen;
        --scale;
    }
    if (mantissa < 0) *out++ = '-';
    const std::uint64_t digits =
        mantissa < 0 ? 0 - static_cast<std::uint64_t>(mantissa) : static_cast<std::uint64_t>(mantissa);
    std::array<char, kMaxNumber> written;
    const char* const end = std::to_chars(written.data(), written.data() + written.size(), digits).ptr;
    const auto count = static_cast<std::size_t>(end - written.data());
    const std::size_t before_point = count > scale ? count - scale : 0;
    if (before_point == 0) *out++ = '0';
    out = std::copy_n(written.data(), before_point, out);
    if (scale > 0) {
        *out++ = '.';
        out = std::fill_n(out, scale - (count - before_point), '0');
        out = std::copy_n(written.data() + before_point, count - before_point, out);
    }
    return out;
}

}  // namespace

std::uint32_t interleaved_checksum(const book::OrderBook& book, book::Scales scales, ChecksumText text) noexcept {
    std::array<char, 2 * kDepth * 2 * kMaxNumber> line;
    char* out = line.data();
    const auto bids = book.side(book::Side::Bid).best(kDepth);
    const auto asks = book.side(book::Side::Ask).best(kDepth);
    // The best is at the end.
    const auto write_level = [&](const auto& levels, std::size_t i) {
        if (i >= levels.size()) return;
        const auto& level = levels[levels.size() - 1 - i];
        out = write_number(out, level.price.mantissa(), scales.price, text);
        *out++ = ':';
        out = write_number(out, level.quantity.mantissa(), scales.quantity, text);
        *out++ = ':';
    };
    for (std::size_t i = 0; i < kDepth; ++i) {
        write_level(bids, i);
        write_level(asks, i);
    }
    const auto written = out - line.data();
    const auto size = static_cast<uInt>(written == 0 ? 0 : written - 1);  // no colon at the end
    return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(line.data()), size));
}

}  // namespace tickgate::feeds
