#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "book/decimal.hpp"
#include "book/types.hpp"
#include "feeds/market_data.hpp"

/// What Binance says, as plain values: Spot, USD-M and COIN-M futures alike. Views point into the message's text,
/// spans into the vector that the caller gave to the decoder; both live until its next message.
namespace tickgate::feeds::binance {

/// Update ids that one depth event covers, both ends included, as sent.
struct UpdateRange {
    std::uint64_t first = 0;                ///< U
    std::uint64_t last = 0;                 ///< u
    std::optional<std::uint64_t> previous;  ///< pu, futures only: the `u` of the event before

    friend bool operator==(const UpdateRange&, const UpdateRange&) = default;
};

/// Times are the transaction time T, else the event time E, else none; milliseconds at the source.

struct DepthUpdate {
    std::string_view symbol;
    UpdateRange ids;
    book::UnixNanos time = book::kNoTime;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

/// A REST answer. Its symbol is in it on COIN-M only: else the one that was asked for.
struct DepthSnapshot {
    std::string_view symbol;
    std::uint64_t last_update_id = 0;
    book::UnixNanos time = book::kNoTime;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

/// `trade` or `aggTrade`, with the id of that stream.
struct Trade {
    std::string_view symbol;
    std::uint64_t id = 0;
    book::Decimal price;
    book::Decimal quantity;
    book::Side aggressor = book::Side::Bid;
    book::UnixNanos time = book::kNoTime;
};

struct BookTicker {
    std::string_view symbol;
    std::uint64_t update_id = 0;
    book::UnixNanos time = book::kNoTime;
    PriceLevel bid;
    PriceLevel ask;
};

/// Well-formed, and nothing that a book or a tape is made of.
struct Ignored {};

using Message = std::variant<Ignored, DepthUpdate, DepthSnapshot, Trade, BookTicker>;

}  // namespace tickgate::feeds::binance
