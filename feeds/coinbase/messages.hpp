#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "feeds/market_data.hpp"

/// What Coinbase says, on Exchange's feed or Advanced Trade's, as plain values. Views point into the message's text,
/// spans into the decoder's buffers; both live until its next message.
namespace tickgate::feeds::coinbase {

/// Of one product: the whole book, or what changed.
struct Book {
    std::string_view product;
    bool is_snapshot = false;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

struct BooksMessage {
    book::UnixNanos time = book::kNoTime;
    std::span<const Book> books;  ///< Exchange sends one at a time
};

struct ProductTrade {
    std::string_view product;
    Trade trade;
};

struct TradesMessage {
    std::span<const ProductTrade> trades;
};

/// Exchange: a trade, which has the product's next id; or the last one from before the subscription.
struct MatchMessage {
    ProductTrade match;
    bool is_replay = false;
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

struct Message {
    std::optional<std::uint64_t> sequence;  ///< Advanced Trade: of the connection, each message's is the next
    std::variant<Ignored, BooksMessage, MatchMessage, TradesMessage> said;
};

}  // namespace tickgate::feeds::coinbase
