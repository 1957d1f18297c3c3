#include "feeds/replay_clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace tickgate::feeds {

ReplaySpeed ReplaySpeed::parse(std::string_view text) {
    if (text == "max") return max();
    double factor = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, factor);
    if (error != std::errc{} || end != last || !std::isfinite(factor) || factor <= 0) {
        throw std::invalid_argument{fmt::format("speed must be a positive number or `max`, not `{}`", text)};
    }
    return ReplaySpeed{factor};
}

void ReplayClock::start(book::UnixNanos recorded, book::UnixNanos wall) noexcept {
    recorded_start_ = recorded;
    wall_start_ = wall;
}

book::UnixNanos ReplayClock::due_at(book::UnixNanos recorded) const noexcept {
    if (speed_.is_max()) return book::kNoTime;
    // Floating point is exact enough for time: below 104 days it keeps the nanosecond.
    const double wait = std::max(0.0, static_cast<double>((recorded - recorded_start_).count()) / speed_.factor());
    const double most = static_cast<double>((book::UnixNanos::max() - wall_start_).count()) / 2;
    if (wait >= most) return book::UnixNanos::max();
    return wall_start_ + std::chrono::nanoseconds{static_cast<std::int64_t>(wait)};
}

}  // namespace tickgate::feeds
