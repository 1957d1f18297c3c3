#pragma once

#include <cstdint>

#include "book/order_book.hpp"

namespace tickgate::feeds::kraken {

/// The checksum by Kraken's rule, of both versions: CRC-32 over the best ten asks, then the best ten bids, best first,
/// of each the price and then the quantity, as the venue writes them at the symbol's digits, without the point and
/// without zeros in front.
[[nodiscard]] std::uint32_t book_checksum(const book::OrderBook& book, book::Scales scales) noexcept;

}  // namespace tickgate::feeds::kraken
