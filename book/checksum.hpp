#pragma once

#include <cstdint>
#include <span>

#include "book/order_book.hpp"

namespace tickgate::book {

/// Levels of each side that the wire checksum covers.
inline constexpr std::size_t kChecksumDepth = 10;

/// The checksum `ck` of the protocol: zlib's CRC-32 over `price:quantity` of the best ten bids, best first, joined by
/// `,`, then `|`, then the best ten asks likewise, with the text exactly as on the wire.
/// `bids`, `asks`: worst first, as a book or a cut holds them; only the last ten count.
[[nodiscard]] std::uint32_t wire_checksum(std::span<const Level> bids, std::span<const Level> asks,
                                          Scales scales) noexcept;

}  // namespace tickgate::book
