#include "feeds/silence.hpp"

#include <algorithm>

namespace tickgate::feeds {

void Silence::end(book::UnixNanos at) noexcept {
    constexpr int kFading = 64;
    if (since_ != book::kNoTime) {
        const std::chrono::nanoseconds pause = std::min<std::chrono::nanoseconds>(at - since_, kLongestPause);
        longest_pause_ = std::max(pause, longest_pause_ - longest_pause_ / kFading);
    }
    since_ = std::max(since_, at);
}

bool Silence::is_unusual(book::UnixNanos now) const noexcept {
    if (since_ == book::kNoTime) return false;
    return now - since_ > std::max<std::chrono::nanoseconds>(kFloor, kPatience * longest_pause_);
}

}  // namespace tickgate::feeds
