#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "book/instrument.hpp"
#include "feeds/session_options.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds {

/// A venue as configuration and command lines name it.
struct Venue {
    std::string_view name;    ///< `binance-spot`
    std::string_view prefix;  ///< of its symbols: BINANCE
    /// `registry` outlives the session.
    std::unique_ptr<VenueSession> (*make_session)(book::FeedId feed, book::InstrumentRegistry& registry,
                                                  SessionOptions options);
};

/// All venues that we can decode.
[[nodiscard]] std::span<const Venue> venues() noexcept;

/// nullptr when there is none of that name.
[[nodiscard]] const Venue* find_venue(std::string_view name) noexcept;

}  // namespace tickgate::feeds
