#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What OKX says in version 5 of its protocol, as plain values. Views point into the message's text, spans into the
/// decoder's buffers; both live until its next message.
namespace tickgate::feeds::okx {

/// Channel `books`, of one instrument: the whole book, or what changed.
struct BookMessage {
    std::string_view instrument;
    bool is_snapshot = false;
    book::UnixNanos time = book::kNoTime;
    std::optional<std::uint64_t> sequence;       ///< `seqId`; none in 2022
    std::optional<std::uint64_t> prev_sequence;  ///< `prevSeqId`; none with a snapshot, where it is -1
    std::optional<std::uint32_t> checksum;       ///< none where it is 0, as all are since June 2026
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

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, BookMessage, TradesMessage>;

}  // namespace tickgate::feeds::okx
