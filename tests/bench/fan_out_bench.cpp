// What fan-out costs: processor time for each delivered message, as a ratio to the least that a server can do, which
// is to write bytes that were made before, once for each client and tick. See README.md.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <thread>

#include "feeds/synthetic_feed.hpp"
#include "gateway/book_agent.hpp"
#include "gateway/shard.hpp"
#include "tests/bench/fan_out_readers.hpp"

namespace tickgate::bench {
namespace {

using namespace std::chrono_literals;
using book::UnixNanos;
using gateway::IoBackend;

constexpr auto kWarmUp = 1s;
constexpr auto kMeasured = 3s;
constexpr std::size_t kDefaultPairs = 5;

UnixNanos wall_clock() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

double thread_seconds() {
    std::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Cost {
    double microseconds_per_message = 0;
    std::size_t message_bytes = 0;  ///< the mean
};

/// What a server has done so far.
struct Done {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

/// Turns a server for the warm-up and then for the time that is measured. `turn` does what is due and returns false
/// when that was nothing.
template <typename Turn, typename Count>
Cost measure(Turn turn, Count count) {
    const auto run_until = [&turn](UnixNanos end) {
        while (wall_clock() < end) {
            if (!turn(wall_clock())) std::this_thread::sleep_for(200us);
        }
    };
    const UnixNanos start = wall_clock();
    run_until(start + kWarmUp);
    const Done before = count();
    const double cpu_before = thread_seconds();
    run_until(start + kWarmUp + kMeasured);
    const double cpu = thread_seconds() - cpu_before;
    const Done after = count();
    const std::uint64_t messages = after.messages - before.messages;
    if (messages == 0) throw std::runtime_error{"nothing was delivered"};
    return {cpu * 1e6 / static_cast<double>(messages), (after.bytes - before.bytes) / messages};
}

/// Feed, books, streams and one shard, all on this thread.
Cost cost_of_gateway(const Workload& workload, IoBackend io) {
    const Readers readers{workload};
    book::InstrumentRegistry registry;
    book::EventQueue events;
    feeds::SyntheticOptions options;
    options.symbols = workload.symbols;
    options.rate = workload.rate;
    options.tick = std::chrono::milliseconds{kTickMs};
    feeds::SyntheticFeed feed{book::FeedId{0}, options, registry, events};
    gateway::ShardQueue records;
    gateway::CommandQueue commands{4'096};
    gateway::Admission admission{{}};
    gateway::Shard shard{{}, records, commands, admission, gateway::make_socket_writer(io)};
    gateway::BookAgent agent{{.epoch = "bench", .recorded_feeds = {false}}, events, {{&records, &commands}}};
    const auto turn = [&](UnixNanos now) {
        int work = feed.do_work(now);
        work += agent.do_work(now);
        work += shard.do_work(now);
        return work > 0;
    };
    while (!feed.ready()) turn(wall_clock());
    for (const int fd : readers.sockets()) {
        shard.add_session({.fd = fd, .remote_address = "127.0.0.1"}, wall_clock());
        turn(wall_clock());
    }
    return measure(turn, [&] { return Done{shard.metrics().deliveries.value(), shard.metrics().bytes_out.value()}; });
}

/// Bytes made before: each tick the next symbols in turn, copied together for each client that follows any of them.
class Floor {
public:
    Floor(const Workload& workload, const std::vector<int>& sockets, IoBackend io, std::size_t message_bytes)
        : sockets_{sockets},
          frame_(message_bytes, 'x'),
          per_tick_{workload.symbols * workload.rate * kTickMs / 1'000},
          followers_(workload.symbols),
          due_(sockets.size()),
          writer_{gateway::make_socket_writer(io)},
          next_tick_{wall_clock()} {
        for (std::uint32_t client = 0; client < workload.clients; ++client) {
            for (const std::uint32_t symbol : symbols_of(workload, client)) followers_[symbol].push_back(client);
        }
    }
    ~Floor() {
        for (const int fd : sockets_) ::close(fd);
    }
    Floor(const Floor&) = delete;
    Floor& operator=(const Floor&) = delete;

    bool turn(UnixNanos now) {
        if (now < next_tick_) return false;
        while (next_tick_ <= now) next_tick_ += std::chrono::milliseconds{kTickMs};
        for (std::uint32_t i = 0; i < per_tick_; ++i) {
            for (const std::uint32_t client : followers_[next_symbol_]) ++due_[client];
            next_symbol_ = (next_symbol_ + 1) % static_cast<std::uint32_t>(followers_.size());
        }
        write();
        return true;
    }
    [[nodiscard]] Done done() const noexcept { return done_; }

private:
    void write() {
        buffer_.clear();
        buffer_.reserve(frame_.size() * due_.size() * per_tick_);  // so that it does not move
        for (std::uint32_t client = 0; client < due_.size(); ++client) {
            if (due_[client] == 0) continue;
            const std::size_t begin = buffer_.size();
            for (; due_[client] > 0; --due_[client], ++done_.messages) buffer_ += frame_;
            writer_->add(sockets_[client], std::span{buffer_}.subspan(begin), client);
        }
        done_.bytes += buffer_.size();
        for (const gateway::WriteResult& result : writer_->flush()) {
            if (result.result <= 0) throw std::runtime_error{"a client of the floor does not keep up"};
        }
    }

    std::vector<int> sockets_;
    std::string frame_;
    std::uint32_t per_tick_;
    std::vector<std::vector<std::uint32_t>> followers_;  // by symbol
    std::vector<std::uint32_t> due_;                     // messages, by client
    std::unique_ptr<gateway::SocketWriter> writer_;
    UnixNanos next_tick_;
    std::uint32_t next_symbol_ = 0;
    std::string buffer_;
    Done done_;
};

Cost cost_of_floor(const Workload& workload, IoBackend io, std::size_t message_bytes) {
    const Readers readers{workload};
    Floor floor{workload, readers.sockets(), io, message_bytes};
    return measure([&](UnixNanos now) { return floor.turn(now); }, [&] { return floor.done(); });
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void report(const Workload& workload, IoBackend io, std::size_t pairs) {
    std::vector<double> gateway, floor, ratios;
    std::size_t bytes = 0;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        const Cost ours = cost_of_gateway(workload, io);
        bytes = ours.message_bytes;
        gateway.push_back(ours.microseconds_per_message);
        floor.push_back(cost_of_floor(workload, io, bytes).microseconds_per_message);
        ratios.push_back(gateway.back() / floor.back());
    }
    fmt::print("{} {}: {} bytes a message, gateway {:.2f} us, floor {:.2f} us a delivered message, ratio {:.2f}\n",
               workload.name, io == IoBackend::IoUring ? "io_uring" : "send", bytes, median(gateway), median(floor),
               median(ratios));
}

void stay_on_first_core() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(0, &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
}

}  // namespace
}  // namespace tickgate::bench

int main(int argc, char** argv) {
    using namespace tickgate;
    try {
        const std::size_t pairs = argc > 1 ? std::max(std::strtoul(argv[1], nullptr, 10), 1UL) : bench::kDefaultPairs;
        bench::stay_on_first_core();
        for (const gateway::IoBackend io : {gateway::IoBackend::IoUring, gateway::IoBackend::Epoll}) {
            for (const bench::Workload& workload : bench::kWorkloads) bench::report(workload, io, pairs);
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "tickgate-bench-fan-out: {}\n", error.what());
        return 1;
    }
    return 0;
}
