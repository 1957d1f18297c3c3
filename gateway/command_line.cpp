#include "gateway/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "gateway/config_values.hpp"
#include "gateway/version.hpp"

namespace tickgate::gateway {

namespace {

using Venues = std::span<const std::string_view>;

/// Values as they were typed: they are read by the same functions as the file's.
struct Flags {
    std::optional<std::string> config;
    std::vector<std::string> replay;
    std::optional<std::string> venue;
    std::optional<std::string> speed;
    bool loop = false;
    bool from_empty = false;
    std::optional<std::string> synthetic;
    std::vector<std::string> listen;
    bool share_port = false;
    std::optional<std::string> tls_certificate;
    std::optional<std::string> tls_key;
    std::optional<std::string> shards;
    std::optional<std::string> threads;
    std::optional<std::string> io;
    bool check_config = false;
    bool print_config = false;

    [[nodiscard]] bool describe_replay() const { return venue || speed || loop || from_empty; }
};

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

void declare(CLI::App& app, Flags& flags) {
    app.set_help_flag("--help", "Show this and exit");
    app.set_version_flag("--version", std::string{server_name()}, "Show the version and exit");
    app.add_option("--config", flags.config, "Read the configuration from FILE (TOML)")->type_name("FILE");
    app.add_option("--replay", flags.replay, "Replay the recordings of one session")->type_name("FILE");
    app.add_option("--venue", flags.venue, "Venue of the recordings, where they do not name it")->type_name("VENUE");
    app.add_option("--speed", flags.speed, "Replay X times as fast as recorded, or as fast as it goes")
        ->type_name("X|max");
    app.add_flag("--loop", flags.loop, "Start the recordings again at their end");
    app.add_flag("--from-empty", flags.from_empty, "Start recordings without a snapshot from an empty book");
    app.add_option("--synthetic", flags.synthetic,
                   "Run the built-in random-walk venue: symbols=N,rate=N|max[,levels=4][,tick_ms=10][,seed=1]")
        ->type_name("SPEC");
    app.add_option(
           "--listen", flags.listen,
           "Accept clients here instead of 127.0.0.1:8080: ADDRESS:PORT, over TLS where there is a certificate; "
           "plain:ADDRESS:PORT; unix:/PATH; repeatable")
        ->type_name("WHERE")
        ->allow_extra_args(false);
    app.add_flag("--share-port", flags.share_port,
                 "Listen on TCP ports beside other processes of the same user that are given this too");
    app.add_option("--tls-certificate", flags.tls_certificate, "Serve TLS with this certificate chain (PEM)")
        ->type_name("FILE");
    app.add_option("--tls-key", flags.tls_key, "Its private key (PEM, without a password)")->type_name("FILE");
    app.add_option("--shards", flags.shards, "Threads that serve clients, 1 to 64")->type_name("N");
    app.add_option("--threads", flags.threads, "Which thread turns what: auto, dedicated or shared")->type_name("MODE");
    app.add_option("--io", flags.io, "How output is written: auto, io_uring or epoll")->type_name("NAME");
    app.add_flag("--check-config", flags.check_config, "Say whether the configuration is valid and exit");
    app.add_flag("--print-config", flags.print_config, "Print the configuration that results, as TOML, and exit");
}

/// Calls `apply` with what the flag was given; `apply` throws std::invalid_argument where that is wrong.
template <typename Apply>
void with_value(std::string_view flag, const std::string& value, Apply&& apply) {
    try {
        apply(value);
    } catch (const std::invalid_argument& error) {
        throw UsageError{fmt::format("{} {}: {}", flag, value, error.what())};
    }
}

template <typename Apply>
void with_value(std::string_view flag, const std::optional<std::string>& value, Apply&& apply) {
    if (value) with_value(flag, *value, apply);
}

void describe_replay(const Flags& flags, FeedConfig& feed, Venues venues) {
    with_value("--venue", flags.venue, [&](const std::string& text) { feed.venue = parse_venue(text, venues); });
    with_value("--speed", flags.speed, [&](const std::string& text) { feed.speed = parse_speed(text); });
    if (flags.loop) feed.loop = true;
    if (flags.from_empty) feed.from_empty = true;
}

void apply_replay_flags(const Flags& flags, Config& config, Venues venues) {
    if (!flags.replay.empty()) {
        FeedConfig& feed = config.feeds.emplace_back();
        feed.replay = flags.replay;
        describe_replay(flags, feed, venues);
        return;
    }
    bool described = false;
    for (FeedConfig& feed : config.feeds) {
        if (feed.synthetic) continue;
        describe_replay(flags, feed, venues);
        described = true;
    }
    if (flags.describe_replay() && !described) {
        throw UsageError{"--venue, --speed, --loop and --from-empty need something to replay: --replay FILE"};
    }
}

void apply_tls_flags(const Flags& flags, Config& config) {
    if (!flags.tls_certificate && !flags.tls_key) return;
    TlsFiles files = config.tls.value_or(TlsFiles{});
    if (flags.tls_certificate) files.certificate = *flags.tls_certificate;
    if (flags.tls_key) files.key = *flags.tls_key;
    if (files.certificate.empty() || files.key.empty()) {
        throw UsageError{"--tls-certificate and --tls-key go together"};
    }
    config.tls = std::move(files);
}

void apply(const Flags& flags, Config& config, Venues venues) {
    apply_replay_flags(flags, config, venues);
    with_value("--synthetic", flags.synthetic,
               [&](const std::string& text) { config.feeds.emplace_back().synthetic = parse_synthetic(text); });
    if (!flags.listen.empty()) config.listen.clear();
    for (const std::string& address : flags.listen) {
        with_value("--listen", address, [&](const std::string& text) { config.listen.push_back(parse_listen(text)); });
    }
    if (flags.share_port) config.share_port = true;
    apply_tls_flags(flags, config);
    with_value("--shards", flags.shards, [&](const std::string& text) {
        config.shards = static_cast<std::uint32_t>(parse_integer(text, kShardsRange));
    });
    with_value("--threads", flags.threads, [&](const std::string& text) { config.threads = parse_threads(text); });
    with_value("--io", flags.io, [&](const std::string& text) { config.io = parse_io(text); });
}

/// What is wrong with the whole is the file's fault where there is one.
void check_result(const Flags& flags, const Config& config) {
    try {
        check_whole(config);
    } catch (const ConfigError& error) {
        if (!flags.config) throw UsageError{error.what()};
        throw ConfigError{fmt::format("{}: {}", *flags.config, error.what())};
    }
}

/// Loads what --check-config answers for beside the configuration itself.
void check_certificate(const Config& config) {
    if (!config.tls) return;
    try {
        const TlsContext loaded{*config.tls, TlsContext::Clock::now()};
    } catch (const TlsError& error) {
        throw ConfigError{fmt::format("gateway.tls: {}", error.what())};
    }
}

std::variant<Config, ExitNow> configure(const Flags& flags, Venues venues) {
    Config config = flags.config ? load_config(*flags.config, venues) : Config{};
    apply(flags, config, venues);
    check_result(flags, config);
    if (flags.print_config) return ExitNow{kExitOk, config_text(config)};
    if (flags.check_config) {
        check_certificate(config);
        return ExitNow{kExitOk, "the configuration is valid\n"};
    }
    return config;
}

/// The first argument that is no flag's, with the flag that may have been meant.
std::string describe_stray(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
    const std::vector<std::string_view> known{names.begin(), names.end()};
    const std::vector<std::string> strays = app.remaining();
    // Their order is CLI11's own; a misspelt flag says more than the value that came with it.
    const auto flag = std::ranges::find_if(strays, [](const std::string& text) { return text.starts_with('-'); });
    const std::string& stray = flag == strays.end() ? strays.front() : *flag;
    return fmt::format("{}: no such argument{}", stray, nearest_hint(stray, known));
}

ExitNow failure(int code, std::string_view what) {
    return {code, fmt::format("tickgate: {}\n", what), true};
}

ExitNow usage_failure(std::string_view what) {
    return failure(kExitUsage, fmt::format("{}\ntickgate --help shows what there is", what));
}

}  // namespace

std::variant<Config, ExitNow> parse_command_line(int argc, const char* const* argv, Venues known_venues) {
    Flags flags;
    CLI::App app{"Live market-data gateway: order books and trades over WebSocket.", "tickgate"};
    declare(app, flags);
    try {
        app.parse(argc, argv);
        return configure(flags, known_venues);
    } catch (const CLI::CallForHelp&) {
        return ExitNow{kExitOk, app.help()};
    } catch (const CLI::CallForVersion&) {
        return ExitNow{kExitOk, fmt::format("{}\n", server_name())};
    } catch (const CLI::ExtrasError&) {
        return usage_failure(describe_stray(app));
    } catch (const CLI::ParseError& error) {
        return usage_failure(error.what());
    } catch (const UsageError& error) {
        return usage_failure(error.what());
    } catch (const ConfigError& error) {
        return failure(kExitConfig, error.what());
    }
}

}  // namespace tickgate::gateway
