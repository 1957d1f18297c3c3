#include "feeds/silence.hpp"

#include <gtest/gtest.h>

namespace tickgate::feeds {
namespace {

using book::UnixNanos;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr UnixNanos kStart{std::chrono::hours{24}};

UnixNanos heard_every(Silence& silence, nanoseconds pause, int times, UnixNanos from = kStart) {
    UnixNanos at = from;
    silence.end(at);
    for (int i = 0; i < times; ++i) silence.end(at += pause);
    return at;
}

TEST(Silence, WhoNeverSpokeIsNotMissed) {
    EXPECT_FALSE(Silence{}.is_unusual(kStart));
}

TEST(Silence, ABusySymbolIsMissedAfterTheFloor) {
    Silence silence;
    const UnixNanos last = heard_every(silence, milliseconds{10}, 100);
    EXPECT_FALSE(silence.is_unusual(last + Silence::kFloor));
    EXPECT_TRUE(silence.is_unusual(last + Silence::kFloor + nanoseconds{1}));
}

TEST(Silence, AQuietSymbolIsGivenAsMuchAsItsPausesSay) {
    Silence silence;
    const UnixNanos last = heard_every(silence, seconds{60}, 3);
    EXPECT_FALSE(silence.is_unusual(last + Silence::kPatience * seconds{60}));
    EXPECT_TRUE(silence.is_unusual(last + Silence::kPatience * seconds{60} + nanoseconds{1}));
}

TEST(Silence, OneLongPauseFadesAsTheSymbolGetsBusy) {
    Silence silence;
    UnixNanos last = heard_every(silence, seconds{60}, 1);
    last = heard_every(silence, milliseconds{10}, 10, last);
    EXPECT_FALSE(silence.is_unusual(last + seconds{60}));
    last = heard_every(silence, milliseconds{10}, 300, last);
    EXPECT_TRUE(silence.is_unusual(last + Silence::kFloor + nanoseconds{1}));
}

TEST(Silence, APauseOfCenturiesIsNoHabit) {
    Silence silence;
    const UnixNanos last = heard_every(silence, std::chrono::years{100}, 1);
    EXPECT_FALSE(silence.is_unusual(last + Silence::kPatience * Silence::kLongestPause));
    EXPECT_TRUE(silence.is_unusual(last + Silence::kPatience * Silence::kLongestPause + nanoseconds{1}));
}

TEST(Silence, AClockThatGoesBackIsNoPause) {
    Silence silence;
    const UnixNanos last = heard_every(silence, seconds{1}, 10);
    silence.end(last - std::chrono::hours{1});
    EXPECT_FALSE(silence.is_unusual(last));
    EXPECT_TRUE(silence.is_unusual(last + Silence::kFloor + nanoseconds{1}));
}

}  // namespace
}  // namespace tickgate::feeds
