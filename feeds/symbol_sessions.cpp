#include "feeds/symbol_sessions.hpp"

#include <algorithm>
#include <utility>

namespace tickgate::feeds {

SymbolListing::SymbolListing(book::FeedId feed, book::InstrumentRegistry& registry, const SymbolStyle& style,
                             std::vector<std::string> wanted, book::VenueChecksum checksum)
    : feed_{feed},
      registry_{&registry},
      style_{style},
      wanted_{std::move(wanted)},
      checksum_{checksum} {
    for (std::string& name : wanted_) name = upper_case(name);
}

const book::Instrument* SymbolListing::list(std::string_view name, book::Scales scales, book::UnixNanos receive_time,
                                            std::vector<book::Event>& out) {
    std::string canonical = canonical_symbol(style_, name);
    if (!wants(name, canonical)) return nullptr;
    const book::Instrument& instrument =
        registry_->add(feed_, std::move(canonical), std::string{name}, scales, checksum_);
    out.push_back(book::Event::listed(instrument, receive_time));
    return &instrument;
}

bool SymbolListing::wants(std::string_view name, std::string_view canonical) const {
    if (wanted_.empty()) return true;
    const std::string upper = upper_case(name);
    return std::any_of(wanted_.begin(), wanted_.end(),
                       [&](const std::string& wanted) { return wanted == upper || wanted == canonical; });
}

}  // namespace tickgate::feeds
