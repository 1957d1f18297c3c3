#include "tools/client/held_book.hpp"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "book/decimal.hpp"
#include "tools/client/json_fields.hpp"

namespace tickgate::client {

namespace {

constexpr std::size_t kChecksumDepth = 10;

std::string checksum_text(const HeldSide& side) {
    std::string text;
    std::size_t count = 0;
    for (const auto& [rank, level] : side.levels()) {
        if (count++ == kChecksumDepth) break;
        if (!text.empty()) text += ',';
        text.append(level.price).append(1, ':').append(level.quantity);
    }
    return text;
}

}  // namespace

std::optional<std::int64_t> HeldSide::rank(std::string_view price) const {
    const auto decimal = book::parse_decimal(price);
    if (!decimal) return std::nullopt;
    return side_ == book::Side::Bid ? -decimal->mantissa : decimal->mantissa;
}

bool HeldSide::set(std::string_view price, std::string_view quantity) {
    const std::optional<std::int64_t> key = rank(price);
    if (!key) return false;
    if (quantity == "0") {
        levels_.erase(*key);
    } else {
        levels_.insert_or_assign(*key, HeldLevel{std::string{price}, std::string{quantity}});
    }
    return true;
}

void HeldSide::cut(std::size_t depth) {
    if (depth == 0) return;
    while (levels_.size() > depth) levels_.erase(std::prev(levels_.end()));
}

bool set_levels(HeldSide& side, const simdjson::dom::array& levels) {
    bool readable = true;
    for (const simdjson::dom::element level : levels) {
        simdjson::dom::array pair;
        if (level.get_array().get(pair) != simdjson::SUCCESS) return false;
        const std::string_view quantity = text_at(pair, 1);
        readable &= !quantity.empty() && side.set(text_at(pair, 0), quantity);
    }
    return readable;
}

void HeldBook::cut() {
    bids.cut(depth);
    asks.cut(depth);
}

std::uint32_t HeldBook::checksum() const {
    const std::string text = checksum_text(bids) + '|' + checksum_text(asks);
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
    return static_cast<std::uint32_t>(crc);
}

std::uint64_t shallower(std::uint64_t a, std::uint64_t b) noexcept {
    if (a == 0 || b == 0) return std::max(a, b);
    return std::min(a, b);
}

}  // namespace tickgate::client
