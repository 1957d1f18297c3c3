#include "tools/load/load_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace tickgate::load {

namespace {

using namespace std::chrono_literals;

constexpr auto kNoProgress = 10s;  // after which those that are not in are given up
constexpr auto kSettle = 200ms;    // in which what has piled up while the metrics were read is taken off
constexpr auto kSlowRead = 100ms;
constexpr auto kSignOfLife = 5s;  // the gateway's heartbeat; it takes a client for dead after three
constexpr int kSlowReceiveBuffer = 4096;
constexpr std::size_t kRemarks = 20;

Clock::duration from_seconds(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{seconds});
}

double to_seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

Latency percentiles(const Histogram& histogram) {
    return {histogram.count(),        histogram.percentile(50),   histogram.percentile(90),
            histogram.percentile(99), histogram.percentile(99.9), histogram.max()};
}

}  // namespace

LoadRun::LoadRun(const Options& options, const Site& site, std::vector<std::string> symbols)
    : options_{options},
      wires_{site},
      workload_{std::move(symbols), options.wishes, options.clients, options.subs_per_client, options.seed},
      connects_{options.connect_rate, options.connects_at_once},
      context_{workload_, wires_, connects_, [this](std::string_view text) { remark(text); }} {
    wires_.nonces = std::random_device{}();
    for (std::uint32_t number = 0; number < options.clients; ++number) {
        LoadClient& client = clients_.emplace_back(context_, number, role_of(number));
        if (client.is_slow()) slow_.push_back(&client);
        connects_.add(number);
    }
    report_.clients = clients_.size();
    report_.slow_clients = slow_.size();
}

// The slow ones are spread evenly over all.
ClientRole LoadRun::role_of(std::uint32_t number) const {
    const auto slow_before = [this](std::uint32_t count) { return static_cast<std::uint64_t>(count * options_.slow); };
    ClientRole role;
    role.slow = slow_before(number + 1) != slow_before(number);
    role.receive_buffer = role.slow ? kSlowReceiveBuffer : 0;
    role.verifies_books = options_.verify_every > 0 && number % options_.verify_every == 0;
    return role;
}

LoadReport LoadRun::run(const volatile std::sig_atomic_t& stopped) {
    stopped_ = &stopped;
    connect_all();
    if (context_.settled > 0) {
        follow(from_seconds(options_.warmup_seconds));
        measure();
        if (options_.storm && !is_stopped()) storm();
    }
    report_.tally = context_.tally;
    report_.close_codes = context_.close_codes;
    report_.interrupted = is_stopped();
    return report_;
}

// ---- the course of a run

void LoadRun::connect_all() {
    const Clock::time_point start = Clock::now();
    until_settled();
    report_.connect_s = to_seconds(Clock::now() - start);
    report_.settled = context_.settled;
    report_.subscriptions = context_.subscriptions;
    fmt::print(stderr, "tickgate-load: {} of {} clients in, with {} subscriptions\n", report_.settled, report_.clients,
               report_.subscriptions);
}

void LoadRun::measure() {
    samples_.start = sample();
    follow(kSettle);
    for (LoadClient& client : clients_) client.reset_deliveries();
    context_.latency.clear();
    context_.measuring = true;
    const Clock::time_point start = Clock::now();
    follow(from_seconds(options_.for_seconds));
    const double seconds = to_seconds(Clock::now() - start);
    context_.measuring = false;
    report_.measured = measured(seconds);
    samples_.storm = sample();
    report_.measured->before = samples_.start;
    report_.measured->after = samples_.storm;
}

Measured LoadRun::measured(double seconds) const {
    Measured measured;
    measured.seconds = seconds;
    measured.latency = percentiles(context_.latency);
    std::vector<ClientDeliveries> shares;
    for (std::uint32_t number = 0; number < clients_.size(); ++number) {
        const LoadClient& client = clients_[number];
        (client.is_slow() ? measured.slow_deliveries : measured.deliveries) += client.deliveries();
        if (client.is_slow() || !client.is_open()) continue;
        measured.bytes += client.bytes();
        measured.wire_bytes += client.wire_bytes();
        shares.push_back({workload_.group_of(number), client.deliveries()});
    }
    measured.fairness = fairness_of(shares);
    return measured;
}

void LoadRun::storm() {
    StormReport& report = report_.storm.emplace();
    samples_.storm = sample();
    const Tally before = context_.tally;
    const Clock::time_point start = Clock::now();
    const std::uint64_t start_micros = wall_micros();
    break_all_off(report);
    until_settled();
    report.back = context_.settled;
    if (report.back == report.clients) report.back_s = to_seconds(Clock::now() - start);
    samples_.back = sample();
    const Tally back = context_.tally;
    report.returning = back.since(before);
    follow(from_seconds(options_.for_seconds));
    samples_.end = sample();
    report.after = context_.tally.since(back);
    report.without_data = context_.without_data;
    if (context_.last_first_data > start_micros) {
        report.first_data_s = static_cast<double>(context_.last_first_data - start_micros) / 1e6;
    }
    report.encodings = count_encodings(samples_, report.positions);
}

void LoadRun::break_all_off(StormReport& report) {
    std::vector<HeldPosition> positions;
    for (LoadClient& client : clients_) client.append_positions(positions);
    report.subscriptions = positions.size();
    report.positions = count_positions(std::move(positions));
    for (std::uint32_t number = 0; number < clients_.size(); ++number) {
        if (!clients_[number].is_open()) continue;  // lost before: it stays away
        ++report.clients;
        clients_[number].break_off();
        connects_.add(number);
    }
}

void LoadRun::follow(Clock::duration time) {
    const Clock::time_point end = Clock::now() + time;
    while (!is_stopped() && Clock::now() < end) turn(end);
}

void LoadRun::until_settled() {
    const std::size_t wanted = report_.storm ? report_.storm->clients : clients_.size();
    std::size_t settled = context_.settled;
    Clock::time_point give_up = Clock::now() + kNoProgress;
    while (!is_stopped() && context_.settled + context_.given_up < wanted && Clock::now() < give_up) {
        turn(give_up);
        if (context_.settled == settled) continue;
        settled = context_.settled;
        give_up = Clock::now() + kNoProgress;
    }
}

// ---- one turn of the loop

void LoadRun::turn(Clock::time_point until) {
    const Clock::time_point now = Clock::now();
    start_connects(now);
    read_slow_clients(now);
    send_retries(now);
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(next_due(now, until) - now);
    for (const epoll_event& event : wires_.poller.wait(options_.spin ? 0ms : patience)) {
        clients_[event.data.u32].on_ready(event.events);
    }
}

void LoadRun::start_connects(Clock::time_point now) {
    while (const std::optional<std::uint32_t> client = connects_.next(now)) clients_[*client].connect();
}

void LoadRun::read_slow_clients(Clock::time_point now) {
    if (slow_.empty() || (slow_read_at_ && now < *slow_read_at_)) return;
    slow_read_at_ = now + kSlowRead;
    const bool says_alive = now >= alive_at_;
    if (says_alive) alive_at_ = now + kSignOfLife;
    const std::size_t bytes = std::max<std::size_t>(1, options_.slow_bytes / (1s / kSlowRead));
    for (LoadClient* client : slow_) {
        if (!client->is_settled()) continue;
        client->read_slowly(bytes);
        if (says_alive) client->say_alive();
    }
}

void LoadRun::send_retries(Clock::time_point now) {
    const auto due = std::partition(context_.retries.begin(), context_.retries.end(),
                                    [now](const Retry& retry) { return retry.due > now; });
    const std::vector<Retry> ready{due, context_.retries.end()};
    context_.retries.erase(due, context_.retries.end());
    for (const Retry& retry : ready) clients_[retry.client].retry(retry.id);
}

Clock::time_point LoadRun::next_due(Clock::time_point now, Clock::time_point until) const {
    Clock::time_point due = std::min(until, now + kSlowRead);
    if (slow_read_at_) due = std::min(due, *slow_read_at_);
    for (const Retry& retry : context_.retries) due = std::min(due, retry.due);
    if (const auto connect = connects_.next_due(now)) due = std::min(due, *connect);
    return std::max(due, now);
}

// Blocks for some milliseconds: nothing is measured meanwhile.
std::optional<GatewaySample> LoadRun::sample() {
    const Clock::time_point now = Clock::now();
    const auto page = http_get(wires_.site, "/metrics");
    return page ? parse_sample(*page, now) : std::nullopt;
}

void LoadRun::remark(std::string_view text) {
    if (++remarks_ <= kRemarks) fmt::print(stderr, "tickgate-load: {}\n", text);
    if (remarks_ == kRemarks) fmt::print(stderr, "tickgate-load: more of these are only counted\n");
}

}  // namespace tickgate::load
