#include "feeds/kraken/checksum.hpp"

#include <array>
#include <charconv>
#include <limits>

#include <zlib.h>

namespace tickgate::feeds::kraken {
namespace {

constexpr std::size_t kDepth = 10;
constexpr std::size_t kMaxNumber = std::numeric_limits<std::int64_t>::digits10 + 2;

}  // namespace

std::uint32_t book_checksum(const book::OrderBook& book, book::Scales) noexcept {
    std::array<char, 2 * kDepth * 2 * kMaxNumber> text;
    char* out = text.data();
    // A mantissa at the venue's scale is the venue's text without its point.
    const auto write = [&](std::int64_t mantissa) {
        out = std::to_chars(out, text.data() + text.size(), mantissa).ptr;
    };
    for (const book::Side side : {book::Side::Ask, book::Side::Bid}) {
        const auto levels = book.side(side).best(kDepth);
        for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
            write(level->price.mantissa());
            write(level->quantity.mantissa());
        }
    }
    const auto size = static_cast<uInt>(out - text.data());
    return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(text.data()), size));
}

}  // namespace tickgate::feeds::kraken
