#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Deribit says, as plain values. Views point into the message's text, spans into the decoder's buffers; both live
/// until its next message.
namespace tickgate::feeds::deribit {

/// Of one instrument: the whole book, or what changed since `previous`.
struct BookMessage {
    std::string_view instrument;
    std::uint64_t change_id = 0;
    std::optional<std::uint64_t> previous;  ///< none: it is the whole book
    book::UnixNanos time = book::kNoTime;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

struct InstrumentTrade {
    std::string_view instrument;
    Trade trade;
};

struct TradesMessage {
    std::span<const InstrumentTrade> trades;
};

/// The best bid and ask of an instrument, sent every few seconds at least. Nothing says as of which change they are.
struct TickerMessage {
    std::string_view instrument;
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, BookMessage, TradesMessage, TickerMessage>;

}  // namespace tickgate::feeds::deribit
