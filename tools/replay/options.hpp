#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "feeds/recording_format.hpp"
#include "feeds/replay_clock.hpp"

namespace tickgate::replay {

inline constexpr int kExitDamaged = 1;
inline constexpr int kExitUsage = 2;

enum class Print { Books, Batches, Messages, Stats };

/// What `--print messages` subscribes to.
struct Subscription {
    std::string channel = "book";
    std::vector<std::string> symbols{"*"};  ///< names, aliases, wildcards
    std::uint64_t depth = 25;
    std::optional<std::uint64_t> rate_ms;  ///< else the channel's own
};

struct Options {
    std::string venue;  ///< empty: the files name it
    feeds::RecordingFormat format = feeds::RecordingFormat::Auto;
    bool from_empty = false;
    std::size_t top = 10;  ///< levels of each side to print; 0: all
    feeds::ReplaySpeed speed = feeds::ReplaySpeed::max();
    Print print = Print::Books;
    Subscription subscription;
    std::vector<std::filesystem::path> files;
};

/// What the command line asks for, or the exit code with which it was already answered.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace tickgate::replay
