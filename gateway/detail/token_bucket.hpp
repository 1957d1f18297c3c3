#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tickgate::gateway::detail {

/// So many a second, with a burst of one second's.
class TokenBucket {
public:
    using Clock = std::chrono::steady_clock;

    explicit TokenBucket(std::uint32_t per_second) noexcept : per_second_{per_second} {}

    /// False when all are gone at this time.
    [[nodiscard]] bool take(Clock::time_point now) noexcept {
        const double earned = std::chrono::duration<double>{now - counted_}.count() * per_second_;
        left_ = std::min<double>(per_second_, left_ + earned);
        counted_ = now;
        if (left_ < 1) return false;
        --left_;
        return true;
    }

private:
    std::uint32_t per_second_;
    double left_ = 0;
    Clock::time_point counted_{};
};

}  // namespace tickgate::gateway::detail
