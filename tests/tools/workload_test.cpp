#include "tools/load/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace tickgate::load {
namespace {

std::vector<std::string> symbols(int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back("SYN:S" + std::to_string(i));
    return names;
}

TEST(Wish, IsAChannelWithItsDepthAndRate) {
    const auto wish = parse_wish("book:10:250");
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->channel, "book");
    EXPECT_EQ(wish->depth, 10U);
    EXPECT_EQ(wish->rate_ms, 250U);
    EXPECT_EQ(parse_wish("bbo::0")->depth, std::nullopt);
    EXPECT_EQ(parse_wish("bbo::0")->rate_ms, 0U);
    EXPECT_EQ(parse_wish("trades")->rate_ms, std::nullopt);
}

TEST(Wish, IsRefusedWhereItCannotBeMeant) {
    for (const std::string_view text : {"", "candles:1:2", "book:ten", "book:1:2:3", "book:-1", "book:1:2x"}) {
        EXPECT_FALSE(parse_wish(text)) << text;
    }
}

TEST(Workload, DealsEachClientDifferentSymbols) {
    const Workload workload{symbols(30), {Wish{}}, 200, 7, 1};
    for (std::uint32_t client = 0; client < 200; ++client) {
        const auto hand = workload.symbols_of(client);
        EXPECT_EQ(hand.size(), 7U);
        EXPECT_EQ(std::set<std::uint32_t>(hand.begin(), hand.end()).size(), 7U);
        EXPECT_LT(*std::ranges::max_element(hand), 30U);
    }
}

TEST(Workload, AsksForAllSymbolsAlike) {
    const Workload workload{symbols(100), {Wish{}}, 1'000, 10, 1};
    std::map<std::uint32_t, int> asked;
    for (std::uint32_t client = 0; client < 1'000; ++client) {
        for (const std::uint32_t symbol : workload.symbols_of(client)) ++asked[symbol];
    }
    EXPECT_EQ(asked.size(), 100U);
    for (const auto& [symbol, count] : asked) EXPECT_EQ(count, 100) << symbol;
}

TEST(Workload, GivesAllSymbolsToEachWhereNotToldOtherwise) {
    EXPECT_EQ((Workload{symbols(5), {Wish{}}, 3, 0, 1}.symbols_of(2).size()), 5U);
    EXPECT_EQ((Workload{symbols(5), {Wish{}}, 3, 9, 1}.symbols_of(2).size()), 5U);
}

TEST(Workload, LetsClientsTakeTheMixesByTurns) {
    const Workload workload{symbols(10), {*parse_wish("book"), *parse_wish("bbo"), *parse_wish("trades")}, 90, 2, 1};
    EXPECT_EQ(workload.wish_of(0).channel, "book");
    EXPECT_EQ(workload.wish_of(1).channel, "bbo");
    EXPECT_EQ(workload.wish_of(5).channel, "trades");
}

TEST(Workload, GroupsExactlyThoseWhoSubscribeToTheSame) {
    const Workload workload{symbols(20), {*parse_wish("book"), *parse_wish("bbo")}, 400, 3, 1};
    std::map<std::uint32_t, std::uint32_t> first_of;
    for (std::uint32_t client = 0; client < 400; ++client) {
        const auto [group, is_new] = first_of.try_emplace(workload.group_of(client), client);
        if (is_new) continue;
        EXPECT_EQ(workload.wish_of(client).channel, workload.wish_of(group->second).channel);
        EXPECT_TRUE(std::ranges::equal(workload.symbols_of(client), workload.symbols_of(group->second)));
    }
    EXPECT_EQ(first_of.size(), 20U) << "twenty clients each";
}

TEST(Workload, FindsSymbolsByTheirName) {
    const Workload workload{symbols(5), {Wish{}}, 1, 0, 1};
    EXPECT_EQ(workload.index_of("SYN:S3"), 3U);
    EXPECT_EQ(workload.symbol(3), "SYN:S3");
    EXPECT_EQ(workload.index_of("SYN:S9"), std::nullopt);
}

}  // namespace
}  // namespace tickgate::load
