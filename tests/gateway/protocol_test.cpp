#include "gateway/protocol.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "gateway/json_text.hpp"
#include "gateway/version.hpp"

namespace tickgate::gateway {
namespace {

TEST(Depths, RoundUpToAnOfferedClass) {
    EXPECT_EQ(round_up_depth(1), 1U);
    EXPECT_EQ(round_up_depth(2), 5U);
    EXPECT_EQ(round_up_depth(25), 25U);
    EXPECT_EQ(round_up_depth(26), 50U);
    EXPECT_EQ(round_up_depth(500), 500U);
}

TEST(Depths, ZeroIsTheWholeBookAndAboveTheLargestIsNone) {
    EXPECT_EQ(round_up_depth(0), 0U);
    EXPECT_EQ(round_up_depth(501), std::nullopt);
    EXPECT_EQ(round_up_depth(std::numeric_limits<std::uint64_t>::max()), std::nullopt);
}

TEST(Depths, ZeroIsTheDeepest) {
    EXPECT_TRUE(is_at_least_as_deep(0, 500));
    EXPECT_TRUE(is_at_least_as_deep(0, 0));
    EXPECT_FALSE(is_at_least_as_deep(500, 0));
    EXPECT_TRUE(is_at_least_as_deep(25, 25));
    EXPECT_FALSE(is_at_least_as_deep(10, 25));
}

TEST(Rates, RoundUpToAnOfferedClass) {
    EXPECT_EQ(round_up_rate(0), 0U);
    EXPECT_EQ(round_up_rate(1), 50U);
    EXPECT_EQ(round_up_rate(100), 100U);
    EXPECT_EQ(round_up_rate(101), 250U);
    EXPECT_EQ(round_up_rate(5000), 5000U);
    EXPECT_EQ(round_up_rate(5001), std::nullopt);
}

TEST(Rates, DefaultToTenASecondAndToEveryTrade) {
    EXPECT_EQ(default_rate_ms(Channel::Book), 100U);
    EXPECT_EQ(default_rate_ms(Channel::Bbo), 100U);
    EXPECT_EQ(default_rate_ms(Channel::Trades), 0U);
}

TEST(Channels, HaveNamesThatReadBack) {
    for (const Channel channel : kChannels) EXPECT_EQ(channel_named(name_of(channel)), channel);
    EXPECT_EQ(name_of(Channel::Bbo), "bbo");
    EXPECT_EQ(channel_named("Book"), std::nullopt);
    EXPECT_EQ(channel_named(""), std::nullopt);
}

TEST(SymbolStates, ShowAStartingSymbolAsResyncingBecauseItConnects) {
    EXPECT_EQ(name_of(book::SymbolState::Starting), "resyncing");
    EXPECT_EQ(reason_text(book::SymbolState::Starting, book::StateReason::None), "connecting");
    EXPECT_EQ(name_of(book::SymbolState::Live), "live");
    EXPECT_EQ(reason_text(book::SymbolState::Live, book::StateReason::None), "");
    EXPECT_EQ(reason_text(book::SymbolState::Stale, book::StateReason::NoUpdate), "no_update");
    EXPECT_EQ(reason_text(book::SymbolState::Live, book::StateReason::OutsideSnapshot), "outside_snapshot");
}

TEST(ErrorCodes, HaveDistinctNamesInTheTable) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kErrorCodes; ++i) names.insert(traits_of(static_cast<ErrorCode>(i)).code);
    EXPECT_EQ(names.size(), kErrorCodes);
    EXPECT_FALSE(names.contains(""));
}

TEST(ErrorCodes, SayWhetherToRetryAndHowTheyClose) {
    EXPECT_EQ(traits_of(ErrorCode::BadJson).close_code, 4400);
    EXPECT_EQ(traits_of(ErrorCode::BadJson).closes, Closes::WhenRepeated);
    EXPECT_EQ(traits_of(ErrorCode::FrameTooBig).close_code, 1009);
    EXPECT_EQ(traits_of(ErrorCode::SlowClient).code, "slow_client");
    EXPECT_EQ(traits_of(ErrorCode::SlowClient).close_code, 4408);
    EXPECT_TRUE(traits_of(ErrorCode::RateLimited).temporary);
    EXPECT_FALSE(traits_of(ErrorCode::BadRequest).temporary);
    EXPECT_EQ(traits_of(ErrorCode::Overloaded).code, "overloaded");
    EXPECT_EQ(traits_of(ErrorCode::Overloaded).close_code, 1013);
}

TEST(ErrorCodes, HaveACloseCodeExactlyWhenTheyClose) {
    for (std::size_t i = 0; i < kErrorCodes; ++i) {
        const ErrorTraits& traits = traits_of(static_cast<ErrorCode>(i));
        EXPECT_EQ(traits.closes == Closes::Never, traits.close_code == 0) << traits.code;
    }
}

TEST(JsonText, EscapesWhatJsonForbidsAndNothingElse) {
    std::string out;
    append_json_string(out, "a\"b\\c\n\r\t\x01\x1f/\xC3\xA9");
    EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\xC3\xA9\"");
}

TEST(Version, NamesTheServer) {
    EXPECT_EQ(server_name(), "tickgate " + std::string{version()});
}

}  // namespace
}  // namespace tickgate::gateway
