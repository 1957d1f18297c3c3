#include "gateway/metrics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>

namespace tickgate::gateway {
namespace {

/// Prometheus' text format read back: every line is a comment or a sample, every sample has help and a type.
struct Exposition {
    std::map<std::string, double> samples;  // by name with labels, as written
    std::map<std::string, std::string> types;
    std::set<std::string> helps;
    std::vector<std::string> bad_lines;
};

Exposition read(const std::string& text) {
    static const std::regex comment{R"(# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+))"};
    static const std::regex sample{R"(([a-z_][a-z0-9_]*)(\{([a-z_]+="[^"\\\n]*",?)+\})? (-?[0-9.]+(e[+-]?[0-9]+)?))"};
    Exposition result;
    std::istringstream lines{text};
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_match(line, match, comment)) {
            if (match[1] == "HELP" && !result.helps.insert(match[2]).second) result.bad_lines.push_back(line);
            if (match[1] == "TYPE") result.types[match[2]] = match[3];
        } else if (std::regex_match(line, match, sample) && result.types.contains(match[1])) {
            const bool is_new = result.samples.emplace(match[1].str() + match[2].str(), std::stod(match[4])).second;
            if (!is_new) result.bad_lines.push_back(line);
        } else {
            result.bad_lines.push_back(line);
        }
    }
    return result;
}

class MetricsTest : public testing::Test {
protected:
    [[nodiscard]] Exposition exposition() const {
        const ShardMetrics* const shards[] = {&first, &second};
        return read(prometheus_text(agent, shards));
    }

    AgentMetrics agent;
    ShardMetrics first;
    ShardMetrics second;
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

}  // namespace
}  // namespace tickgate::gateway
