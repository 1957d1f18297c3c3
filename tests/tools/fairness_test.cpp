#include "tools/load/fairness.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tickgate::load {
namespace {

TEST(Fairness, IsOneWhereAllGetTheSame) {
    const Fairness fairness = fairness_of(std::vector<ClientDeliveries>{{0, 100}, {0, 100}, {0, 100}});
    EXPECT_DOUBLE_EQ(fairness.jain, 1);
    EXPECT_DOUBLE_EQ(fairness.least_share, 1);
    EXPECT_DOUBLE_EQ(fairness.most_share, 1);
}

TEST(Fairness, ComparesOnlyClientsThatAreOwedTheSame) {
    const Fairness fairness = fairness_of(std::vector<ClientDeliveries>{{0, 10}, {1, 1'000}, {0, 10}, {1, 1'000}});
    EXPECT_DOUBLE_EQ(fairness.jain, 1);
    EXPECT_EQ(fairness.least, 10U);
    EXPECT_EQ(fairness.most, 1'000U);
}

TEST(Fairness, ShowsWhoGotLessThanTheOthers) {
    const Fairness fairness = fairness_of(std::vector<ClientDeliveries>{{0, 50}, {0, 150}, {1, 7}, {1, 7}});
    EXPECT_DOUBLE_EQ(fairness.least_share, 0.5);
    EXPECT_DOUBLE_EQ(fairness.most_share, 1.5);
    EXPECT_DOUBLE_EQ(fairness.jain, 16.0 / (4 * 4.5));
}

TEST(Fairness, IsOneOverTheirNumberWhereOneGetsEverything) {
    EXPECT_DOUBLE_EQ(fairness_of(std::vector<ClientDeliveries>{{0, 0}, {0, 0}, {0, 0}, {0, 80}}).jain, 0.25);
}

TEST(Fairness, LeavesOutGroupsThatWereOwedNothing) {
    const Fairness fairness = fairness_of(std::vector<ClientDeliveries>{{0, 0}, {0, 0}, {1, 5}});
    EXPECT_DOUBLE_EQ(fairness.jain, 1);
    EXPECT_DOUBLE_EQ(fairness.least_share, 1);
    EXPECT_DOUBLE_EQ(fairness_of({}).jain, 1);
}

}  // namespace
}  // namespace tickgate::load
