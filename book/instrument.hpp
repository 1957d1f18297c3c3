#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "book/price.hpp"
#include "book/types.hpp"

namespace tickgate::book {

class OrderBook;

/// A venue's own checksum of a book, by the venue's rule. Depends on what is held and on the scales only.
using VenueChecksum = std::uint32_t (*)(const OrderBook& book, Scales scales) noexcept;

/// One thing traded on one venue, as its feed made it known. Immutable once listed, so it is read from any thread.
struct Instrument {
    InstrumentId id{};
    FeedId feed{};
    std::string symbol;                ///< canonical: VENUE:BASE-QUOTE, upper case
    std::string venue_symbol;          ///< the venue's own name, as the venue writes it
    Scales scales;                     ///< at listing; a Scale event may raise them later
    VenueChecksum checksum = nullptr;  ///< verifies events with kChecksum; none where the venue sends none
};

/// Owns all instruments of the process; addresses are stable for its life, which is the process's.
/// Thread: any; listing is rare and locks.
class InstrumentRegistry {
public:
    /// Lists a new instrument and numbers it. The caller announces it by an Event::listed.
    const Instrument& add(FeedId feed, std::string symbol, std::string venue_symbol, Scales scales,
                          VenueChecksum checksum = nullptr);

private:
    std::mutex mutex_;
    std::deque<Instrument> instruments_;
};

}  // namespace tickgate::book
