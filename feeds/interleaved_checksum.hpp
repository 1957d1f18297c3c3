#pragma once

#include <cstdint>

#include "book/order_book.hpp"

namespace tickgate::feeds {

/// How a venue writes the numbers that its checksum is over.
enum class ChecksumText : std::uint8_t {
    Shortest,     ///< no zeros at the end: 5.1
    FixedDigits,  ///< as many as the symbol's scales: 5.1000
};

/// CRC-32 over `bid:size:ask:size:..`, the best 25 of each side in turn; where one side has fewer, the other goes on
/// alone. Venues send it as a signed number.
[[nodiscard]] std::uint32_t interleaved_checksum(const book::OrderBook& book, book::Scales scales,
                                                 ChecksumText text) noexcept;

}  // namespace tickgate::feeds
