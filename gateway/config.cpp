#include "gateway/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "gateway/config_values.hpp"
#include "gateway/json_text.hpp"

namespace tickgate::gateway {

namespace {

using Venues = std::span<const std::string_view>;

std::string read_file(const std::string& file) {
    std::ifstream stream{file, std::ios::binary};
    if (!stream.is_open()) {
        throw ConfigError{fmt::format("{}: cannot be read: {}", file, std::generic_category().message(errno))};
    }
    try {
        return {std::istreambuf_iterator<char>{stream}, {}};
    } catch (const std::ios_base::failure& error) {  // a directory opens, but cannot be read
        throw ConfigError{fmt::format("{}: cannot be read: {}", file, error.code().message())};
    }
}

std::string node_text(const toml::node& node) {
    if (node.is_table()) return "{…}";
    std::ostringstream text;
    text << toml::node_view<const toml::node>{node};
    return text.str();
}

std::string_view string_in(const toml::node& node) {
    if (!node.is_string()) throw std::invalid_argument{"must be text in quotes"};
    return node.as_string()->get();
}

std::string file_name_in(const toml::node& node) {
    std::string name{string_in(node)};
    if (name.empty()) throw std::invalid_argument{"must name a file"};
    return name;
}

bool flag_in(const toml::node& node) {
    if (!node.is_boolean()) throw std::invalid_argument{"must be true or false"};
    return node.as_boolean()->get();
}

std::uint64_t integer_in(const toml::node& node, Range range) {
    const auto* integer = node.as_integer();
    if (integer == nullptr || integer->get() < 0) {
        throw std::invalid_argument{fmt::format("must be an integer from {} to {}", range.least, range.most)};
    }
    const auto value = static_cast<std::uint64_t>(integer->get());
    check_range(value, range);
    return value;
}

std::uint32_t uint32_in(const toml::node& node, Range range) {
    return static_cast<std::uint32_t>(integer_in(node, range));
}

/// One text, or a list of at least one.
std::vector<std::string> strings_in(const toml::node& node) {
    if (node.is_string()) return {std::string{string_in(node)}};
    const auto* list = node.as_array();
    if (list == nullptr || list->empty() || !list->is_homogeneous(toml::node_type::string)) {
        throw std::invalid_argument{"must be text in quotes, or a list of such"};
    }
    std::vector<std::string> strings;
    for (const toml::node& item : *list) strings.emplace_back(string_in(item));
    return strings;
}

ReplaySpeed speed_in(const toml::node& node) {
    if (node.is_string()) return parse_speed(string_in(node));
    const auto factor = node.value<double>();
    if (!factor || node.is_boolean()) throw std::invalid_argument{"must be a number, or \"max\""};
    check_speed(*factor);
    return *factor;
}

/// The keys of one table. Each is asked for once; what was not asked for is unknown.
class TableReader {
public:
    TableReader(const toml::table& table, std::string path, std::string_view file)
        : table_{table},
          path_{std::move(path)},
          file_{file} {}

    /// Calls `read` with what the key holds, if it is there. `read` throws std::invalid_argument where that is wrong.
    template <typename Read>
    void read(std::string_view key, Read&& read) {
        known_.push_back(key);
        const toml::node* node = table_.get(key);
        if (node == nullptr) return;
        try {
            read(*node);
        } catch (const std::invalid_argument& error) {
            fail(*node, fmt::format("{} = {}: {}", path_of(key), node_text(*node), error.what()));
        }
    }

    /// The same for a table within this one.
    template <typename Read>
    void read_table(std::string_view key, Read&& read) {
        this->read(key, [&](const toml::node& node) {
            if (!node.is_table()) throw std::invalid_argument{"must be a table"};
            TableReader reader{*node.as_table(), path_of(key), file_};
            read(reader);
            reader.refuse_unknown();
        });
    }

    /// The same for each table of a list.
    template <typename Read>
    void read_tables(std::string_view key, Read&& read) {
        this->read(key, [&](const toml::node& node) {
            const auto* list = node.as_array();
            if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
                throw std::invalid_argument{fmt::format("must be a list of tables, each begun with [[{}]]", key)};
            }
            for (std::size_t i = 0; i < list->size(); ++i) {
                TableReader reader{*list->get(i)->as_table(), fmt::format("{}[{}]", path_of(key), i), file_};
                read(reader);
                reader.refuse_unknown();
            }
        });
    }

    /// Checks the table as a whole; `check` throws std::invalid_argument.
    template <typename Check>
    void check(Check&& check) const {
        try {
            check();
        } catch (const std::invalid_argument& error) {
            fail(table_, fmt::format("{} {}", path_, error.what()));
        }
    }

    void refuse_unknown() const {
        for (const auto& [key, node] : table_) {
            if (std::ranges::find(known_, key.str()) != known_.end()) continue;
            fail(node, fmt::format("{} = {}: unknown key{}", path_of(key.str()), node_text(node),
                                   nearest_hint(key.str(), known_)));
        }
    }

private:
    [[noreturn]] void fail(const toml::node& node, std::string_view what) const {
        throw ConfigError{fmt::format("{}:{}: {}", file_, node.source().begin.line, what)};
    }
    [[nodiscard]] std::string path_of(std::string_view key) const {
        return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
    }

    const toml::table& table_;
    std::string path_;
    std::string_view file_;
    std::vector<std::string_view> known_;
};

void read_limits(TableReader& reader, Limits& limits) {
    const auto number = [&reader](std::string_view key, Range range, std::uint32_t& out) {
        reader.read(key, [&](const toml::node& node) { out = uint32_in(node, range); });
    };
    number("subscriptions", kSubscriptionsRange, limits.subscriptions);
    number("ops_per_s", kOpsRange, limits.ops_per_s);
    number("frame_bytes", kFrameRange, limits.frame_bytes);
    number("symbols_per_op", kSymbolsPerOpRange, limits.symbols_per_op);
}

void read_connections(TableReader& reader, ConnectionLimits& limits) {
    const auto number = [&reader](std::string_view key, std::uint32_t& out) {
        reader.read(key, [&](const toml::node& node) { out = uint32_in(node, kConnectionsRange); });
    };
    number("max", limits.max);
    number("per_address", limits.per_address);
    number("handshakes_per_s", limits.handshakes_per_s);
}

void read_compression(TableReader& reader, CompressionOptions& compression) {
    reader.read("enabled", [&](const toml::node& node) { compression.enabled = flag_in(node); });
    reader.read("min_bytes",
                [&](const toml::node& node) { compression.min_bytes = uint32_in(node, kDeflateBytesRange); });
    reader.read("level", [&](const toml::node& node) { compression.level = uint32_in(node, kDeflateLevelRange); });
}

void read_listen(const toml::node& node, Config& config) {
    config.listen.clear();
    for (const std::string& text : strings_in(node)) config.listen.push_back(parse_listen(text));
}

TlsFiles read_tls(TableReader& reader) {
    TlsFiles files;
    reader.read("certificate", [&](const toml::node& node) { files.certificate = file_name_in(node); });
    reader.read("key", [&](const toml::node& node) { files.key = file_name_in(node); });
    reader.refuse_unknown();  // a misspelt file is named as such, before a file is missed
    reader.check([&] {
        if (files.certificate.empty() || files.key.empty())
            throw std::invalid_argument{"must give certificate and key"};
    });
    return files;
}

void read_gateway(TableReader& reader, Config& config) {
    const auto number = [&reader](std::string_view key, Range range, std::uint32_t& out) {
        reader.read(key, [&](const toml::node& node) { out = uint32_in(node, range); });
    };
    const auto text = [&reader](std::string_view key, auto parse, auto& out) {
        reader.read(key, [&](const toml::node& node) { out = parse(string_in(node)); });
    };
    reader.read("listen", [&](const toml::node& node) { read_listen(node, config); });
    reader.read("share_port", [&](const toml::node& node) { config.share_port = flag_in(node); });
    reader.read_table("tls", [&](TableReader& table) { config.tls = read_tls(table); });
    number("shards", kShardsRange, config.shards);
    text("threads", parse_threads, config.threads);
    text("io", parse_io, config.io);
    text("node", parse_node, config.node);
    number("heartbeat_ms", kHeartbeatRange, config.heartbeat_ms);
    number("slow_close_s", kSlowCloseRange, config.slow_close_s);
    number("drain_s", kDrainRange, config.drain_s);
    number("sndbuf_bytes", kSndbufRange, config.sndbuf_bytes);
    text("log_level", parse_log_level, config.log_level);
    reader.read_table("limits", [&](TableReader& limits) { read_limits(limits, config.limits); });
    reader.read_table("connections", [&](TableReader& limits) { read_connections(limits, config.connections); });
    reader.read_table("compression", [&](TableReader& table) { read_compression(table, config.compression); });
}

SyntheticConfig read_synthetic(TableReader& reader) {
    SyntheticConfig config;
    bool has_rate = false;
    const auto number = [&reader](std::string_view key, Range range, std::uint32_t& out) {
        reader.read(key, [&](const toml::node& node) { out = uint32_in(node, range); });
    };
    number("symbols", kSyntheticSymbolsRange, config.symbols);
    reader.read("rate", [&](const toml::node& node) {
        has_rate = true;
        if (node.value<std::string_view>() != "max") config.rate = uint32_in(node, kSyntheticRateRange);
    });
    number("levels", kSyntheticLevelsRange, config.levels);
    number("tick_ms", kSyntheticTickRange, config.tick_ms);
    reader.read("seed", [&](const toml::node& node) { config.seed = integer_in(node, kSeedRange); });
    reader.check([&] {
        if (config.symbols == 0 || !has_rate) throw std::invalid_argument{"must give symbols and rate"};
    });
    return config;
}

FeedConfig read_feed(TableReader& reader, Venues known_venues) {
    FeedConfig feed;
    reader.read("venue", [&](const toml::node& node) { feed.venue = parse_venue(string_in(node), known_venues); });
    reader.read("replay", [&](const toml::node& node) { feed.replay = strings_in(node); });
    reader.read("symbols", [&](const toml::node& node) { feed.symbols = strings_in(node); });
    reader.read("speed", [&](const toml::node& node) { feed.speed = speed_in(node); });
    reader.read("loop", [&](const toml::node& node) { feed.loop = flag_in(node); });
    reader.read("from_empty", [&](const toml::node& node) { feed.from_empty = flag_in(node); });
    reader.read_table("synthetic", [&](TableReader& table) { feed.synthetic = read_synthetic(table); });
    reader.refuse_unknown();  // a misspelt source is named as such, before a source is missed
    reader.check([&] { check_feed(feed); });
    return feed;
}

/// A JSON string is a TOML string too.
std::string quoted_list(const std::vector<std::string>& strings) {
    std::string list = "[";
    for (const std::string& text : strings) {
        if (list.size() > 1) list += ", ";
        append_json_string(list, text);
    }
    return list + ']';
}

void append_gateway(std::string& out, const Config& config) {
    std::vector<std::string> listen;
    for (const ListenAddress& address : config.listen) listen.push_back(text_of(address));
    out += fmt::format(
        "[gateway]\nlisten = {}\nshare_port = {}\nshards = {}\nthreads = \"{}\"\nio = \"{}\"\nnode = "
        "\"{}\"\nheartbeat_ms = {}\n"
        "slow_close_s = {}\ndrain_s = {}\nsndbuf_bytes = {}\nlog_level = \"{}\"\n",
        quoted_list(listen), config.share_port, config.shards, text_of(config.threads), text_of(config.io), config.node,
        config.heartbeat_ms, config.slow_close_s, config.drain_s, config.sndbuf_bytes, text_of(config.log_level));
    if (config.tls) {
        out += "\n[gateway.tls]\ncertificate = ";
        append_json_string(out, config.tls->certificate);
        out += "\nkey = ";
        append_json_string(out, config.tls->key);
        out += '\n';
    }
    out += fmt::format(
        "\n[gateway.limits]\nsubscriptions = {}\nops_per_s = {}\nframe_bytes = {}\nsymbols_per_op = {}\n",
        config.limits.subscriptions, config.limits.ops_per_s, config.limits.frame_bytes, config.limits.symbols_per_op);
    out += fmt::format("\n[gateway.connections]\nmax = {}\nper_address = {}\nhandshakes_per_s = {}\n",
                       config.connections.max, config.connections.per_address, config.connections.handshakes_per_s);
    out += fmt::format("\n[gateway.compression]\nenabled = {}\nmin_bytes = {}\nlevel = {}\n",
                       config.compression.enabled, config.compression.min_bytes, config.compression.level);
}

void append_replay(std::string& out, const FeedConfig& feed) {
    if (!feed.venue.empty()) out += fmt::format("venue = \"{}\"\n", feed.venue);
    out += fmt::format("replay = {}\n", quoted_list(feed.replay));
    if (!feed.symbols.empty()) out += fmt::format("symbols = {}\n", quoted_list(feed.symbols));
    out += feed.speed ? fmt::format("speed = {}\n", *feed.speed) : "speed = \"max\"\n";
    out += fmt::format("loop = {}\nfrom_empty = {}\n", feed.loop, feed.from_empty);
}

void append_synthetic(std::string& out, const SyntheticConfig& synthetic) {
    const std::string rate = synthetic.rate ? fmt::to_string(*synthetic.rate) : "\"max\"";
    out += fmt::format("synthetic = {{ symbols = {}, rate = {}, levels = {}, tick_ms = {}, seed = {} }}\n",
                       synthetic.symbols, rate, synthetic.levels, synthetic.tick_ms, synthetic.seed);
}

}  // namespace

Config parse_config(std::string_view text, std::string_view file, Venues known_venues) {
    toml::table root;
    try {
        root = toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        throw ConfigError{fmt::format("{}:{}: {}", file, error.source().begin.line, error.description())};
    }
    Config config;
    TableReader reader{root, "", file};
    reader.read_table("gateway", [&](TableReader& table) { read_gateway(table, config); });
    reader.read_tables("feeds", [&](TableReader& table) { config.feeds.push_back(read_feed(table, known_venues)); });
    reader.refuse_unknown();
    return config;
}

Config load_config(const std::string& file, Venues known_venues) {
    return parse_config(read_file(file), file, known_venues);
}

void check_whole(const Config& config) {
    if (config.feeds.empty()) throw ConfigError{"feeds: there is none; give [[feeds]], --replay or --synthetic"};
    const auto synthetic = [](const FeedConfig& feed) { return feed.synthetic.has_value(); };
    if (std::ranges::count_if(config.feeds, synthetic) > 1) {
        throw ConfigError{"feeds: more than one is synthetic, and their symbols would have the same names"};
    }
    std::set<std::string> addresses;
    for (const ListenAddress& address : config.listen) {
        const bool is_unix = address.kind == ListenAddress::Kind::Unix;
        const std::string place = is_unix ? address.path : host_text(address.host, address.port);
        if ((is_unix || address.port != 0) && !addresses.insert(place).second) {
            throw ConfigError{fmt::format("gateway.listen = {}: is there twice", text_of(address))};
        }
    }
}

std::string config_text(const Config& config) {
    std::string out;
    append_gateway(out, config);
    for (const FeedConfig& feed : config.feeds) {
        out += "\n[[feeds]]\n";
        if (feed.synthetic) {
            append_synthetic(out, *feed.synthetic);
        } else {
            append_replay(out, feed);
        }
    }
    return out;
}

}  // namespace tickgate::gateway
