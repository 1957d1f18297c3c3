#pragma once

#include <chrono>
#include <csignal>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load/gateway_sample.hpp"
#include "tools/load/load_client.hpp"
#include "tools/load/options.hpp"
#include "tools/load/report.hpp"
#include "tools/load/storm.hpp"

namespace tickgate::load {

/// A whole run: connects everybody, follows, measures, and lets the storm loose if asked to. One thread.
class LoadRun {
public:
    /// The site outlives this. `symbols`: names only. Throws std::system_error where the kernel gives no epoll set.
    LoadRun(const Options& options, const Site& site, std::vector<std::string> symbols);

    /// Ends early when `stopped` (set by a signal) becomes true.
    [[nodiscard]] LoadReport run(const volatile std::sig_atomic_t& stopped);

private:
    void connect_all();
    void measure();
    void storm();
    void follow(Clock::duration time);
    void break_all_off(StormReport& report);
    /// Until all are settled or refused for good, or none was for a while.
    void until_settled();

    [[nodiscard]] bool is_stopped() const noexcept { return *stopped_ != 0; }
    void turn(Clock::time_point until);
    void start_connects(Clock::time_point now);
    void read_slow_clients(Clock::time_point now);
    void send_retries(Clock::time_point now);
    [[nodiscard]] Clock::time_point next_due(Clock::time_point now, Clock::time_point until) const;
    [[nodiscard]] std::optional<GatewaySample> sample();
    [[nodiscard]] Measured measured(double seconds) const;
    [[nodiscard]] ClientRole role_of(std::uint32_t number) const;
    void remark(std::string_view text);

    const Options& options_;
    Wires wires_;
    Workload workload_;
    ConnectQueue connects_;
    LoadContext context_;
    std::deque<LoadClient> clients_;
    std::vector<LoadClient*> slow_;
    std::optional<Clock::time_point> slow_read_at_;
    Clock::time_point alive_at_;
    const volatile std::sig_atomic_t* stopped_ = nullptr;
    std::size_t remarks_ = 0;
    LoadReport report_;
    StormSamples samples_;
};

}  // namespace tickgate::load
