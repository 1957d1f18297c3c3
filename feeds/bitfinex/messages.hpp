#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Bitfinex says, in version 2 of its protocol. Views point into the message's text, spans into the decoder's
/// buffers; both live until its next message.
namespace tickgate::feeds::bitfinex {

/// A message of a channel. What its data mean, the channel tells, which only `Subscribed` has named.
struct ChannelMessage {
    std::uint64_t channel = 0;
    std::string_view word;                ///< `hb`, `te`, `tu`, `cs`; empty before data without one
    std::string_view data;                ///< raw JSON; empty where there are none
    std::optional<std::uint64_t> number;  ///< what follows: with kSequenceAll, of the connection
};

struct Subscribed {
    std::uint64_t channel = 0;
    std::string_view kind;       ///< `book`, `trades`, ..
    std::string_view symbol;     ///< `tBTCUSD`
    std::string_view precision;  ///< of a book: `P0`, or `R0` for single orders
};

struct Unsubscribed {
    std::uint64_t channel = 0;
};

/// The flags of the connection from now on.
struct Configured {
    std::uint64_t flags = 0;
};
inline constexpr std::uint64_t kSequenceAll = 65'536;  ///< every message has a number

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, ChannelMessage, Subscribed, Unsubscribed, Configured>;

/// The data of a book's channel: the whole book, or what changed.
struct Book {
    bool is_snapshot = false;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

}  // namespace tickgate::feeds::bitfinex
