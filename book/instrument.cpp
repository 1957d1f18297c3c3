#include "book/instrument.hpp"

#include <utility>

namespace tickgate::book {

const Instrument& InstrumentRegistry::add(FeedId feed, std::string symbol, std::string venue_symbol, Scales scales,
                                          VenueChecksum checksum) {
    const std::scoped_lock lock{mutex_};
    return instruments_.emplace_back(Instrument{.id = InstrumentId{static_cast<std::uint32_t>(instruments_.size())},
                                                .feed = feed,
                                                .symbol = std::move(symbol),
                                                .venue_symbol = std::move(venue_symbol),
                                                .scales = scales,
                                                .checksum = checksum});
}

}  // namespace tickgate::book
