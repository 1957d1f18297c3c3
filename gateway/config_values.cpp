#include "gateway/config_values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include "gateway/edit_distance.hpp"

namespace tickgate::gateway {

namespace {

[[noreturn]] void refuse(std::string what) {
    throw std::invalid_argument{std::move(what)};
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

template <typename Enum, std::size_t kSize>
using Words = std::array<std::pair<std::string_view, Enum>, kSize>;

constexpr Words<ThreadMode, 3> kThreadModes{
    {{"auto", ThreadMode::Auto}, {"dedicated", ThreadMode::Dedicated}, {"shared", ThreadMode::Shared}}};
constexpr Words<IoBackend, 3> kIoBackends{
    {{"auto", IoBackend::Auto}, {"io_uring", IoBackend::IoUring}, {"epoll", IoBackend::Epoll}}};
constexpr Words<log::Level, 5> kLevels{{{"debug", log::Level::Debug},
                                        {"info", log::Level::Info},
                                        {"warning", log::Level::Warning},
                                        {"error", log::Level::Error},
                                        {"off", log::Level::Off}}};

template <typename Enum, std::size_t kSize>
Enum parse_word(std::string_view text, const Words<Enum, kSize>& words) {
    std::array<std::string_view, kSize> names;
    for (std::size_t i = 0; i < kSize; ++i) {
        names[i] = words[i].first;
        if (text == names[i]) return words[i].second;
    }
    refuse(fmt::format("must be one of {}{}", fmt::join(names, ", "), nearest_hint(text, names)));
}

template <typename Enum, std::size_t kSize>
std::string_view word_of(Enum value, const Words<Enum, kSize>& words) noexcept {
    return std::ranges::find(words, value, &std::pair<std::string_view, Enum>::second)->first;
}

bool is_address(const std::string& host) {
    in6_addr bytes{};  // room for either
    return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

/// The host of `host:port`: an IPv6 address must have brackets there, and nothing else may.
std::optional<std::string> host_of(std::string_view text) {
    const bool bracketed = text.starts_with('[') && text.ends_with(']');
    std::string host{bracketed ? text.substr(1, text.size() - 2) : text};
    if (host == "localhost" && !bracketed) host = "127.0.0.1";
    if (bracketed != (host.find(':') != std::string::npos) || !is_address(host)) return std::nullopt;
    return host;
}

constexpr std::string_view kPlainPrefix = "plain:";
constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kLongestUnixPath = sizeof(sockaddr_un::sun_path) - 1;

ListenAddress unix_address(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos || path.size() > kLongestUnixPath) {
        refuse(fmt::format("must name a Unix socket by an absolute path of at most {} bytes", kLongestUnixPath));
    }
    return {.host = {}, .port = 0, .kind = ListenAddress::Kind::Unix, .path = std::string{path}};
}

constexpr std::array<std::string_view, 5> kSyntheticKeys{"symbols", "rate", "levels", "tick_ms", "seed"};

std::uint32_t parse_uint32(std::string_view text, Range range) {
    return static_cast<std::uint32_t>(parse_integer(text, range));
}

void set_synthetic(SyntheticConfig& config, std::string_view key, std::string_view value) {
    if (key == "symbols") {
        config.symbols = parse_uint32(value, kSyntheticSymbolsRange);
    } else if (key == "rate") {
        if (value != "max") config.rate = parse_uint32(value, kSyntheticRateRange);
    } else if (key == "levels") {
        config.levels = parse_uint32(value, kSyntheticLevelsRange);
    } else if (key == "tick_ms") {
        config.tick_ms = parse_uint32(value, kSyntheticTickRange);
    } else if (key == "seed") {
        config.seed = parse_integer(value, kSeedRange);
    } else {
        refuse("is unknown" + nearest_hint(key, kSyntheticKeys));
    }
}

}  // namespace

void check_range(std::uint64_t value, Range range) {
    if (value < range.least || value > range.most)
        refuse(fmt::format("must be from {} to {}", range.least, range.most));
}

std::uint64_t parse_integer(std::string_view text, Range range) {
    const auto number = number_of<std::uint64_t>(text);
    if (!number) refuse(fmt::format("must be an integer from {} to {}", range.least, range.most));
    check_range(*number, range);
    return *number;
}

ListenAddress parse_listen(std::string_view text) {
    if (text.starts_with(kUnixPrefix)) return unix_address(text.substr(kUnixPrefix.size()));
    const bool is_plain = text.starts_with(kPlainPrefix);
    if (is_plain) text.remove_prefix(kPlainPrefix.size());
    const std::size_t colon = text.rfind(':');
    if (colon != std::string_view::npos) {
        const auto host = host_of(text.substr(0, colon));
        const auto port = number_of<std::uint16_t>(text.substr(colon + 1));
        if (host && port) return {*host, *port, is_plain ? ListenAddress::Kind::PlainTcp : ListenAddress::Kind::Tcp};
    }
    refuse(
        "must be an address and a port, such as 127.0.0.1:8080, [::1]:8080, localhost:8080 or plain:127.0.0.1:8080, or "
        "a Unix socket, such as unix:/run/tickgate.sock");
}

std::string host_text(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string text_of(const ListenAddress& address) {
    if (address.kind == ListenAddress::Kind::Unix) return fmt::format("{}{}", kUnixPrefix, address.path);
    const bool is_plain = address.kind == ListenAddress::Kind::PlainTcp;
    return fmt::format("{}{}", is_plain ? kPlainPrefix : "", host_text(address.host, address.port));
}

void check_speed(double factor) {
    // The upper bound keeps recorded nanoseconds times the factor within 64 bits for years.
    if (!std::isfinite(factor) || factor <= 0 || factor > 1e6) {
        refuse("must be a factor above 0 and up to 1000000, or max");
    }
}

ReplaySpeed parse_speed(std::string_view text) {
    if (text == "max") return std::nullopt;
    const double factor = number_of<double>(text).value_or(0);
    check_speed(factor);
    return factor;
}

SyntheticConfig parse_synthetic(std::string_view text) {
    SyntheticConfig config;
    std::set<std::string_view> seen;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        const std::size_t equals = std::min(item.find('='), item.size());
        const std::string_view key = item.substr(0, equals);
        const std::string_view value = item.substr(std::min(item.size(), equals + 1));
        try {
            if (!seen.insert(key).second) refuse("is there twice");
            set_synthetic(config, key, value);
        } catch (const std::invalid_argument& error) {
            refuse(fmt::format("{} = \"{}\" {}", key, value, error.what()));
        }
    }
    if (!seen.contains("symbols") || !seen.contains("rate")) refuse("must give symbols and rate: symbols=100,rate=10");
    return config;
}

ThreadMode parse_threads(std::string_view text) {
    return parse_word(text, kThreadModes);
}
IoBackend parse_io(std::string_view text) {
    return parse_word(text, kIoBackends);
}
log::Level parse_log_level(std::string_view text) {
    return parse_word(text, kLevels);
}
std::string_view text_of(ThreadMode mode) noexcept {
    return word_of(mode, kThreadModes);
}
std::string_view text_of(IoBackend backend) noexcept {
    return word_of(backend, kIoBackends);
}
std::string_view text_of(log::Level level) noexcept {
    return word_of(level, kLevels);
}

std::string parse_node(std::string_view text) {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (text.empty() || text.size() > 64 || text.find_first_not_of(kAllowed) != std::string_view::npos) {
        refuse("must be 1 to 64 letters, digits, points, underscores and hyphens");
    }
    return std::string{text};
}

std::string parse_venue(std::string_view text, std::span<const std::string_view> known) {
    if (std::ranges::find(known, text) == known.end()) {
        refuse(fmt::format("must be one of {}{}", fmt::join(known, ", "), nearest_hint(text, known)));
    }
    return std::string{text};
}

void check_feed(const FeedConfig& feed) {
    if (feed.replay.empty() != feed.synthetic.has_value()) {
        refuse("must have exactly one source: replay or synthetic");
    }
    if (!feed.synthetic) return;
    FeedConfig plain;
    plain.synthetic = feed.synthetic;
    if (feed != plain) refuse("has a key that goes with replay only: venue, symbols, speed, loop or from_empty");
}

std::string nearest_hint(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view found = nearest(word, candidates);
    return found.empty() ? std::string{} : fmt::format(" (nearest: {})", found);
}

}  // namespace tickgate::gateway
