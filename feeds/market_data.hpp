#pragma once

#include <cstdint>
#include <span>

#include "book/decimal.hpp"
#include "book/event.hpp"
#include "book/types.hpp"

/// What any venue says of one symbol, as plain values with the digits that it wrote.
namespace tickgate::feeds {

/// A level as sent: an absolute quantity, zero where the level is gone.
struct PriceLevel {
    book::Decimal price;
    book::Decimal quantity;
};

/// The levels of one message: a snapshot, or what changed. A view.
struct LevelBatch {
    book::VenueId id;  ///< update id, sequence or checksum: what the venue's book stands at after it
    book::UnixNanos venue_time = book::kNoTime;
    book::UnixNanos receive_time = book::kNoTime;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
    /// `id` is the venue's checksum of the book after this batch, which the instrument's rule verifies.
    bool has_checksum = false;
    /// Of a snapshot: the venue cut it off, and later tells what is behind its end only as it changes.
    bool is_partial = false;
    /// Of a snapshot: levels of each side that the venue keeps it up to, without a word of what falls out; 0: all.
    std::uint32_t depth = 0;
};

struct Trade {
    book::VenueId id;
    book::Decimal price;
    book::Decimal quantity;
    book::Side aggressor = book::Side::Bid;
    book::UnixNanos venue_time = book::kNoTime;
};

/// The venue's own best bid and ask as of an update id, to check the book by. A quantity of zero: that side is empty.
struct Ticker {
    std::uint64_t update_id = 0;
    book::UnixNanos venue_time = book::kNoTime;
    PriceLevel bid;
    PriceLevel ask;
};

}  // namespace tickgate::feeds
