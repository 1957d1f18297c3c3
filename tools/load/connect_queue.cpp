#include "tools/load/connect_queue.hpp"

#include <algorithm>

namespace tickgate::load {

std::optional<Clock::time_point> ConnectQueue::next_due(Clock::time_point now) const {
    if (waiting_.empty() || under_way_ >= at_once_) return std::nullopt;
    const Clock::time_point due = std::max(waiting_.front().due, now);
    return per_second_ > 0 && next_slot_ ? std::max(due, *next_slot_) : due;
}

std::optional<std::uint32_t> ConnectQueue::next(Clock::time_point now) {
    const std::optional<Clock::time_point> due = next_due(now);
    if (!due || *due > now) return std::nullopt;
    if (per_second_ > 0) {
        // A turn that came late is made up for, but not a pause: that would be a burst.
        constexpr std::chrono::milliseconds kMadeUpFor{100};
        const Clock::time_point slot = std::max(next_slot_.value_or(now), now - kMadeUpFor);
        next_slot_ = slot + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{1 / per_second_});
    }
    const std::uint32_t client = waiting_.front().client;
    waiting_.pop_front();
    ++under_way_;
    return client;
}

}  // namespace tickgate::load
