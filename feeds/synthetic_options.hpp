#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tickgate::feeds {

/// What the synthetic venue makes.
struct SyntheticOptions {
    std::uint32_t symbols = 0;
    std::optional<std::uint32_t> rate;  ///< book updates a second for each symbol; nothing: as many as are taken
    std::uint32_t levels = 4;           ///< changed levels of an update
    std::chrono::milliseconds tick{10};
    std::uint64_t seed = 1;

    friend bool operator==(const SyntheticOptions&, const SyntheticOptions&) = default;
};

/// Reads `symbols=100,rate=10[,levels=4][,tick_ms=10][,seed=1]`, in any order; `rate` may be `max`.
/// Errors: std::invalid_argument naming the key and what it may be.
[[nodiscard]] SyntheticOptions parse_synthetic_options(std::string_view text);

}  // namespace tickgate::feeds
