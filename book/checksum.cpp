#include "book/checksum.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace tickgate::book {
namespace {

constexpr std::size_t kMaxLevelText = 2 * kMaxDecimalText + 2;  // with ':' and ','

char* write_best(char* out, std::span<const Level> levels, Scales scales) noexcept {
    const std::size_t count = std::min(levels.size(), kChecksumDepth);
    for (std::size_t i = 1; i <= count; ++i) {
        const Level& level = levels[levels.size() - i];
        if (i > 1) *out++ = ',';
        out = write_price(out, level.price, scales.price);
        *out++ = ':';
        out = write_quantity(out, level.quantity, scales.quantity);
    }
    return out;
}

}  // namespace

std::uint32_t wire_checksum(std::span<const Level> bids, std::span<const Level> asks, Scales scales) noexcept {
    std::array<char, 2 * kChecksumDepth * kMaxLevelText + 1> text;
    char* end = write_best(text.data(), bids, scales);
    *end++ = '|';
    end = write_best(end, asks, scales);
    const auto size = static_cast<uInt>(end - text.data());
    return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(text.data()), size));
}

}  // namespace tickgate::book
