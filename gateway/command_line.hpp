#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/config.hpp"

namespace tickgate::gateway {

/// Exit codes of the gateway and the tools.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;  // EX_CONFIG of sysexits.h

/// The program has nothing more to do than to say this and leave.
struct ExitNow {
    int code = kExitOk;
    std::string text;
    bool to_stderr = false;
};

/// Reads the command line and the configuration file that it names. Flags override what the file says; --replay and
/// --synthetic add feeds to it; --venue, --speed, --loop and --from-empty describe the --replay, and without one all
/// replays of the file. Throws nothing that concerns the user's input.
[[nodiscard]] std::variant<Config, ExitNow> parse_command_line(int argc, const char* const* argv,
                                                               std::span<const std::string_view> known_venues);

}  // namespace tickgate::gateway
