#include "tools/client/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tickgate::client {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, NeverComesBackToWhatStaysAsItIs) {
    Backoff backoff{1};
    EXPECT_EQ(backoff.after_close(1010, std::nullopt), std::nullopt);
    EXPECT_EQ(backoff.after_close(1015, std::nullopt), std::nullopt);
    EXPECT_EQ(backoff.after_close(4400, 5ms), std::nullopt);
    EXPECT_EQ(backoff.after_close(4401, std::nullopt), std::nullopt);
    EXPECT_NE(backoff.after_close(1006, std::nullopt), std::nullopt);
}

TEST(Backoff, TakesTheDelayThatTheServerGave) {
    Backoff backoff{1};
    EXPECT_EQ(backoff.after_close(1012, 1830ms), 1830ms);
}

TEST(Backoff, DoublesTheLimitUpToTheMaximumAndSpreadsBelowIt) {
    Backoff backoff{1};
    backoff.set_range(100ms, 400ms);
    for (const auto limit : {100ms, 200ms, 400ms, 400ms}) {
        EXPECT_LE(*backoff.after_close(1006, std::nullopt), limit);
    }
    auto longest = 0ms;
    for (int i = 0; i < 100; ++i) longest = std::max(longest, *backoff.after_close(1006, std::nullopt));
    EXPECT_GT(longest, 200ms);
    EXPECT_LE(longest, 400ms);
}

TEST(Backoff, StartsFromTheBaseAfterAWelcome) {
    Backoff backoff{1};
    backoff.set_range(10ms, 100s);
    for (int i = 0; i < 12; ++i) (void)backoff.after_close(1006, std::nullopt);
    backoff.on_welcome();
    EXPECT_LE(*backoff.after_close(1006, std::nullopt), 10ms);
}

TEST(Backoff, SpreadsAPeriodAroundItself) {
    Backoff backoff{1};
    for (int i = 0; i < 100; ++i) {
        const auto time = backoff.around(1s);
        EXPECT_GE(time, 500ms);
        EXPECT_LE(time, 1500ms);
    }
}

}  // namespace
}  // namespace tickgate::client
