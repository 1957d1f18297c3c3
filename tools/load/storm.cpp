#include "tools/load/storm.hpp"

#include <algorithm>
#include <chrono>

namespace tickgate::load {

namespace {

double seconds_between(const GatewaySample& from, const GatewaySample& to) {
    return std::chrono::duration<double>(to.taken - from.taken).count();
}

double encoded_per_second(const GatewaySample& from, const GatewaySample& to) {
    const double seconds = seconds_between(from, to);
    return seconds > 0 ? (to.encoded - from.encoded) / seconds : 0;
}

}  // namespace

ResumePositions count_positions(std::vector<HeldPosition> positions) {
    std::ranges::sort(positions);
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    ResumePositions counted;
    for (auto stream = positions.begin(); stream != positions.end();) {
        const auto next = std::find_if(stream, positions.end(), [&](const auto& p) { return p.sid != stream->sid; });
        counted.most = std::max(counted.most, static_cast<std::size_t>(next - stream));
        ++counted.streams;
        stream = next;
    }
    if (counted.streams > 0)
        counted.mean = static_cast<double>(positions.size()) / static_cast<double>(counted.streams);
    return counted;
}

std::optional<StormEncodings> count_encodings(const StormSamples& samples, const ResumePositions& positions) {
    const auto& [start, storm, back, end] = samples;
    if (!start || !storm || !back || !end) return std::nullopt;
    StormEncodings encodings;
    encodings.window_s = seconds_between(*storm, *back);
    encodings.counted = back->encoded - storm->encoded;
    encodings.catch_ups = back->catch_ups - storm->catch_ups;
    encodings.busy_snapshots = back->busy_snapshots - storm->busy_snapshots;
    encodings.questions = back->questions - storm->questions;
    encodings.usual_per_s = encoded_per_second(*start, *storm);
    encodings.after_per_s = encoded_per_second(*back, *end);
    encodings.usual = encodings.usual_per_s * encodings.window_s;
    const auto k = static_cast<double>(std::min(positions.most, kAnsweredPositions));
    encodings.bound = (1 + k) * encodings.usual + static_cast<double>(positions.streams);
    return encodings;
}

}  // namespace tickgate::load
