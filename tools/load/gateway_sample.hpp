#pragma once

#include <optional>
#include <string_view>

#include "tools/load/connect_queue.hpp"

namespace tickgate::load {

/// The sum of a metric over all its labels in a page of Prometheus text; nothing: it is not there.
[[nodiscard]] std::optional<double> metric_sum(std::string_view page, std::string_view name);

/// What the gateway's /metrics says at one moment: totals since its start, but the resident memory.
struct GatewaySample {
    Clock::time_point taken;
    double encoded = 0;         ///< messages of all kinds: deltas, snapshots, catch-ups
    double catch_ups = 0;       ///< questions from a position answered with what changed since
    double busy_snapshots = 0;  ///< those answered by a shared snapshot instead
    double questions = 0;       ///< positions asked from, over all shards
    double deliveries = 0;
    double writes = 0;
    double cpu_seconds = 0;
    double resident_bytes = 0;
};

/// Nothing: the page is not that of a tickgate.
[[nodiscard]] std::optional<GatewaySample> parse_sample(std::string_view page, Clock::time_point now);

}  // namespace tickgate::load
