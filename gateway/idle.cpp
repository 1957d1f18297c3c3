#include "gateway/idle.hpp"

namespace tickgate::gateway {

using namespace std::chrono_literals;

std::chrono::milliseconds idle_patience(const BookAgent& agent, const std::function<int()>& turn) {
    if (!agent.has_work()) return kLongestWait;
    return turn() > 0 ? 0ms : kStallWait;
}

}  // namespace tickgate::gateway
