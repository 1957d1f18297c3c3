#include "gateway/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/version.hpp"

namespace tickgate::gateway {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Shards = std::span<const ShardMetrics* const>;

/// One metric: its name without prefix, what it tells, and where the number is.
template <typename Metrics, typename Metric>
struct Described {
    std::string_view name;
    std::string_view help;
    Metric Metrics::*member;
};

constexpr Described<AgentMetrics, Counter> kAgentCounters[] = {
    {"events_total", "Normalised events taken from the event queue.", &AgentMetrics::events},
    {"batches_total", "Book batches applied.", &AgentMetrics::batches},
    {"level_changes_total", "Levels of books that changed.", &AgentMetrics::level_changes},
    {"trades_total", "Trades added to the tapes.", &AgentMetrics::trades},
    {"catch_ups_total", "Questions answered with what changed since a position.", &AgentMetrics::catch_ups},
    {"busy_snapshots_total", "Catch-ups answered by a shared snapshot because too many positions asked at once.",
     &AgentMetrics::busy_snapshots},
    {"checksums_ok_total", "Venues' checksums that were those of our books.", &AgentMetrics::checksums_ok},
    {"checksums_failed_total", "Venues' checksums that were not, each costing a resync.",
     &AgentMetrics::checksums_failed},
    {"touch_mismatches_total", "Books that differed from the venue's own best bid and ask.",
     &AgentMetrics::touch_mismatches},
    {"dropped_batches_total", "Batches that their feed broke off.", &AgentMetrics::dropped_batches},
    {"agent_stalls_total", "Turns of the book agent cut short because a shard was behind.", &AgentMetrics::stalls},
};

constexpr Described<ShardMetrics, Counter> kShardCounters[] = {
    {"sessions_accepted_total", "WebSocket sessions accepted.", &ShardMetrics::accepted},
    {"client_messages_total", "Messages received from clients.", &ShardMetrics::messages_in},
    {"symbols_wished_total", "Symbols that subscribe operations named or matched, repeated ones too.",
     &ShardMetrics::symbols_wished},
    {"deliveries_total", "Messages put into the outputs of sessions.", &ShardMetrics::deliveries},
    {"sent_bytes_total", "Bytes written to clients.", &ShardMetrics::bytes_out},
    {"writes_total", "System calls that wrote to clients.", &ShardMetrics::writes},
    {"session_blocks_total", "Times a client's socket did not take all it was due.", &ShardMetrics::blocked},
    {"catch_up_questions_total", "Positions from which the book agent was asked to bring clients on.",
     &ShardMetrics::catch_up_questions},
    {"lag_notices_total", "Lag messages sent to slow clients.", &ShardMetrics::lag_notices},
    {"session_tls_errors_total", "Sessions ended because of an error in TLS.", &ShardMetrics::tls_errors},
    {"turns_total", "Turns of the shard that did something.", &ShardMetrics::turns},
    {"deflate_calls_total", "Messages deflated, each at most once for all clients of the shard.",
     &ShardMetrics::deflate_calls},
    {"deflate_in_bytes_total", "Bytes of those messages.", &ShardMetrics::deflate_bytes_in},
    {"deflate_out_bytes_total", "Bytes that they were deflated to.", &ShardMetrics::deflate_bytes_out},
};

constexpr Described<HttpMetrics, Counter> kHttpCounters[] = {
    {"http_connections_total", "Connections accepted.", &HttpMetrics::accepted},
    {"http_refused_total", "Connections and handshakes above a limit.", &HttpMetrics::refused},
    {"http_accept_failures_total", "Accepts that failed for lack of descriptors or memory.",
     &HttpMetrics::accept_failures},
    {"http_requests_total", "Whole requests answered, those that became WebSockets not counted.",
     &HttpMetrics::requests},
    {"http_bad_requests_total", "Requests that were malformed, too big or too slow.", &HttpMetrics::bad_requests},
    {"http_timeouts_total", "Connections whose time for a request or an answer was up.", &HttpMetrics::timeouts},
    {"http_upgrades_total", "Connections that became WebSockets.", &HttpMetrics::upgrades},
};

constexpr Described<ShardMetrics, Gauge> kShardGauges[] = {
    {"sessions", "WebSocket sessions open.", &ShardMetrics::sessions},
    {"subscriptions", "Subscriptions held by all sessions.", &ShardMetrics::subscriptions},
    {"sessions_blocked", "Sessions whose socket has not taken all yet.", &ShardMetrics::blocked_now},
};

/// Their names as labels; a starting symbol is told from a resyncing one here, unlike on the wire.
constexpr std::pair<book::SymbolState, std::string_view> kStates[] = {
    {book::SymbolState::Starting, "starting"}, {book::SymbolState::Live, "live"},
    {book::SymbolState::Stale, "stale"},       {book::SymbolState::Resyncing, "resyncing"},
    {book::SymbolState::Halted, "halted"},     {book::SymbolState::Closed, "closed"},
};

ClientMetric metric_of(const Counter& counter, Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(counter.value());
    return metric;
}

ClientMetric metric_of(const Gauge& gauge, Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = static_cast<double>(gauge.value());
    return metric;
}

constexpr MetricType type_of(const Counter&) {
    return MetricType::Counter;
}
constexpr MetricType type_of(const Gauge&) {
    return MetricType::Gauge;
}

MetricFamily family(std::string_view name, std::string_view help, MetricType type,
                    std::vector<ClientMetric> metrics = {}) {
    return {"tickgate_" + std::string{name}, std::string{help}, type, std::move(metrics)};
}

ClientMetric::Label shard_label(std::size_t shard) {
    return {"shard", std::to_string(shard)};
}

void add_agent(std::vector<MetricFamily>& families, const AgentMetrics& agent) {
    for (const auto& [name, help, member] : kAgentCounters) {
        families.push_back(family(name, help, MetricType::Counter, {metric_of(agent.*member, {})}));
    }
    auto messages =
        family("messages_encoded_total", "Messages encoded, each once for all its subscribers.", MetricType::Counter);
    for (const Channel channel : kChannels) {
        messages.metric.push_back(
            metric_of(agent.messages_encoded[channel], {{"channel", std::string{name_of(channel)}}}));
    }
    auto symbols = family("symbols", "Symbols known, by their state.", MetricType::Gauge);
    for (const auto& [state, name] : kStates) {
        symbols.metric.push_back(metric_of(agent.symbols[state], {{"state", std::string{name}}}));
    }
    families.push_back(std::move(messages));
    families.push_back(std::move(symbols));
    families.push_back(
        family("streams", "Streams that somebody subscribes to.", MetricType::Gauge, {metric_of(agent.streams, {})}));
}

template <typename Metrics, typename Metric>
void add_shards(std::vector<MetricFamily>& families, std::span<const Metrics* const> shards,
                const Described<Metrics, Metric>& described) {
    auto all = family(described.name, described.help, type_of(Metric{}));
    for (std::size_t shard = 0; shard < shards.size(); ++shard) {
        all.metric.push_back(metric_of(shards[shard]->*described.member, {shard_label(shard)}));
    }
    families.push_back(std::move(all));
}

MetricFamily closed_family(Shards shards) {
    auto closed = family("sessions_closed_total", "Sessions closed, by WebSocket close code.", MetricType::Counter);
    for (std::size_t shard = 0; shard < shards.size(); ++shard) {
        const CloseCounters& counters = shards[shard]->closed;
        for (const std::uint16_t code : CloseCounters::kCodes) {
            closed.metric.push_back(metric_of(counters[code], {shard_label(shard), {"code", std::to_string(code)}}));
        }
        closed.metric.push_back(metric_of(counters.other(), {shard_label(shard), {"code", "other"}}));
    }
    return closed;
}

MetricFamily errors_family(Shards shards) {
    auto errors = family("client_errors_total", "Error messages sent to clients, by code.", MetricType::Counter);
    for (std::size_t shard = 0; shard < shards.size(); ++shard) {
        for (std::size_t i = 0; i < kErrorCodes; ++i) {
            const auto code = static_cast<ErrorCode>(i);
            errors.metric.push_back(metric_of(shards[shard]->errors[code],
                                              {shard_label(shard), {"code", std::string{traits_of(code).code}}}));
        }
    }
    return errors;
}

void add_tls(std::vector<MetricFamily>& families, std::span<const HttpMetrics* const> http, const TlsMetrics* tls) {
    if (tls == nullptr) return;
    auto handshakes = family("tls_handshakes_total", "TLS handshakes, full or resumed.", MetricType::Counter);
    auto failures = family("tls_failures_total", "TLS handshakes that failed, by reason.", MetricType::Counter);
    for (std::size_t shard = 0; shard < http.size(); ++shard) {
        handshakes.metric.push_back(metric_of(http[shard]->tls_full, {shard_label(shard), {"kind", "full"}}));
        handshakes.metric.push_back(metric_of(http[shard]->tls_resumed, {shard_label(shard), {"kind", "resumed"}}));
        for (std::size_t i = 0; i < kTlsFailures; ++i) {
            const auto failure = static_cast<TlsFailure>(i);
            failures.metric.push_back(metric_of(http[shard]->tls_failures[failure],
                                                {shard_label(shard), {"reason", std::string{name_of(failure)}}}));
        }
    }
    families.push_back(std::move(handshakes));
    families.push_back(std::move(failures));
    families.push_back(
        family("tls_reloads_total", "Times the certificate was read again, by outcome.", MetricType::Counter,
               {metric_of(tls->reloads, {{"result", "ok"}}), metric_of(tls->failed_reloads, {{"result", "failed"}})}));
    families.push_back(family("tls_certificate_not_after_seconds",
                              "When the certificate runs out, or one of its chain before it, in seconds since 1970.",
                              MetricType::Gauge, {metric_of(tls->not_after_s, {})}));
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    statm >> total_pages >> resident_pages;
    return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The names that every Prometheus client library gives them.
void add_process(std::vector<MetricFamily>& families) {
    ClientMetric build;
    build.label = {{"version", std::string{version()}}};
    build.gauge.value = 1;
    ClientMetric cpu;
    cpu.counter.value = cpu_seconds();
    ClientMetric memory;
    memory.gauge.value = resident_bytes();
    families.push_back(family("build_info", "The release that is running.", MetricType::Gauge, {build}));
    families.push_back({"process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, {cpu}});
    families.push_back({"process_resident_memory_bytes", "Resident memory.", MetricType::Gauge, {memory}});
}

}  // namespace

std::size_t CloseCounters::index_of(std::uint16_t code) noexcept {
    return static_cast<std::size_t>(std::ranges::find(kCodes, code) - kCodes.begin());
}

std::string prometheus_text(const AgentMetrics& agent, Shards shards, std::span<const HttpMetrics* const> http,
                            const TlsMetrics* tls) {
    std::vector<MetricFamily> families;
    add_agent(families, agent);
    for (const auto& counter : kShardCounters) add_shards(families, shards, counter);
    for (const auto& counter : kHttpCounters) add_shards(families, http, counter);
    for (const auto& gauge : kShardGauges) add_shards(families, shards, gauge);
    families.push_back(closed_family(shards));
    families.push_back(errors_family(shards));
    add_tls(families, http, tls);
    add_process(families);
    return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace tickgate::gateway
