#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tickgate::feeds {

/// What a venue's name without a suffix means.
enum class BareName { Spot, Perpetual };

/// How one venue writes its symbols; the protocol's canonical form is VENUE:BASE-QUOTE[-PERP|-YYMMDD|..].
struct SymbolStyle {
    std::string_view prefix;  ///< VENUE
    BareName bare = BareName::Spot;
    std::span<const std::string_view> quotes;  ///< in names without a separator: the longest that ends the name
    std::string_view mark{};                   ///< in front of each name, no part of it; in upper case
};

/// Quotes that are known without a venue's metadata.
[[nodiscard]] std::span<const std::string_view> known_quotes() noexcept;

/// The canonical name of a venue's own: `BTCUSDT` is BINANCE:BTC-USDT, `ETHUSD_PERP` is BINANCE-COINM:ETH-USD-PERP,
/// `UNI-USD-SWAP` is OKX:UNI-USD-PERP, `BTC-24SEP21-8000-P` is DERIBIT:BTC-210924-8000-P. A name that ends in no known
/// quote keeps its letters: VENUE:NAME.
[[nodiscard]] std::string canonical_symbol(const SymbolStyle& style, std::string_view venue_symbol);

/// ASCII letters in upper case; other bytes as they are.
[[nodiscard]] std::string upper_case(std::string_view text);

}  // namespace tickgate::feeds
