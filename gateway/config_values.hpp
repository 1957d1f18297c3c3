#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config.hpp"

/// Single values of the configuration as text, as the file and the command line write them alike.
/// The parse functions throw std::invalid_argument with what the value must be ("must be from 1 to 64").
namespace tickgate::gateway {

/// Inclusive bounds of an integer.
struct Range {
    std::uint64_t least;
    std::uint64_t most;
};

inline constexpr Range kShardsRange{1, 64};
inline constexpr Range kHeartbeatRange{100, 3'600'000};  // a shard looks at its sessions ten times a second
inline constexpr Range kSlowCloseRange{1, 86'400};
inline constexpr Range kDrainRange{0, 3'600};
inline constexpr Range kSndbufRange{4'096, 16'777'216};
inline constexpr Range kSubscriptionsRange{1, 1'000'000};
inline constexpr Range kOpsRange{1, 100'000};  // seconds' worth of them, in thousandths, fit 32 bits
inline constexpr Range kFrameRange{1'024, 16'777'216};
inline constexpr Range kConnectionsRange{0, 10'000'000};
inline constexpr Range kDeflateBytesRange{0, 16'777'216};
inline constexpr Range kDeflateLevelRange{1, 9};
inline constexpr Range kSymbolsPerOpRange{1, 100'000};
inline constexpr Range kSyntheticSymbolsRange{1, 100'000};
inline constexpr Range kSyntheticRateRange{1, 1'000'000};
inline constexpr Range kSyntheticLevelsRange{1, 1'000};
inline constexpr Range kSyntheticTickRange{1, 10'000};
inline constexpr Range kSeedRange{0, INT64_MAX};  // what a TOML integer holds

void check_range(std::uint64_t value, Range range);
[[nodiscard]] std::uint64_t parse_integer(std::string_view text, Range range);

/// `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`, each also behind `plain:`; or `unix:/run/tickgate.sock`.
[[nodiscard]] ListenAddress parse_listen(std::string_view text);
/// An address and a port as a URL has them.
[[nodiscard]] std::string host_text(const std::string& host, std::uint16_t port);
[[nodiscard]] std::string text_of(const ListenAddress& address);

/// A factor above 0, or `max`.
[[nodiscard]] ReplaySpeed parse_speed(std::string_view text);
void check_speed(double factor);

/// `symbols=100,rate=10[,levels=4][,tick_ms=10][,seed=1]`, in any order; rate may be `max`.
[[nodiscard]] SyntheticConfig parse_synthetic(std::string_view text);

[[nodiscard]] ThreadMode parse_threads(std::string_view text);
[[nodiscard]] IoBackend parse_io(std::string_view text);
[[nodiscard]] log::Level parse_log_level(std::string_view text);
[[nodiscard]] std::string_view text_of(ThreadMode mode) noexcept;
[[nodiscard]] std::string_view text_of(IoBackend backend) noexcept;
[[nodiscard]] std::string_view text_of(log::Level level) noexcept;

/// One to 64 of A-Z a-z 0-9 . _ -
[[nodiscard]] std::string parse_node(std::string_view text);

/// One of the known venues.
[[nodiscard]] std::string parse_venue(std::string_view text, std::span<const std::string_view> known);

/// What a feed must be, whoever described it: exactly one source, and only the keys that go with it.
void check_feed(const FeedConfig& feed);

/// " (nearest: shards)", or nothing when no candidate is plausibly meant.
[[nodiscard]] std::string nearest_hint(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tickgate::gateway
