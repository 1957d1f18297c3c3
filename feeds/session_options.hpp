#pragma once

#include <string>
#include <vector>

namespace tickgate::feeds {

/// What one may wish of a venue session, whatever the venue.
struct SessionOptions {
    /// A recording without a snapshot: each book starts empty with its first increment, and again after a gap.
    /// Snapshots are not used then.
    bool from_empty = false;
    /// Only these, by the venue's or the canonical name, whatever case; none given: all.
    std::vector<std::string> symbols;
};

}  // namespace tickgate::feeds
