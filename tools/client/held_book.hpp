#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "book/types.hpp"

namespace simdjson::dom {
class array;
}  // namespace simdjson::dom

namespace tickgate::client {

/// A level as the gateway wrote it. The text is kept: the checksum is over the strings exactly as sent.
struct HeldLevel {
    std::string price;
    std::string quantity;
};

/// One side of a book, best level first.
class HeldSide {
public:
    explicit HeldSide(book::Side side) noexcept : side_{side} {}

    /// Sets the level at `price`, or removes it where `quantity` is "0". False: `price` is no decimal of our range.
    [[nodiscard]] bool set(std::string_view price, std::string_view quantity);
    /// Keeps the best `depth` levels; 0 keeps all.
    void cut(std::size_t depth);
    void clear() noexcept { levels_.clear(); }

    /// Keyed by rank: the price at the instrument's fixed scale, counted from the best.
    [[nodiscard]] const std::map<std::int64_t, HeldLevel>& levels() const noexcept { return levels_; }

private:
    [[nodiscard]] std::optional<std::int64_t> rank(std::string_view price) const;

    book::Side side_;
    std::map<std::int64_t, HeldLevel> levels_;
};

/// Sets the levels of a snapshot or delta, `[["price","quantity"],…]`. False: one of them could not be read.
[[nodiscard]] bool set_levels(HeldSide& side, const simdjson::dom::array& levels);

/// One symbol's book as a client holds it.
struct HeldBook {
    std::string symbol;
    std::string epoch;
    std::uint64_t seq = 0;
    std::uint64_t depth = 0;  ///< levels a side; 0: the whole book
    HeldSide bids{book::Side::Bid};
    HeldSide asks{book::Side::Ask};
    bool ok = false;  ///< verified; one that is not takes no delta until a snapshot has come

    void cut();
    /// The protocol's `ck`: zlib's CRC-32 over the best ten levels of each side.
    [[nodiscard]] std::uint32_t checksum() const;
};

/// The smaller of two depths, where 0 is the deepest.
[[nodiscard]] std::uint64_t shallower(std::uint64_t a, std::uint64_t b) noexcept;

}  // namespace tickgate::client
