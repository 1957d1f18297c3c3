#include "tools/load/connect_queue.hpp"

#include <gtest/gtest.h>

namespace tickgate::load {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1h};

TEST(ConnectQueue, LetsSoManyConnectAtOnceAndTheNextWhenOneIsDone) {
    ConnectQueue queue{0, 2};
    for (std::uint32_t client = 0; client < 3; ++client) queue.add(client);
    EXPECT_EQ(queue.next(kStart), 0U);
    EXPECT_EQ(queue.next(kStart), 1U);
    EXPECT_EQ(queue.next(kStart), std::nullopt);
    EXPECT_EQ(queue.next_due(kStart), std::nullopt) << "no matter of time";
    queue.done();
    EXPECT_EQ(queue.next(kStart), 2U);
}

TEST(ConnectQueue, KeepsToItsRate) {
    ConnectQueue queue{100, 1'000};
    for (std::uint32_t client = 0; client < 500; ++client) queue.add(client);
    int connected = 0;
    for (auto now = kStart; now < kStart + 1s; now += 3ms) {
        while (queue.next(now)) ++connected;
    }
    EXPECT_NEAR(connected, 100, 1);
    EXPECT_LE(*queue.next_due(kStart + 1s), kStart + 1s + 10ms);
}

TEST(ConnectQueue, DoesNotMakeUpForAPauseByABurst) {
    ConnectQueue queue{100, 1'000};
    for (std::uint32_t client = 0; client < 500; ++client) queue.add(client);
    EXPECT_TRUE(queue.next(kStart));
    int connected = 0;
    while (queue.next(kStart + 3s)) ++connected;
    EXPECT_LE(connected, 11);
}

TEST(ConnectQueue, LetsOneThatFailedWaitForItsTime) {
    ConnectQueue queue{0, 10};
    queue.add(7, kStart + 200ms);
    EXPECT_EQ(queue.next(kStart), std::nullopt);
    EXPECT_EQ(queue.next_due(kStart), kStart + 200ms);
    EXPECT_EQ(queue.next(kStart + 200ms), 7U);
}

}  // namespace
}  // namespace tickgate::load
