#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace tickgate::load {

using Clock = std::chrono::steady_clock;

/// Who is to connect, in what order and how fast: at most so many a second, and at most so many under way at once. No
/// clock: time is an argument.
class ConnectQueue {
public:
    /// `per_second` 0: as fast as they go.
    ConnectQueue(double per_second, std::size_t at_once) : per_second_{per_second}, at_once_{at_once} {}

    void add(std::uint32_t client) { waiting_.push_back({client, Clock::time_point::min()}); }
    /// Behind all others, and not before `due`.
    void add(std::uint32_t client, Clock::time_point due) { waiting_.push_back({client, due}); }

    /// The next to connect now, if any; it counts as under way until done().
    [[nodiscard]] std::optional<std::uint32_t> next(Clock::time_point now);
    /// When the next may connect, if that is only a matter of time.
    [[nodiscard]] std::optional<Clock::time_point> next_due(Clock::time_point now) const;
    /// One that was under way has become a session, or has failed.
    void done() noexcept { --under_way_; }

private:
    struct Waiting {
        std::uint32_t client;
        Clock::time_point due;
    };

    double per_second_;
    std::size_t at_once_;
    std::size_t under_way_ = 0;
    std::deque<Waiting> waiting_;
    std::optional<Clock::time_point> next_slot_;  // by the rate
};

}  // namespace tickgate::load
