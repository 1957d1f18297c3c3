// The core of the gateway under random schedules: feeds, agent and shards turned in any order, sockets that block,
// clients that read or do not, ask, modify, leave and come back. Each client holds all it gets against the truth of
// that sequence (Mirror); in the end each is in step.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/mirror.hpp"

namespace tickgate::test {
namespace {

using namespace std::chrono_literals;
using gateway::Channel;

CoreOptions random_options(Random& random, bool is_storm) {
    CoreOptions options;
    options.shards = static_cast<std::size_t>(random.between(1, 3));
    options.queue_bytes = random.one_of<std::size_t>({16'000, 16'000, 64'000, 1'000'000});
    options.commands = random.one_of<std::size_t>({2, 16, 1'024});
    options.departures = is_storm ? 1'000 : random.one_of<std::size_t>({1, 4, 12, 1'000});
    options.trades = random.one_of<std::size_t>({4, 16, 64});
    options.recorded = random.chance(30);
    options.shard.limits.ops_per_s = 10'000;
    options.shard.compression.min_bytes = random.one_of<std::uint32_t>({0, 200, 256});
    options.shard.slow_close_s = random.one_of<std::uint32_t>({5, 60});
    options.io = random.one_of({gateway::IoBackend::Epoll, gateway::IoBackend::Auto});
    return options;
}

class Run {
public:
    Run(std::uint64_t seed, Seen& seen)
        : random_{seed},
          seen_{seen},
          is_storm_{random_.chance(20)},
          core_{random_options(random_, is_storm_)},
          market_{core_, random_, is_storm_ ? 1U : 2U, random_.one_of<std::int64_t>({4, 8, 30})} {
        const std::int64_t count = is_storm_ ? 16 : random_.between(1, 6);
        for (std::int64_t i = 0; i < count; ++i) {
            clients_.push_back(std::make_unique<Client>(Mirror{core_, market_, random_, seen_}));
            clients_.back()->buffer = random_.one_of({0, 1, 16'384});
            clients_.back()->is_over_tls = i % 3 == 1;
            clients_.back()->deflate_bits = random_.one_of<std::uint8_t>({0, 9, 12});
        }
    }

    void go() {
        const std::int64_t steps = random_.between(20, 250);
        for (std::int64_t i = 0; i < steps; ++i) {
            step();
            if (is_storm_ && i % 60 == 29) storm(i < 60);
        }
        finish();
    }

private:
    struct Client {
        explicit Client(Mirror of) : mirror{std::move(of)} {}
        Mirror mirror;
        int buffer = 0;
        bool is_over_tls = false;
        std::uint8_t deflate_bits = 0;
        std::size_t reads = 1 << 20;  // bytes that it reads at once; 0: it is asleep
    };

    void step() {
        for (std::int64_t i = random_.one_of({0, 1, 1, 3, 12}); i > 0; --i) market_.random_event();
        if (random_.chance(60)) core_.pass(random_.one_of<std::chrono::nanoseconds>({1ms, 12ms, 60ms, 400ms, 2s}));
        if (random_.chance(60)) core_.tick();
        // Some turns come together, some not for a while.
        for (std::int64_t i = random_.one_of({0, 1, 2, is_storm_ ? 20 : 5}); i > 0; --i) turn_somebody();
        for (const auto& client : clients_) use(*client);
    }

    void turn_somebody() {
        const auto who = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(core_.shards.size())));
        if (random_.chance(2)) asleep_ = who;
        if (who == core_.shards.size()) {
            static_cast<void>(core_.turn_agent());
        } else if (who != asleep_) {
            static_cast<void>(core_.turn_shard(who));
        }
    }

    void use(Client& client) {
        if (!client.mirror.is_connected()) {
            if (!is_storm_ && random_.chance(30)) connect(client);
            return;
        }
        if (!is_storm_ && random_.chance(15))
            client.reads = random_.one_of<std::size_t>({0, 40, 700, 1 << 20, 1 << 20});
        if (client.reads > 0 && random_.chance(70)) client.mirror.read(client.reads);
        if (!client.mirror.is_connected()) return;
        if (random_.chance(3)) {
            // Now and then it will come back with what it held long before.
            return client.mirror.disconnect(random_.chance(50), is_storm_ || random_.chance(70));
        }
        if (!is_storm_ && random_.chance(25)) client.mirror.ask();
    }

    void connect(Client& client) {
        const auto last = static_cast<std::int64_t>(core_.shards.size()) - 1;
        client.mirror.connect(static_cast<std::size_t>(random_.between(0, last)), client.buffer, client.deflate_bits,
                              client.is_over_tls);
    }

    /// All come back at once, each with a position of its own, to one slow stream, or each to a fast one.
    void storm(bool is_first) {
        const auto rate = is_first ? 0 : random_.one_of<std::uint32_t>({0, 5'000});
        core_.tick();
        core_.settle();
        for (const auto& client : clients_) {
            if (!client->mirror.is_connected()) connect(*client);
            client->mirror.subscribe(0, Channel::Book, 5, rate);
            client->mirror.subscribe(0, Channel::Trades, 0, rate);
        }
        core_.settle();
        for (const auto& client : clients_) {
            if (client->mirror.is_connected()) client->mirror.read(1 << 20);
        }
    }

    /// The feed pauses with everything due, the sockets drain.
    void finish() {
        market_.settle_down();
        for (int round = 0; round < 8; ++round) {
            core_.pass(5s);
            core_.tick();
            core_.settle();
            drain();
        }
        for (const auto& client : clients_) {
            if (client->mirror.is_connected()) client->mirror.expect_in_step();
        }
        count();
        expect_nothing_is_left();
    }

    void drain() {
        for (int i = 0; i < 200; ++i) {
            for (const auto& client : clients_) {
                if (client->mirror.is_connected()) client->mirror.read(1 << 20);
            }
            core_.settle();
            const bool blocked = std::any_of(core_.shards.begin(), core_.shards.end(), [](const auto& unit) {
                return unit->shard.metrics().blocked_now.value() > 0;
            });
            if (!blocked) return;
        }
        throw std::runtime_error{"a session stays blocked although its client reads"};
    }

    void count() {
        const gateway::AgentMetrics& agent = core_.agent->metrics();
        seen_["stalls"] += agent.stalls.value();
        seen_["catch_ups"] += agent.catch_ups.value();
        seen_["busy_snapshots"] += agent.busy_snapshots.value();
        seen_["dropped_batches"] += agent.dropped_batches.value();
        for (const auto& unit : core_.shards) {
            seen_["blocked"] += unit->shard.metrics().blocked.value();
            EXPECT_EQ(unit->shard.metrics().tls_errors.value(), 0U);
            seen_["deflated"] += unit->shard.metrics().deflate_calls.value();
        }
    }

    void expect_nothing_is_left() {
        for (const auto& client : clients_) {
            if (client->mirror.is_connected()) client->mirror.disconnect(random_.chance(50), false);
        }
        for (int i = 0; i < 4; ++i) {
            core_.settle();
            core_.pass(2s);
        }
        for (const auto& unit : core_.shards) {
            const gateway::ShardMetrics& metrics = unit->shard.metrics();
            EXPECT_EQ(unit->shard.open_sessions(), 0U);
            EXPECT_EQ(metrics.sessions.value(), 0);
            EXPECT_EQ(metrics.subscriptions.value(), 0);
            EXPECT_EQ(metrics.blocked_now.value(), 0);
        }
        EXPECT_EQ(core_.agent->metrics().streams.value(), 0);
        EXPECT_FALSE(core_.agent->has_work());
    }

    Random random_;
    Seen& seen_;
    bool is_storm_;
    std::size_t asleep_ = 9;  // a shard that is not turned for a while; none in most runs
    Core core_;
    Market market_;
    std::vector<std::unique_ptr<Client>> clients_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSlow = true;
#else
constexpr bool kIsSlow = false;
#endif

void run_seeds(std::uint64_t first, std::uint64_t count, Seen& seen) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        try {
            Run{seed, seen}.go();
        } catch (const std::exception& breach) {
            ADD_FAILURE() << breach.what();
        }
        if (testing::Test::HasFailure()) return;
    }
}

TEST(CoreProperty, EveryClientHoldsTheTruthOnFixedSeeds) {
    Seen seen;
    run_seeds(0, kIsSlow ? 60 : 300, seen);
    if (HasFailure() || kIsSlow) return;
    for (const char* what : {"snapshot",
                             "delta",
                             "bbo",
                             "trades",
                             "gap",
                             "subscribed",
                             "resumed",
                             "resumed, then a snapshot",
                             "modified",
                             "modified afresh",
                             "resume_expired",
                             "epoch_changed",
                             "depth_changed",
                             "busy",
                             "behind",
                             "caught_up",
                             "live",
                             "stale",
                             "resyncing",
                             "halted",
                             "closed 1001",
                             "closed 4408",
                             "converged",
                             "stalls",
                             "catch_ups",
                             "busy_snapshots",
                             "dropped_batches",
                             "deflated",
                             "blocked",
                             "error",
                             "pong"}) {
        EXPECT_GT(seen[what], 0U) << what << " never happened";
    }
}

TEST(CoreProperty, EveryClientHoldsTheTruthOnARandomSeed) {
    Seen seen;
    run_seeds(random_seed(), kIsSlow ? 20 : 60, seen);
}

}  // namespace
}  // namespace tickgate::test
