#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Bitget says in version 1 or 2 of its protocol, as plain values. Views point into the message's text, spans into
/// the decoder's buffers; both live until its next message.
namespace tickgate::feeds::bitget {

/// Channel `books`, of one symbol: the whole book, or what changed.
struct BookMessage {
    std::string_view symbol;
    bool is_snapshot = false;
    book::UnixNanos time = book::kNoTime;
    std::optional<std::uint64_t> sequence;       ///< version 2
    std::optional<std::uint64_t> prev_sequence;  ///< version 2: that of the message before; 0 where numbers start over
    std::optional<std::uint32_t> checksum;       ///< none where it is 0
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

/// Channel `trade`, of one symbol.
struct TradesMessage {
    std::string_view symbol;
    std::span<const Trade> trades;  ///< version 1 sends no id
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, BookMessage, TradesMessage>;

}  // namespace tickgate::feeds::bitget
