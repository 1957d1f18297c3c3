#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/deflate.hpp"
#include "gateway/io_backend.hpp"
#include "gateway/log.hpp"
#include "gateway/protocol.hpp"
#include "gateway/tls_context.hpp"

namespace tickgate::gateway {

/// Where to accept clients: a numeric address, IPv6 without brackets, and a port, of which 0 takes any free one; or the
/// path of a Unix socket.
struct ListenAddress {
    enum class Kind : std::uint8_t {
        Tcp,       ///< over TLS where there is a certificate
        PlainTcp,  ///< in any case without
        Unix,      ///< plain
    };

    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    Kind kind = Kind::Tcp;
    std::string path{};

    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// Which thread turns which agent: one each, or all on one; Auto decides by the cores at hand.
enum class ThreadMode : std::uint8_t { Auto, Dedicated, Shared };

/// How fast recorded time runs: so many times as fast as the clock; nothing is as fast as it goes.
using ReplaySpeed = std::optional<double>;

/// The built-in venue: `symbols` random walks SYN:S0, SYN:S1, …
struct SyntheticConfig {
    std::uint32_t symbols = 0;
    std::optional<std::uint32_t>
        rate;                  ///< book updates a second of each symbol; nothing is as fast as they are written
    std::uint32_t levels = 4;  ///< that change in each update
    std::uint32_t tick_ms = 10;
    std::uint64_t seed = 1;

    friend bool operator==(const SyntheticConfig&, const SyntheticConfig&) = default;
};

/// One source of market data: recordings to replay, or the synthetic venue.
struct FeedConfig {
    std::string venue;                 ///< replay: empty where the files name it
    std::vector<std::string> replay;   ///< files of one session; relative to the working directory
    std::vector<std::string> symbols;  ///< replay: only these, as the venue or as we name them; empty: all
    ReplaySpeed speed = 1.0;
    bool loop = false;
    bool from_empty = false;  ///< a recording without a snapshot starts from an empty book
    std::optional<SyntheticConfig> synthetic;

    friend bool operator==(const FeedConfig&, const FeedConfig&) = default;
};

/// Everything that the gateway is told at start.
struct Config {
    std::vector<ListenAddress> listen{ListenAddress{}};
    bool share_port = false;  ///< TCP ports are opened beside other processes of this user that do so too
    std::optional<TlsFiles> tls;
    std::uint32_t shards = 1;
    ThreadMode threads = ThreadMode::Auto;
    IoBackend io = IoBackend::Auto;
    std::string node = "a";  ///< this node's name in `welcome`
    std::uint32_t heartbeat_ms = 5'000;
    std::uint32_t slow_close_s = 60;       ///< a client whose socket takes nothing for so long is closed
    std::uint32_t drain_s = 10;            ///< from SIGTERM to the end at the latest
    std::uint32_t sndbuf_bytes = 131'072;  ///< SO_SNDBUF of a client's socket: what lies in it is old when it is read
    log::Level log_level = log::Level::Info;
    Limits limits;
    ConnectionLimits connections;
    CompressionOptions compression;
    std::vector<FeedConfig> feeds;

    friend bool operator==(const Config&, const Config&) = default;
};

/// A configuration that cannot be used; the text names file, line, key and value where there are such.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Reads a configuration in TOML. Keys that are left out keep their defaults, no feed is needed yet.
/// `file`: its name, for errors. `known_venues`: what a feed's `venue` may be. Throws ConfigError.
[[nodiscard]] Config parse_config(std::string_view text, std::string_view file,
                                  std::span<const std::string_view> known_venues);

/// Reads the file and parses it. Throws ConfigError.
[[nodiscard]] Config load_config(const std::string& file, std::span<const std::string_view> known_venues);

/// What must hold of the whole: at least one feed, at most one synthetic, no address twice. Throws ConfigError.
void check_whole(const Config& config);

/// TOML that parses back to the same, with every key.
[[nodiscard]] std::string config_text(const Config& config);

}  // namespace tickgate::gateway
