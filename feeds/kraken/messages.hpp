#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Kraken says, in its protocol's version 1 or 2, as plain values. Views point into the message's text, spans into
/// the decoder's buffers; both live until its next message.
namespace tickgate::feeds::kraken {

/// Of one symbol: the whole book, or what changed.
struct BookMessage {
    std::string_view symbol;
    bool is_snapshot = false;
    std::uint32_t depth = 0;                ///< version 1, from the channel's name: `book-1000`; 0: not said
    std::optional<std::uint32_t> checksum;  ///< of the book after it; version 1 sends none with a snapshot
    book::UnixNanos time = book::kNoTime;   ///< version 1: the latest of its levels'
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

struct SymbolTrade {
    std::string_view symbol;
    Trade trade;  ///< version 1 sends no id
};

struct TradesMessage {
    std::span<const SymbolTrade> trades;
};

/// Version 2 has subscribed us to a book of this depth.
struct Subscribed {
    std::string_view symbol;
    std::uint32_t depth = 0;
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, BookMessage, TradesMessage, Subscribed>;

}  // namespace tickgate::feeds::kraken
