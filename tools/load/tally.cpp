#include "tools/load/tally.hpp"

namespace tickgate::load {

std::string_view name_of(Count count) noexcept {
    constexpr std::array<std::string_view, kCounts> kNames{
        "snapshots",      "deltas",        "bbos",           "trades",      "resumed",
        "resume_expired", "epoch_changed", "busy",           "prev_breaks", "ck_verified",
        "ck_failures",    "unreadable",    "strays",         "errors",      "retries",
        "lags",           "gaps",          "connect_errors", "closes",      "unexpected_closes",
        "slow_closes",    "tls_full",      "tls_resumed",
    };
    return kNames[static_cast<std::size_t>(count)];
}

Tally Tally::since(const Tally& earlier) const noexcept {
    Tally difference;
    for (std::size_t i = 0; i < kCounts; ++i) difference.counts_[i] = counts_[i] - earlier.counts_[i];
    return difference;
}

}  // namespace tickgate::load
