#pragma once

#include <chrono>
#include <functional>

#include "gateway/book_agent.hpp"

namespace tickgate::gateway {

/// The longest that anybody sleeps: timers of sessions, and the request to stop, are looked at this often.
inline constexpr std::chrono::milliseconds kLongestWait{100};
/// A feed whose queue is full, or an agent whose shard is behind, looks again after this.
inline constexpr std::chrono::milliseconds kStallWait{1};

/// How long the agent's thread may sleep, its waker armed, after a turn that did nothing. What came between that turn
/// and the arming has woken nobody, so where there is work `turn` turns the agent once more; if that does nothing
/// either, a shard is behind, and nobody says when it is not. 0: something was done.
[[nodiscard]] std::chrono::milliseconds idle_patience(const BookAgent& agent, const std::function<int()>& turn);

}  // namespace tickgate::gateway
