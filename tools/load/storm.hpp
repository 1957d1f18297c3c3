#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/load/gateway_sample.hpp"
#include "tools/load/load_client.hpp"
#include "tools/load/tally.hpp"

namespace tickgate::load {

/// From how many different positions a stream's clients come back.
struct ResumePositions {
    std::size_t streams = 0;
    std::size_t most = 0;  ///< of one stream
    double mean = 0;
};

[[nodiscard]] ResumePositions count_positions(std::vector<HeldPosition> positions);

/// The gateway's encodings while everybody came back, against what the same streams had encoded in that time anyway.
struct StormEncodings {
    double window_s = 0;
    double counted = 0;  ///< all encodings of the window
    double usual = 0;    ///< of the same time at the rate before the storm
    double bound = 0;    ///< (1 + K) x usual, and one snapshot a stream; K: positions of one stream, at most 8
    double catch_ups = 0;
    double busy_snapshots = 0;
    double questions = 0;
    double usual_per_s = 0;  ///< before the storm
    double after_per_s = 0;  ///< once all are back
};

/// Positions of one stream that the gateway answers one by one at most; the others share a snapshot.
inline constexpr std::size_t kAnsweredPositions = 8;

/// The gateway's metrics when following began, at the storm, once all were back, and at the end of the second
/// following.
struct StormSamples {
    std::optional<GatewaySample> start;
    std::optional<GatewaySample> storm;
    std::optional<GatewaySample> back;
    std::optional<GatewaySample> end;
};

/// Nothing: a sample is missing.
[[nodiscard]] std::optional<StormEncodings> count_encodings(const StormSamples& samples,
                                                            const ResumePositions& positions);

struct StormReport {
    std::uint64_t clients = 0;        ///< that were disconnected
    std::uint64_t back = 0;           ///< of those, in step again
    std::uint64_t subscriptions = 0;  ///< that offered a position
    ResumePositions positions;
    std::optional<double> back_s;        ///< from the storm until the last client was in step; nothing: not all came
    std::optional<double> first_data_s;  ///< until the last subscription had its first message
    std::uint64_t without_data = 0;      ///< subscriptions that had none until the end: nothing changed, or it is lost
    Tally returning;                     ///< what was counted until all were back
    Tally after;                         ///< what was counted from then on
    std::optional<StormEncodings> encodings;
};

}  // namespace tickgate::load
