#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tools/load/fairness.hpp"
#include "tools/load/gateway_sample.hpp"
#include "tools/load/storm.hpp"
#include "tools/load/tally.hpp"

namespace tickgate::load {

/// Microseconds.
struct Latency {
    std::uint64_t count = 0;
    std::uint64_t p50 = 0;
    std::uint64_t p90 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t p99_9 = 0;
    std::uint64_t max = 0;
};

/// What the clients that are not slow got in the measured time.
struct Measured {
    double seconds = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t bytes = 0;       ///< of those messages, without frame headers
    std::uint64_t wire_bytes = 0;  ///< all that their sockets brought
    std::uint64_t slow_deliveries = 0;
    Latency latency;
    Fairness fairness;
    std::optional<GatewaySample> before;
    std::optional<GatewaySample> after;
};

struct LoadReport {
    std::uint64_t clients = 0;
    std::uint64_t slow_clients = 0;
    std::uint64_t settled = 0;        ///< clients that got all they asked for, when the connecting ended
    std::uint64_t subscriptions = 0;  ///< likewise
    double connect_s = 0;             ///< until then
    std::optional<Measured> measured;
    std::optional<StormReport> storm;
    Tally tally;  ///< of the whole run
    std::map<std::uint16_t, std::uint64_t> close_codes;
    bool interrupted = false;
};

/// One line of JSON, with its end.
[[nodiscard]] std::string report_text(const LoadReport& report);

/// 0: nothing that a gateway must never do has happened, and everybody got in.
[[nodiscard]] int exit_code_of(const LoadReport& report) noexcept;

}  // namespace tickgate::load
