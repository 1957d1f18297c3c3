#include "tools/load/report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <string_view>

#include "tools/load/options.hpp"

namespace tickgate::load {

namespace {

constexpr Count kStormCounts[] = {Count::Resumed,    Count::ResumeExpired, Count::EpochChanged,     Count::Busy,
                                  Count::Snapshots,  Count::Deltas,        Count::PrevBreaks,       Count::CkVerified,
                                  Count::CkFailures, Count::ConnectErrors, Count::UnexpectedCloses, Count::TlsFull,
                                  Count::TlsResumed};

/// Writes members one after another.
class Members {
public:
    explicit Members(std::string& out) : out_{out} { out_ += '{'; }
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;
    ~Members() { out_ += '}'; }

    void add(std::string_view key, std::uint64_t value) { append(key, "{}", value); }
    void add(std::string_view key, bool value) { append(key, "{}", value); }
    void add_ratio(std::string_view key, double value) { append(key, "{:.5f}", value); }
    void add_exact(std::string_view key, double value) { append(key, "{:.3f}", value); }
    void add(std::string_view key, std::optional<double> value) {
        if (value) return add_exact(key, *value);
        append(key, "{}", "null");
    }
    /// What is written next is the value.
    std::string& open(std::string_view key) {
        append(key, "{}", "");
        return out_;
    }

private:
    template <typename Value>
    void append(std::string_view key, fmt::format_string<const Value&> format, const Value& value) {
        fmt::format_to(std::back_inserter(out_), R"({}"{}":)", is_first_ ? "" : ",", key);
        fmt::format_to(std::back_inserter(out_), format, value);
        is_first_ = false;
    }

    std::string& out_;
    bool is_first_ = true;
};

double per(double count, double of) {
    return of > 0 ? count / of : 0;
}

void append_latency(std::string& out, const Latency& latency) {
    Members members{out};
    members.add("n", latency.count);
    members.add("p50", latency.p50);
    members.add("p90", latency.p90);
    members.add("p99", latency.p99);
    members.add("p99_9", latency.p99_9);
    members.add("max", latency.max);
}

void append_fairness(std::string& out, const Fairness& fairness) {
    Members members{out};
    members.add_ratio("jain", fairness.jain);
    members.add_ratio("least_share", fairness.least_share);
    members.add_ratio("most_share", fairness.most_share);
    members.add("least", fairness.least);
    members.add("most", fairness.most);
}

void append_gateway(std::string& out, const Measured& measured) {
    const GatewaySample& before = *measured.before;
    const GatewaySample& after = *measured.after;
    const double deliveries = after.deliveries - before.deliveries;
    const double cpu = after.cpu_seconds - before.cpu_seconds;
    const double seconds = std::chrono::duration<double>(after.taken - before.taken).count();
    Members members{out};
    members.add_exact("cpu_us_per_delivery", per(cpu * 1e6, deliveries));
    members.add_exact("cpu_share", per(cpu, seconds));
    members.add_exact("deliveries_per_write_call", per(deliveries, after.writes - before.writes));
    members.add_exact("encoded_per_s", per(after.encoded - before.encoded, seconds));
    members.add("resident_bytes", static_cast<std::uint64_t>(after.resident_bytes));
}

void append_measured(Members& members, const Measured& measured) {
    members.add_exact("seconds", measured.seconds);
    members.add("deliveries", measured.deliveries);
    members.add("bytes", measured.bytes);
    members.add("wire_bytes", measured.wire_bytes);
    members.add_exact("deliveries_per_s", per(static_cast<double>(measured.deliveries), measured.seconds));
    members.add_exact("bytes_per_s", per(static_cast<double>(measured.bytes), measured.seconds));
    members.add_exact("wire_bytes_per_s", per(static_cast<double>(measured.wire_bytes), measured.seconds));
    members.add("slow_deliveries", measured.slow_deliveries);
    append_latency(members.open("latency_us"), measured.latency);
    append_fairness(members.open("fairness"), measured.fairness);
    if (measured.before && measured.after) {
        append_gateway(members.open("gateway"), measured);
    } else {
        members.open("gateway") += "null";
    }
}

void append_encodings(std::string& out, const StormEncodings& encodings) {
    Members members{out};
    members.add_exact("window_s", encodings.window_s);
    members.add_exact("counted", encodings.counted);
    members.add_exact("usual", encodings.usual);
    members.add_exact("bound", encodings.bound);
    members.add("within_bound", encodings.counted <= encodings.bound);
    members.add_exact("catch_ups", encodings.catch_ups);
    members.add_exact("busy_snapshots", encodings.busy_snapshots);
    members.add_exact("questions", encodings.questions);
    members.add_exact("usual_per_s", encodings.usual_per_s);
    members.add_exact("after_per_s", encodings.after_per_s);
}

void append_storm(std::string& out, const StormReport& storm) {
    Members members{out};
    members.add("clients", storm.clients);
    members.add("back", storm.back);
    members.add("subscriptions", storm.subscriptions);
    members.add("streams", std::uint64_t{storm.positions.streams});
    members.add("positions_max", std::uint64_t{storm.positions.most});
    members.add_exact("positions_mean", storm.positions.mean);
    members.add("back_s", storm.back_s);
    members.add("first_data_s", storm.first_data_s);
    members.add("without_data", storm.without_data);
    for (const Count count : kStormCounts) members.add(name_of(count), storm.returning[count]);
    members.add("after_deltas", storm.after[Count::Deltas]);
    members.add("after_prev_breaks", storm.after[Count::PrevBreaks]);
    members.add("after_ck_failures", storm.after[Count::CkFailures]);
    if (storm.encodings) {
        append_encodings(members.open("encodings"), *storm.encodings);
    } else {
        members.open("encodings") += "null";
    }
}

void append_close_codes(std::string& out, const std::map<std::uint16_t, std::uint64_t>& codes) {
    Members members{out};
    for (const auto& [code, count] : codes) members.add(std::to_string(code), count);
}

}  // namespace

std::string report_text(const LoadReport& report) {
    std::string out;
    {
        Members members{out};
        members.add("clients", report.clients);
        members.add("slow_clients", report.slow_clients);
        members.add("settled", report.settled);
        members.add("subscriptions", report.subscriptions);
        members.add_exact("connect_s", report.connect_s);
        members.add("interrupted", report.interrupted);
        if (report.measured) append_measured(members, *report.measured);
        for (std::size_t i = 0; i < kCounts; ++i) {
            const auto count = static_cast<Count>(i);
            members.add(name_of(count), report.tally[count]);
        }
        append_close_codes(members.open("close_codes"), report.close_codes);
        if (report.storm) append_storm(members.open("storm"), *report.storm);
    }
    return out += '\n';
}

int exit_code_of(const LoadReport& report) noexcept {
    constexpr Count kFaults[] = {Count::PrevBreaks, Count::CkFailures, Count::UnexpectedCloses,
                                 Count::Unreadable, Count::Strays,     Count::Errors};
    for (const Count fault : kFaults) {
        if (report.tally[fault] > 0) return kExitFailed;
    }
    const bool all_in = report.settled == report.clients || report.interrupted;
    const bool all_back = !report.storm || report.storm->back == report.storm->clients || report.interrupted;
    return report.settled > 0 && all_in && all_back ? 0 : kExitFailed;
}

}  // namespace tickgate::load
