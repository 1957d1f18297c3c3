#include "gateway/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tickgate::gateway {
namespace {

/// Prometheus' text format read back: every line is a comment or a sample, every sample has help and a type.
struct Exposition {
    std::map<std::string, double> samples;  // by name with labels, as written
    std::map<std::string, std::string> types;
    std::set<std::string> helps;
    std::vector<std::string> bad_lines;
};

bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

/// `{name="value",name="value"}`, or nothing; none of our values needs an escape.
bool are_labels(std::string_view text) {
    if (text.empty()) return true;
    if (!text.starts_with('{') || !text.ends_with('}')) return false;
    text = text.substr(1, text.size() - 2);
    while (true) {
        const std::string_view label = text.substr(0, text.find(','));
        const std::size_t equals = std::min(label.find('='), label.size());
        const std::string_view value = label.substr(equals);
        if (!is_name(label.substr(0, equals)) || value.size() < 3 || !value.starts_with("=\"")) return false;
        if (value.find_first_of("\"\\", 2) != value.size() - 1) return false;
        if (label.size() == text.size()) return true;
        text.remove_prefix(label.size() + 1);
    }
}

/// False when the line is no comment `# HELP name text` or `# TYPE name type`, or is there already.
bool read_comment(const std::string& line, Exposition& result) {
    std::istringstream words{line};
    std::string hash;
    std::string kind;
    std::string name;
    std::string rest;
    words >> hash >> kind >> name;
    std::getline(words >> std::ws, rest);
    if (hash != "#" || !is_name(name) || rest.empty()) return false;
    if (kind == "HELP") return result.helps.insert(name).second;
    return kind == "TYPE" && result.types.emplace(name, rest).second;
}

/// False when the line is no `name{labels} number` of a known type, or is there already.
bool read_sample(const std::string& line, Exposition& result) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string::npos) return false;
    const std::string series = line.substr(0, space);
    const std::string name = series.substr(0, series.find('{'));
    double number = 0;
    const auto [end, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), number);
    if (error != std::errc{} || end != line.data() + line.size()) return false;
    return result.types.contains(name) && are_labels(std::string_view{series}.substr(name.size())) &&
           result.samples.emplace(series, number).second;
}

Exposition read(const std::string& text) {
    Exposition result;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        const bool good = line.starts_with('#') ? read_comment(line, result) : read_sample(line, result);
        if (!good) result.bad_lines.push_back(line);
    }
    return result;
}

class MetricsTest : public testing::Test {
protected:
    [[nodiscard]] Exposition exposition() const {
        const ShardMetrics* const shards[] = {&first, &second};
        const HttpMetrics* const https[] = {&first_http, &second_http};
        return read(prometheus_text(agent, shards, https, &tls));
    }

    AgentMetrics agent;
    ShardMetrics first;
    ShardMetrics second;
    HttpMetrics first_http;
    HttpMetrics second_http;
    TlsMetrics tls;
};

TEST_F(MetricsTest, AreTextThatPrometheusReads) {
    const Exposition text = exposition();
    EXPECT_EQ(text.bad_lines, std::vector<std::string>{});
    EXPECT_GT(text.samples.size(), 60U);
    EXPECT_EQ(text.helps.size(), text.types.size());
}

TEST_F(MetricsTest, AreNamedByPrometheusConventions) {
    for (const auto& [name, type] : exposition().types) {
        EXPECT_TRUE(name.starts_with("tickgate_") || name.starts_with("process_")) << name;
        EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
    }
}

TEST_F(MetricsTest, AreAllNamedInTheProtocol) {
    std::ifstream file{TICKGATE_SOURCE_DIR "/gateway/PROTOCOL.md"};
    const std::string document{std::istreambuf_iterator<char>{file}, {}};
    for (const auto& [name, type] : exposition().types) {
        const std::string written =
            name.starts_with("tickgate_") ? name.substr(std::string_view{"tickgate_"}.size()) : name;
        EXPECT_TRUE(document.find('`' + written + '`') != std::string::npos ||
                    document.find('`' + written + '{') != std::string::npos)
            << name;
    }
}

TEST_F(MetricsTest, ShowWhatTheAgentCounted) {
    agent.events.add(1'234'567'890);
    agent.batches.add();
    agent.batches.add(2);
    agent.messages_encoded[Channel::Bbo].add(7);
    agent.streams.set(9);
    agent.symbols[book::SymbolState::Live].add(5);
    agent.symbols[book::SymbolState::Live].add(-2);
    agent.symbols[book::SymbolState::Starting].set(4);
    const Exposition text = exposition();
    EXPECT_EQ(text.samples.at("tickgate_events_total"), 1'234'567'890);
    EXPECT_EQ(text.samples.at("tickgate_batches_total"), 3);
    EXPECT_EQ(text.samples.at("tickgate_messages_encoded_total{channel=\"bbo\"}"), 7);
    EXPECT_EQ(text.samples.at("tickgate_messages_encoded_total{channel=\"book\"}"), 0);
    EXPECT_EQ(text.samples.at("tickgate_streams"), 9);
    EXPECT_EQ(text.samples.at("tickgate_symbols{state=\"live\"}"), 3);
    EXPECT_EQ(text.samples.at("tickgate_symbols{state=\"starting\"}"), 4);
    EXPECT_EQ(text.samples.at("tickgate_symbols{state=\"resyncing\"}"), 0);
}

TEST_F(MetricsTest, ShowWhatEachShardCounted) {
    first.deliveries.add(10);
    second.deliveries.add(20);
    second.sessions.set(3);
    second.errors[ErrorCode::RateLimited].add(6);
    const Exposition text = exposition();
    EXPECT_EQ(text.samples.at("tickgate_deliveries_total{shard=\"0\"}"), 10);
    EXPECT_EQ(text.samples.at("tickgate_deliveries_total{shard=\"1\"}"), 20);
    EXPECT_EQ(text.samples.at("tickgate_sessions{shard=\"1\"}"), 3);
    EXPECT_EQ(text.samples.at("tickgate_client_errors_total{shard=\"1\",code=\"rate_limited\"}"), 6);
}

TEST_F(MetricsTest, ShowWhatEachHttpServerCounted) {
    first_http.accepted.add(1);
    first_http.refused.add(2);
    first_http.accept_failures.add(3);
    first_http.requests.add(4);
    first_http.bad_requests.add(5);
    first_http.timeouts.add(6);
    second_http.upgrades.add(7);
    const Exposition text = exposition();
    EXPECT_EQ(text.samples.at("tickgate_http_connections_total{shard=\"0\"}"), 1);
    EXPECT_EQ(text.samples.at("tickgate_http_refused_total{shard=\"0\"}"), 2);
    EXPECT_EQ(text.samples.at("tickgate_http_accept_failures_total{shard=\"0\"}"), 3);
    EXPECT_EQ(text.samples.at("tickgate_http_requests_total{shard=\"0\"}"), 4);
    EXPECT_EQ(text.samples.at("tickgate_http_bad_requests_total{shard=\"0\"}"), 5);
    EXPECT_EQ(text.samples.at("tickgate_http_timeouts_total{shard=\"0\"}"), 6);
    EXPECT_EQ(text.samples.at("tickgate_http_upgrades_total{shard=\"0\"}"), 0);
    EXPECT_EQ(text.samples.at("tickgate_http_upgrades_total{shard=\"1\"}"), 7);
}

TEST_F(MetricsTest, CountClosedSessionsByCodeAndStrangeCodesTogether) {
    first.closed[1000].add();
    first.closed[4408].add(2);
    first.closed[3999].add();
    first.closed[0].add();
    const Exposition text = exposition();
    EXPECT_EQ(text.samples.at("tickgate_sessions_closed_total{shard=\"0\",code=\"1000\"}"), 1);
    EXPECT_EQ(text.samples.at("tickgate_sessions_closed_total{shard=\"0\",code=\"4408\"}"), 2);
    EXPECT_EQ(text.samples.at("tickgate_sessions_closed_total{shard=\"0\",code=\"other\"}"), 2);
    EXPECT_EQ(text.samples.at("tickgate_sessions_closed_total{shard=\"1\",code=\"4408\"}"), 0);
}

TEST_F(MetricsTest, HaveACounterForEveryCloseCodeOfTheProtocol) {
    for (std::size_t i = 0; i < kErrorCodes; ++i) {
        const std::uint16_t code = traits_of(static_cast<ErrorCode>(i)).close_code;
        EXPECT_TRUE(code == 0 || &first.closed[code] != &first.closed.other()) << code;
    }
}

TEST_F(MetricsTest, TellAboutTheProcess) {
    const Exposition text = exposition();
    EXPECT_GT(text.samples.at("process_resident_memory_bytes"), 1e6);
    EXPECT_GT(text.samples.at("process_cpu_seconds_total"), 0);
    EXPECT_EQ(text.samples.at("tickgate_build_info{version=\"0.1.0\"}"), 1);
}

TEST_F(MetricsTest, AreReadWhileTheirThreadWrites) {
    std::jthread writer{[this] {
        for (int i = 0; i < 100'000; ++i) first.turns.add();
    }};
    double last = 0;
    for (int i = 0; i < 20; ++i) {
        const double now = exposition().samples.at("tickgate_turns_total{shard=\"0\"}");
        EXPECT_GE(now, last);
        last = now;
    }
    writer.join();
    EXPECT_EQ(first.turns.value(), 100'000U);
}

TEST_F(MetricsTest, ShowWhatBecameOfTlsHandshakes) {
    first_http.tls_full.add(3);
    second_http.tls_resumed.add(4);
    second_http.tls_failures[TlsFailure::PlainHttp].add(5);
    first_http.tls_failures[TlsFailure::Other].add(6);
    tls.reloads.add(2);
    tls.failed_reloads.add();
    tls.not_after_s.set(1'800'000'000);
    const auto samples = exposition().samples;
    EXPECT_EQ(samples.at("tickgate_tls_handshakes_total{shard=\"0\",kind=\"full\"}"), 3);
    EXPECT_EQ(samples.at("tickgate_tls_handshakes_total{shard=\"1\",kind=\"resumed\"}"), 4);
    EXPECT_EQ(samples.at("tickgate_tls_failures_total{shard=\"1\",reason=\"plain_http\"}"), 5);
    EXPECT_EQ(samples.at("tickgate_tls_failures_total{shard=\"0\",reason=\"other\"}"), 6);
    EXPECT_EQ(samples.at("tickgate_tls_reloads_total{result=\"ok\"}"), 2);
    EXPECT_EQ(samples.at("tickgate_tls_reloads_total{result=\"failed\"}"), 1);
    EXPECT_EQ(samples.at("tickgate_tls_certificate_not_after_seconds"), 1'800'000'000);
}

TEST_F(MetricsTest, SayNothingAboutTlsWhereThereIsNone) {
    const ShardMetrics* const shards[] = {&first};
    const HttpMetrics* const https[] = {&first_http};
    EXPECT_EQ(prometheus_text(agent, shards, https, nullptr).find("tickgate_tls"), std::string::npos);
}

}  // namespace
}  // namespace tickgate::gateway
