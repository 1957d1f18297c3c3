#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tickgate::bench {

/// Clients that each follow some of the symbols, every update of them at depth 10.
struct Workload {
    std::string_view name;
    std::uint32_t clients;
    std::uint32_t symbols_each;
    std::uint32_t symbols;
    std::uint32_t rate;  ///< updates a second of each symbol, made in ticks of 10 ms
};

inline constexpr std::array kWorkloads{Workload{"W1", 1'000, 10, 100, 10}, Workload{"W2", 200, 50, 50, 20},
                                       Workload{"W3", 5'000, 2, 100, 5}};
inline constexpr std::uint32_t kTickMs = 10;

/// Which symbols a client follows: the same for whoever asks, in no order.
[[nodiscard]] std::vector<std::uint32_t> symbols_of(const Workload& workload, std::uint32_t client);

/// The client's subscription, as a masked WebSocket frame.
[[nodiscard]] std::string subscription_of(const Workload& workload, std::uint32_t client);

}  // namespace tickgate::bench
