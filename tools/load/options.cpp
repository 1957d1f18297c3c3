#include "tools/load/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "gateway/ascii.hpp"

namespace tickgate::load {

namespace {

constexpr const char* kFooter =
    "Prints one line of JSON at the end, also after Ctrl-C. Exit code 0, or 1 when a message did not continue what a\n"
    "client held, a checksum was wrong, a session was refused or closed (but those of slow readers), or clients could\n"
    "not get in.\n"
    "Latency is from a message's `ts` to the read that brought it, by the wall clock, over all ticks of the clients "
    "that\n"
    "are not slow; with a recording `ts` is recorded time and says nothing.";

/// What CLI11 writes into before it is understood.
struct Raw {
    std::string url;
    Wish wish;
    std::vector<std::string> mixes;
};

void add_subscriptions(CLI::App& app, Options& options, Raw& raw) {
    app.add_option("--symbols", options.symbols, "names or wildcards, separated by commas")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--subs-per-client", options.subs_per_client, "symbols of each client, dealt at random; 0 is all")
        ->capture_default_str();
    auto* channel = app.add_option("--channel", raw.wish.channel, "what to subscribe to")
                        ->check(CLI::IsMember({"book", "bbo", "trades"}))
                        ->capture_default_str();
    auto* depth = app.add_option("--depth", raw.wish.depth, "levels a side; 0 is the whole book");
    auto* rate = app.add_option("--rate-ms", raw.wish.rate_ms, "least time between two messages of a symbol");
    app.add_option("--mix", raw.mixes, "CHANNEL:DEPTH:RATE_MS; clients take the mixes given by turns")
        ->excludes(channel, depth, rate)
        ->delimiter(',');
    app.add_option("--seed", options.seed, "of the dealing")->capture_default_str();
}

void add_course(CLI::App& app, Options& options) {
    app.add_option("--for", options.for_seconds, "seconds to measure")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--warmup", options.warmup_seconds, "seconds to follow before")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_flag("--storm", options.storm,
                 "after that all clients disconnect at once and come back with resume, and follow as long again");
    app.add_option("--connect-rate", options.connect_rate, "connects a second; 0 is as fast as they go")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--connects-at-once", options.connects_at_once, "handshakes under way at most")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
}

void add_behaviour(CLI::App& app, Options& options) {
    app.add_option("--clients", options.clients, "how many")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--slow", options.slow, "share of the clients that read slowly, 0 to 1")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--slow-bytes", options.slow_bytes, "bytes a second that a slow one reads")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--verify-every", options.verify_every,
                   "of so many clients one keeps its books and verifies every checksum; 1 is all, 0 none")
        ->capture_default_str();
    app.add_flag("--spin", options.spin, "poll without sleeping, so that the gateway never pays for waking this up");
}

std::optional<int> complain(std::string_view what, std::string_view value) {
    fmt::print(stderr, "tickgate-load: {}: {}\n", what, value);
    return kExitUsage;
}

/// The exit code, if something is wrong.
std::optional<int> understand(Options& options, const Raw& raw) {
    const auto url = client::parse_ws_url(raw.url);
    if (!url) return complain("not a URL like ws://127.0.0.1:8080/v1/ws", raw.url);
    options.url = *url;
    if (const auto fault = client::wire_fault(*url, options.wire); !fault.empty()) return complain(fault, raw.url);
    for (const std::string& mix : raw.mixes) {
        const auto wish = parse_wish(mix);
        if (!wish) return complain("not a mix like book:10:0", mix);
        options.wishes.push_back(*wish);
    }
    if (options.wishes.empty()) options.wishes.push_back(raw.wish);
    for (std::string& symbol : options.symbols) std::ranges::transform(symbol, symbol.begin(), gateway::upper);
    return std::nullopt;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
    CLI::App app{"Puts a tickgate gateway under load: many clients in one process, each of which checks what it gets.",
                 "tickgate-load"};
    app.footer(kFooter);
    Options options;
    Raw raw;
    app.add_option("URL", raw.url, "ws://HOST:PORT[/v1/ws], or wss:// for TLS")->required();
    client::add_wire_options(app, options.wire);
    add_behaviour(app, options);
    add_subscriptions(app, options, raw);
    add_course(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    if (const auto code = understand(options, raw)) return *code;
    return options;
}

}  // namespace tickgate::load
