#include "tools/client/backoff.hpp"

#include <algorithm>
#include <iterator>

namespace tickgate::client {

namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kExtensionMissing = 1010;
constexpr std::uint16_t kDistrusted = 1015;
constexpr std::uint16_t kBadClient = 4400;
constexpr std::uint16_t kUnauthorised = 4401;

milliseconds between(std::mt19937& random, milliseconds low, milliseconds high) {
    return milliseconds{std::uniform_int_distribution<milliseconds::rep>{low.count(), high.count()}(random)};
}

}  // namespace

void Backoff::set_range(milliseconds base, milliseconds max) noexcept {
    base_ = base;
    max_ = std::max(base, max);
}

std::optional<milliseconds> Backoff::after_close(std::uint16_t code, std::optional<milliseconds> given) {
    constexpr std::uint16_t kForGood[] = {kExtensionMissing, kDistrusted, kBadClient, kUnauthorised};
    if (std::ranges::find(kForGood, code) != std::end(kForGood)) return std::nullopt;
    if (given) return given;
    milliseconds limit = base_;
    for (unsigned doubled = 0; doubled < failures_ && limit < max_; ++doubled) limit *= 2;
    ++failures_;
    return between(random_, milliseconds{0}, std::min(limit, max_));
}

milliseconds Backoff::around(milliseconds period) {
    return between(random_, period / 2, period + period / 2);
}

}  // namespace tickgate::client
