#include "tools/load/gateway_sample.hpp"

#include <charconv>
#include <utility>

namespace tickgate::load {

namespace {

constexpr std::pair<std::string_view, double GatewaySample::*> kMetrics[] = {
    {"tickgate_messages_encoded_total", &GatewaySample::encoded},
    {"tickgate_catch_ups_total", &GatewaySample::catch_ups},
    {"tickgate_busy_snapshots_total", &GatewaySample::busy_snapshots},
    {"tickgate_catch_up_questions_total", &GatewaySample::questions},
    {"tickgate_deliveries_total", &GatewaySample::deliveries},
    {"tickgate_writes_total", &GatewaySample::writes},
    {"process_cpu_seconds_total", &GatewaySample::cpu_seconds},
    {"process_resident_memory_bytes", &GatewaySample::resident_bytes},
};

std::string_view take_line(std::string_view& page) noexcept {
    const std::size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
    return line;
}

// NAME VALUE or NAME{LABELS} VALUE, without a time.
std::optional<double> value_of(std::string_view line, std::string_view name) {
    if (!line.starts_with(name) || line.size() == name.size()) return std::nullopt;
    if (line[name.size()] != ' ' && line[name.size()] != '{') return std::nullopt;
    const std::string_view text = line.substr(line.rfind(' ') + 1);
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
    return value;
}

}  // namespace

std::optional<double> metric_sum(std::string_view page, std::string_view name) {
    std::optional<double> sum;
    while (!page.empty()) {
        if (const auto value = value_of(take_line(page), name)) sum = sum.value_or(0) + *value;
    }
    return sum;
}

std::optional<GatewaySample> parse_sample(std::string_view page, Clock::time_point now) {
    GatewaySample sample;
    sample.taken = now;
    for (const auto& [name, member] : kMetrics) {
        const std::optional<double> sum = metric_sum(page, name);
        if (!sum) return std::nullopt;
        sample.*member = *sum;
    }
    return sample;
}

}  // namespace tickgate::load
