#pragma once

#include <cstdint>

#include "book/order_book.hpp"

namespace tickgate::feeds::bitfinex {

/// The checksum by Bitfinex's rule: CRC-32 over the best 25 levels of each side in turn, `bid:amount:ask:-amount:..`,
/// numbers as JavaScript writes them: shortest, and below 0.000001 with an exponent.
[[nodiscard]] std::uint32_t book_checksum(const book::OrderBook& book, book::Scales scales) noexcept;

}  // namespace tickgate::feeds::bitfinex
