// After warm-up nothing is allocated between the event queue and the sockets.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/gateway/allocation_counter.hpp"
#include "tests/gateway/core.hpp"

namespace tickgate::test {
namespace {

using book::Event;
using book::Side;
using gateway::IoBackend;
using namespace std::chrono_literals;

CoreOptions options(IoBackend io) {
    CoreOptions options{.shards = 2, .io = io};
    options.shard.limits.ops_per_s = 10'000;
    return options;
}

class Allocation : public testing::TestWithParam<IoBackend> {
protected:
    Allocation() : core_{options(GetParam())}, instrument_{core_.list("TEST:A-USD", {2, 3})} {
        core_.push(Event::status(instrument_.id, book::SymbolState::Live, book::StateReason::None, core_.now));
        core_.push(clear_event(instrument_.id, core_.now));
        round();
    }

    void subscribe(std::string_view fields) {
        const std::string op = R"({"op":"subscribe","id":1,"symbols":["TEST:A-USD"],)" + std::string{fields} + '}';
        for (const auto& client : clients_) client->send(op);
        core_.settle();
        for (const auto& client : clients_) static_cast<void>(client->receive());
    }

    /// One venue message on a book of some 40 levels, a trade now and then, and what they make due.
    void round() {
        const std::int64_t n = static_cast<std::int64_t>(++rounds_);
        std::array<Event, 4> batch;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto k = static_cast<std::int64_t>(i);
            const Side side = i % 2 == 0 ? Side::Bid : Side::Ask;
            const std::int64_t away = (n * 7 + k * 3) % 20;
            batch[i] = level_event(instrument_.id, side, side == Side::Bid ? 1'000 - away : 1'001 + away,
                                   (n + k) % 5 * 100, core_.now);
        }
        batch.back().flags = Event::kLast;
        push(batch);
        if (rounds_ % 3 == 0) {
            const Event trade = trade_event(instrument_.id, 1'000, 5, rounds_, core_.now);
            push({&trade, 1});
        }
        const Event tick = Event::tick(Core::kFeed, core_.now);
        push({&tick, 1});
        core_.pass(7ms);
        core_.settle();
        read_all();
    }
    void push(std::span<const Event> events) { ASSERT_TRUE(core_.feed.try_push(events)); }

    void read_all() {
        std::array<char, 16'384> buffer;
        for (const auto& client : clients_) {
            for (;;) {
                const ssize_t size = ::recv(client->fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
                if (size <= 0) break;
                bytes_ += static_cast<std::uint64_t>(size);
            }
            // A sign of life, as the answer to a ping would be.
            if (rounds_ % 100 == 0) ::send(client->fd(), "\x8a\x80\0\0\0\0", 6, MSG_NOSIGNAL);
        }
    }

    Core core_;
    const book::Instrument& instrument_;
    std::vector<std::unique_ptr<Connection>> clients_;
    std::uint64_t rounds_ = 0;
    std::uint64_t bytes_ = 0;
};

TEST_P(Allocation, NothingIsAllocatedForAMessageAfterWarmUp) {
    for (std::size_t i = 0; i < 6; ++i) clients_.push_back(std::make_unique<Connection>(core_, i % 2));
    subscribe(R"("channel":"book","depth":10,"rate_ms":0)");
    subscribe(R"("channel":"book","depth":10,"rate_ms":100)");
    subscribe(R"("channel":"bbo","rate_ms":0)");
    subscribe(R"("channel":"trades","rate_ms":0)");
    // Long enough for every slot of the heartbeat and every scratch to have been used.
    for (int i = 0; i < 3'000; ++i) round();
    const std::uint64_t encoded = core_.agent->metrics().messages_encoded[gateway::Channel::Book].value();
    const std::uint64_t bytes = bytes_;
    const AllocationCounter counter;
    for (int i = 0; i < 3'000; ++i) round();
    EXPECT_EQ(counter.count(), 0U);
    EXPECT_GT(core_.agent->metrics().messages_encoded[gateway::Channel::Book].value() - encoded, 3'000U);
    EXPECT_GT(bytes_ - bytes, 6U * 3'000 * 300);
    for (const auto& unit : core_.shards) EXPECT_EQ(unit->shard.open_sessions(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Backends, Allocation, testing::Values(IoBackend::Epoll, IoBackend::Auto),
                         [](const auto& backend) { return backend.param == IoBackend::Epoll ? "Epoll" : "Auto"; });

}  // namespace
}  // namespace tickgate::test
