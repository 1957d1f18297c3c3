#include "gateway/node.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <random>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "gateway/config_values.hpp"
#include "gateway/idle.hpp"
#include "gateway/log.hpp"

namespace tickgate::gateway {

using namespace std::chrono_literals;
using book::UnixNanos;

namespace {

std::string make_epoch(UnixNanos now) {
    // Microseconds in base 36: short, and different for every start.
    auto count = static_cast<std::uint64_t>(now.time_since_epoch() / 1us);
    std::string text;
    for (; count > 0; count /= 36) text += "0123456789abcdefghijklmnopqrstuvwxyz"[count % 36];
    std::reverse(text.begin(), text.end());
    return text;
}

void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    log::info("limits", {{"open_files", std::uint64_t{limit.rlim_cur}}});
}

std::size_t usable_cores() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return std::thread::hardware_concurrency();
    return static_cast<std::size_t>(CPU_COUNT(&cores));
}

int turn_all(std::vector<FeedAgent>& feeds, UnixNanos now) {
    int work = 0;
    for (FeedAgent& feed : feeds) work += feed.do_work(now);
    return work;
}

/// How long until a feed has work again; kLongestWait at most.
std::chrono::nanoseconds until_due(std::vector<FeedAgent>& feeds, UnixNanos now) {
    std::chrono::nanoseconds wait = kLongestWait;
    for (FeedAgent& feed : feeds) {
        const std::optional<UnixNanos> due = feed.next_due();
        if (!due) continue;
        // Due already, and yet it did nothing: its queue is full.
        wait =
            std::min<std::chrono::nanoseconds>(wait, *due <= now ? std::chrono::nanoseconds{kStallWait} : *due - now);
    }
    return wait;
}

[[noreturn]] void refuse_address(const std::string& address, const boost::system::error_code& error) {
    throw std::runtime_error{"cannot listen on " + address + ": " + error.message()};
}

}  // namespace

WallClock::WallClock()
    : start_{std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now())},
      steady_start_{std::chrono::steady_clock::now()} {}

UnixNanos WallClock::now() const noexcept {
    return start_ + (std::chrono::steady_clock::now() - steady_start_);
}

struct Node::ShardUnit {
    ShardUnit(ShardOptions options, Admission& admission, IoBackend io)
        : shard{std::move(options), records, commands, admission, make_socket_writer(io)} {}

    ShardQueue records;
    CommandQueue commands{kCommandCapacity};
    Shard shard;
    std::unique_ptr<Reactor> reactor;
    IoLoop* loop = nullptr;
};

Node::Node(const Config& config, std::vector<bool> recorded_feeds)
    : config_{config},
      admission_{config.connections},
      identity_{config.tls ? std::make_unique<TlsIdentity>(*config.tls, TlsContext::Clock::now()) : nullptr},
      events_{book::EventQueue::kDefaultCapacity, std::max<std::size_t>(recorded_feeds.size(), 1)} {
    raise_descriptor_limit();
    const bool dedicated = uses_dedicated_threads();
    std::random_device seed;
    std::vector<ShardPort> ports;
    for (std::uint32_t i = 0; i < config_.shards; ++i) {
        if (dedicated || loops_.empty()) loops_.push_back(std::make_unique<IoLoop>());
        shards_.push_back(std::make_unique<ShardUnit>(ShardOptions{.node = config_.node,
                                                                   .limits = config_.limits,
                                                                   .heartbeat_ms = config_.heartbeat_ms,
                                                                   .slow_close_s = config_.slow_close_s,
                                                                   .compression = config_.compression,
                                                                   .seed = seed()},
                                                      admission_, config_.io));
        ShardUnit& unit = *shards_.back();
        unit.loop = loops_.back().get();
        HttpLimits limits;
        limits.connections = config_.connections.max;
        limits.connections_per_address = config_.connections.per_address;
        limits.handshakes_per_s = (config_.connections.handshakes_per_s + config_.shards - 1) / config_.shards;
        limits.deflates = config_.compression.enabled;
        limits.sndbuf_bytes = static_cast<int>(config_.sndbuf_bytes);
        // A slow client is told why it is closed: the kernel must not be quicker.
        limits.tcp_user_timeout = std::chrono::seconds{config_.slow_close_s} + 10s;
        unit.reactor = std::make_unique<Reactor>(
            *unit.loop, unit.shard, limits, [this] { return metrics_text(); }, [this] { return clock_.now(); });
        ports.push_back({&unit.records, &unit.commands});
    }
    agent_ = std::make_unique<BookAgent>(
        BookAgentOptions{.epoch = make_epoch(clock_.now()), .recorded_feeds = std::move(recorded_feeds)}, events_,
        ports);
    log::info("start", {{"node", config_.node},
                        {"shards", config_.shards},
                        {"threads", dedicated ? "dedicated" : "shared"},
                        {"io", shards_.front()->shard.writes_by_io_uring() ? "io_uring" : "epoll"}});
    if (identity_) log_certificate("certificate");
}

Node::~Node() = default;

bool Node::uses_dedicated_threads() const {
    if (config_.threads != ThreadMode::Auto) return config_.threads == ThreadMode::Dedicated;
    return usable_cores() >= config_.shards + 2;
}

std::string Node::metrics_text() const {
    std::vector<const ShardMetrics*> shards;
    std::vector<const HttpMetrics*> http;
    for (const auto& unit : shards_) {
        shards.push_back(&unit->shard.metrics());
        http.push_back(&unit->reactor->http_metrics());
    }
    return prometheus_text(agent_->metrics(), shards, http, identity_ ? &identity_->metrics() : nullptr);
}

void Node::run(std::vector<FeedAgent>& feeds, NodeRequests& requests) {
    warm_up(feeds, requests.stop);
    if (requests.stop) return;
    listen();
    if (uses_dedicated_threads()) {
        run_dedicated(feeds, requests);
    } else {
        run_shared(feeds, requests);
    }
    log::info("stopped");
}

void Node::warm_up(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop) {
    const auto turn_shards = [this] {
        for (const auto& unit : shards_) static_cast<void>(unit->shard.do_work(clock_.now()));
    };
    const auto all_ready = [&feeds] {
        return std::all_of(feeds.begin(), feeds.end(), [](FeedAgent& feed) { return feed.ready(); });
    };
    while (!stop && !all_ready()) {
        turn_all(feeds, clock_.now());
        static_cast<void>(turn_agent());
        turn_shards();
    }
    // What is in the queue now makes the symbols known; what a fast recording adds meanwhile is for later.
    while (!stop && turn_agent() > 0) turn_shards();
    turn_shards();
}

void Node::listen() {
    for (const ListenAddress& address : config_.listen) {
        address.kind == ListenAddress::Kind::Unix ? listen_on_file(address.path) : listen_on_port(address);
    }
}

void Node::listen_on_port(const ListenAddress& address) {
    const TlsIdentity* const identity = address.kind == ListenAddress::Kind::Tcp ? identity_.get() : nullptr;
    std::uint16_t port = address.port;
    for (const auto& unit : shards_) {
        const bool joins = config_.share_port || unit != shards_.front();
        const auto bound = unit->reactor->listen(address.host, port, joins, identity);
        if (!bound) refuse_address(host_text(address.host, port), bound.error());
        port = *bound;
    }
    const std::string place = host_text(address.host, port);
    const std::string_view s = identity != nullptr ? "s" : "";
    log::info("listening", {{"address", place},
                            {"http", fmt::format("http{}://{}", s, place)},
                            {"websocket", fmt::format("ws{}://{}{}", s, place, kWebSocketPath)}});
}

/// All shards accept on the one socket: a second one cannot be bound to its file.
void Node::listen_on_file(const std::string& path) {
    auto socket = UnixSocket::listen(path);
    if (!socket) refuse_address("unix:" + path, socket.error());
    for (const auto& unit : shards_) {
        const auto joined = unit->reactor->listen(*socket);
        if (!joined) refuse_address("unix:" + path, joined.error());
    }
    unix_sockets_.push_back(*std::move(socket));
    log::info("listening", {{"address", "unix:" + path}, {"http", "http"}, {"websocket", "ws"}});
}

void Node::reload_if_asked(NodeRequests& requests) {
    if (!requests.reload) return;
    requests.reload = false;
    if (!identity_) return log::info("reload", {{"tls", false}, {"what", "there is nothing to be read again"}});
    try {
        identity_->reload(TlsContext::Clock::now());
        log_certificate("reload");
    } catch (const TlsError& error) {
        log::warning("not_reloaded", {{"why", error.what()}, {"goes_on_with", "the certificate it had"}});
    }
}

void Node::log_certificate(std::string_view event) const {
    log::info(event, {{"tls", true},
                      {"certificate", config_.tls->certificate},
                      {"not_after", fmt::format("{:%FT%TZ}", identity_->current()->not_after())}});
}

int Node::turn_agent() {
    const int work = agent_->do_work(clock_.now());
    for_each_shard(agent_->take_touched(), [this](std::size_t shard) { shards_[shard]->reactor->wake(); });
    return work;
}

// All on one thread, without a hand-over.

void Node::run_shared(std::vector<FeedAgent>& feeds, NodeRequests& requests) {
    std::optional<UnixNanos> drain_until;
    IoLoop& loop = *loops_.front();
    for (;;) {
        const UnixNanos now = clock_.now();
        loop.poll();
        reload_if_asked(requests);
        int work = turn_all(feeds, now);
        work += turn_agent();
        bool drained = true;
        for (const auto& unit : shards_) {
            work += unit->reactor->do_work(now);
            drained = drained && unit->reactor->is_drained();
        }
        if (requests.stop && !drain_until) {
            drain_until = now + std::chrono::seconds{config_.drain_s};
            unix_sockets_.clear();
            for (const auto& unit : shards_) unit->reactor->start_drain(now);
            continue;
        }
        if (drain_until && (drained || now >= *drain_until)) return;
        if (work > 0) continue;
        bool may_wait = !agent_->has_work();
        for (const auto& unit : shards_) may_wait = unit->reactor->prepare_to_wait() && may_wait;
        if (may_wait) loop.wait(until_due(feeds, clock_.now()));
        for (const auto& unit : shards_) unit->reactor->finish_wait();
    }
}

// Each on a thread of its own.

void Node::run_dedicated(std::vector<FeedAgent>& feeds, NodeRequests& requests) {
    std::atomic<bool> shards_done{false};
    std::counting_semaphore<> ended{0};
    std::jthread feed_thread{[&] { run_feeds(feeds, shards_done); }};
    std::jthread agent_thread{[&] { run_agent(shards_done); }};
    {
        std::vector<std::jthread> shard_threads;
        for (const auto& unit : shards_) {
            shard_threads.emplace_back([&, this] {
                run_shard(*unit, requests.stop);
                ended.release();
            });
        }
        for (std::size_t left = shards_.size(); left > 0;) {
            if (ended.try_acquire_for(kLongestWait)) --left;
            reload_if_asked(requests);
            if (requests.stop) unix_sockets_.clear();
        }
    }
    shards_done = true;
    agent_waker_.wake();
}

void Node::run_feeds(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop) {
    while (!stop) {
        const UnixNanos now = clock_.now();
        if (turn_all(feeds, now) > 0) {
            agent_waker_.wake();
        } else {
            std::this_thread::sleep_for(until_due(feeds, now));
        }
    }
}

void Node::run_agent(const std::atomic<bool>& stop) {
    while (!stop) {
        if (turn_agent() > 0) continue;
        agent_waker_.arm();
        const auto patience = idle_patience(*agent_, [this] { return turn_agent(); });
        pollfd wakeup{agent_waker_.descriptor(), POLLIN, 0};
        ::poll(&wakeup, 1, static_cast<int>(patience.count()));
        agent_waker_.disarm();
    }
}

void Node::run_shard(ShardUnit& unit, const std::atomic<bool>& stop) {
    std::optional<UnixNanos> drain_until;
    Reactor& reactor = *unit.reactor;
    for (;;) {
        const UnixNanos now = clock_.now();
        unit.loop->poll();
        const int work = reactor.do_work(now);
        if (unit.shard.take_commanded()) agent_waker_.wake();
        if (stop && !drain_until) {
            drain_until = now + std::chrono::seconds{config_.drain_s};
            reactor.start_drain(now);
            continue;
        }
        if (drain_until && (reactor.is_drained() || now >= *drain_until)) return;
        if (work > 0) continue;
        if (reactor.prepare_to_wait()) unit.loop->wait(kLongestWait);
        reactor.finish_wait();
    }
}

}  // namespace tickgate::gateway
