#pragma once

#include <functional>
#include <string>
#include <vector>

#include "feeds/raw_message.hpp"

namespace tickgate::feeds {

/// What one may wish of a venue session, whatever the venue.
struct SessionOptions {
    /// A recording without a snapshot: each book starts empty with its first increment, and again after a gap.
    /// Snapshots are not used then.
    bool from_empty = false;
    /// Only these, by the venue's or the canonical name, whatever case; none given: all.
    std::vector<std::string> symbols;
    /// Is told each message that could not be used; it was counted and cost its symbol a resync. Feed thread.
    std::function<void(const RawMessage&)> on_bad_message{};
};

}  // namespace tickgate::feeds
