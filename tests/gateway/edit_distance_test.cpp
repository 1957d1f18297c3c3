#include "gateway/edit_distance.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tickgate::gateway {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndSwaps) {
    EXPECT_EQ(edit_distance("shards", "shards", 3), 0U);
    EXPECT_EQ(edit_distance("shard", "shards", 3), 1U);
    EXPECT_EQ(edit_distance("shards", "shard", 3), 1U);
    EXPECT_EQ(edit_distance("sharts", "shards", 3), 1U);
    EXPECT_EQ(edit_distance("shadrs", "shards", 3), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting", 3), 3U);
    EXPECT_EQ(edit_distance("", "abc", 3), 3U);
    EXPECT_EQ(edit_distance("", "", 0), 0U);
}

TEST(EditDistance, IgnoresCase) {
    EXPECT_EQ(edit_distance("Binance", "bINANCE", 0), 0U);
}

TEST(EditDistance, IsNothingAboveItsLimit) {
    EXPECT_EQ(edit_distance("kitten", "sitting", 2), std::nullopt);
    EXPECT_EQ(edit_distance("abcdef", "ghijkl", 3), std::nullopt);
    EXPECT_EQ(edit_distance("a", "abcde", 3), std::nullopt);
}

TEST(EditDistance, TakesTheLongestTextAndRefusesLonger) {
    const std::string longest(kMaxComparedText, 'x');
    EXPECT_EQ(edit_distance(longest, longest, 0), 0U);
    EXPECT_EQ(edit_distance(longest + "x", longest, 3), std::nullopt);
}

TEST(Nearest, PrefersTheClosestCandidateAndTheFirstOfEquals) {
    constexpr std::array<std::string_view, 4> kCandidates{"listen", "shards", "threads", "shard"};
    EXPECT_EQ(nearest("sharts", kCandidates), "shards");
    EXPECT_EQ(nearest("shard", kCandidates), "shard");
    EXPECT_EQ(nearest("shared", kCandidates), "shard");
}

TEST(Nearest, IsEmptyWhenNothingIsPlausible) {
    constexpr std::array<std::string_view, 2> kCandidates{"listen", "io"};
    EXPECT_EQ(nearest("heartbeat", kCandidates), "");
    EXPECT_EQ(nearest("ab", kCandidates), "");
}

}  // namespace
}  // namespace tickgate::gateway
