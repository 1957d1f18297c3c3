#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Bybit says in version 5 of its protocol, as plain values. Views point into the message's text, spans into the
/// decoder's buffers; both live until its next message.
namespace tickgate::feeds::bybit {

/// Topic `orderbook.N.SYMBOL`: the whole book to depth N, or what changed.
struct BookMessage {
    std::string_view symbol;
    bool is_snapshot = false;
    std::uint64_t update_id = 0;           ///< `u`: the topic's next, or 1 when the venue restarts
    book::UnixNanos time = book::kNoTime;  ///< the matching engine's, if said; else when it was sent
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

struct SymbolTrade {
    std::string_view symbol;
    Trade trade;
};

struct TradesMessage {
    std::span<const SymbolTrade> trades;
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, BookMessage, TradesMessage>;

}  // namespace tickgate::feeds::bybit
