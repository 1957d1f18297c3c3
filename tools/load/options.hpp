#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tools/client/wire_options.hpp"
#include "tools/load/workload.hpp"

namespace tickgate::load {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Options {
    client::WsUrl url;
    client::WireOptions wire;
    std::uint32_t clients = 100;
    std::vector<std::string> symbols{"*"};  ///< names, upper case, and wildcards
    std::size_t subs_per_client = 0;        ///< 0: all symbols
    std::vector<Wish> wishes;               ///< one at least; clients take them by turns
    double for_seconds = 10;
    double warmup_seconds = 1;
    double slow = 0;  ///< share of the clients
    std::uint32_t slow_bytes = 500;
    bool storm = false;
    std::uint32_t verify_every = 100;  ///< 0: none
    double connect_rate = 0;           ///< 0: as fast as they go
    std::uint32_t connects_at_once = 1000;
    bool spin = false;
    std::uint32_t seed = 1;
};

/// What the command line asks for, or the exit code with which it was already answered.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace tickgate::load
