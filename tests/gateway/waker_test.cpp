#include "gateway/waker.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <thread>

namespace tickgate::gateway {
namespace {

bool is_readable(const Waker& waker, int patience_ms = 0) {
    pollfd wakeup{waker.descriptor(), POLLIN, 0};
    return ::poll(&wakeup, 1, patience_ms) == 1;
}

TEST(Waker, WakesOnlyWhoIsArmed) {
    Waker waker;
    waker.wake();
    EXPECT_FALSE(is_readable(waker));
    waker.arm();
    EXPECT_FALSE(is_readable(waker));
    waker.wake();
    EXPECT_TRUE(is_readable(waker));
    waker.disarm();
    EXPECT_FALSE(is_readable(waker));
    waker.arm();
    waker.disarm();
    waker.wake();
    EXPECT_FALSE(is_readable(waker));
}

/// The consumer goes to sleep just as the producer puts something in, over and over: without the fence on either side
/// neither would see what the other did, and the consumer would sleep on what is there.
TEST(Waker, NobodySleepsOnWhatIsThere) {
    constexpr int kRounds = 20'000;
    boost::lockfree::spsc_queue<int, boost::lockfree::capacity<4>> queue;
    Waker waker;
    std::atomic<int> round{0};
    std::atomic<int> done{0};
    std::jthread producer{[&] {
        for (int i = 1; i <= kRounds; ++i) {
            while (round.load(std::memory_order_acquire) < i) {
            }
            queue.push(i);
            waker.wake();
            done.store(i, std::memory_order_release);
        }
    }};
    int overslept = 0;
    for (int i = 1; i <= kRounds; ++i) {
        round.store(i, std::memory_order_release);
        // The producer needs a moment to learn of the round; each time another place of its work is met.
        for (int spin = i % 1000; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
        waker.arm();
        const bool saw_it = queue.read_available() > 0;
        while (done.load(std::memory_order_acquire) < i) {
        }
        if (!saw_it && !is_readable(waker)) ++overslept;
        waker.disarm();
        int item = 0;
        static_cast<void>(queue.pop(item));
    }
    EXPECT_EQ(overslept, 0);
}

}  // namespace
}  // namespace tickgate::gateway
