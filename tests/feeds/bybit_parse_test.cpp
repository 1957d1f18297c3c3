#include "feeds/bybit/parse.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::bybit {
namespace {

using tests::Padded;

constexpr std::string_view kDelta =
    R"({"topic":"orderbook.500.AUSDT","type":"delta","ts":1733011000693,"data":{"s":"AUSDT","b":[["1.95","0"],)"
    R"(["1.9450","61.5"]],"a":[["1.9600","7"]],"u":4870,"seq":9261},"cts":1733011000599})";
constexpr std::string_view kTrades =
    R"({"topic":"publicTrade.AUSDT","type":"snapshot","ts":1709891000005,"data":[{"T":1709891000000,"s":"AUSDT",)"
    R"("S":"Buy","v":"0.010","p":"2.00","L":"PlusTick","i":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9","BT":false,)"
    R"("RPI":false,"seq":7},{"i":"2290000000000000017","T":1709891000001,"p":"2","v":"1","S":"Sell","s":"AUSDT"}]})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class BybitParse : public testing::Test {
protected:
    boost::system::error_code decode(std::string_view text) {
        padded_ = Padded{text};
        return decoder_.decode(padded_.text(), message_);
    }
    template <typename T>
    const T& as(std::string_view text) {
        const auto error = decode(text);
        EXPECT_FALSE(error) << error.message() << ": " << text;
        return std::get<T>(message_);
    }

    Decoder decoder_;
    Padded padded_{""};
    Message message_;
};

TEST_F(BybitParse, ReadsADelta) {
    const auto& said = as<BookMessage>(kDelta);
    EXPECT_EQ(said.symbol, "AUSDT");
    EXPECT_FALSE(said.is_snapshot);
    EXPECT_EQ(said.update_id, 4'870U);
    EXPECT_EQ(said.time, book::UnixNanos{std::chrono::milliseconds{1'733'011'000'599}}) << "the matching engine's";
    ASSERT_EQ(said.bids.size(), 2U);
    ASSERT_EQ(said.asks.size(), 1U);
    EXPECT_EQ(said.bids[0].quantity.mantissa, 0);
    EXPECT_EQ(said.bids[1].price.mantissa, 19'450);
}

TEST_F(BybitParse, ReadsASnapshotWithoutTheMatchingEnginesTime) {
    const auto& said = as<BookMessage>(replaced(replaced(kDelta, "delta", "snapshot"), R"(,"cts":1733011000599)", ""));
    EXPECT_TRUE(said.is_snapshot);
    EXPECT_EQ(said.time, book::UnixNanos{std::chrono::milliseconds{1'733'011'000'693}});
}

TEST_F(BybitParse, ReadsTradesWithTheTakersSide) {
    const auto& said = as<TradesMessage>(kTrades);
    ASSERT_EQ(said.trades.size(), 2U);
    EXPECT_EQ(said.trades[0].symbol, "AUSDT");
    EXPECT_EQ(said.trades[0].trade.aggressor, book::Side::Bid);
    EXPECT_EQ(said.trades[0].trade.venue_time, book::UnixNanos{std::chrono::milliseconds{1'709'891'000'000}});
    std::array<char, book::VenueId::kMaxText> text;
    const char* const end = said.trades[0].trade.id.write(text.data());
    EXPECT_EQ((std::string{static_cast<const char*>(text.data()), end}), "0a1b2c3d-4e5f-60");
    EXPECT_EQ(said.trades[1].trade.aggressor, book::Side::Ask);
    EXPECT_EQ(said.trades[1].trade.id.number(), 2'290'000'000'000'000'017U) << "spot";
}

TEST_F(BybitParse, OtherTopicsAndAnswersAreIgnored) {
    for (
        const std::string_view text :
        {R"({"success":true,"ret_msg":"","conn_id":"c1","req_id":"sub-1","op":"subscribe"})",
         R"({"success":false,"ret_msg":"Invalid topic: invalid.AUSDT","conn_id":"c1","op":"subscribe"})",
         R"({"success":true,"ret_msg":"pong","conn_id":"c1","req_id":"","op":"ping"})",
         R"({"topic":"orderbook.rpi.AUSDT","type":"snapshot","ts":1,"data":{"s":"AUSDT","b":[["1","2","3"]],"a":[],"u":1}})",
         R"({"topic":"orderbook.1.AUSDT","type":"snapshot","ts":1,"data":{"s":"AUSDT","b":[],"a":[],"u":1,"seq":9}})",
         R"({"topic":"tickers.AUSDT","type":"delta","data":{"symbol":"AUSDT","lastPrice":"2"},"cs":24,"ts":1})",
         R"({"topic":"kline.5.AUSDT","data":[{"start":1}],"ts":1672324988882,"type":"snapshot"})"}) {
        as<Ignored>(text);
    }
}

TEST_F(BybitParse, WhatIsNotAsTheVenueWritesItIsAnError) {
    for (const auto& [what, with] : {std::pair<std::string_view, std::string_view>{R"("delta")", R"("update")"},
                                     {R"("type":"delta",)", ""},
                                     {R"("s":"AUSDT",)", ""},
                                     {R"("a":[["1.9600","7"]],)", ""},
                                     {R"("u":4870,)", ""},
                                     {"4870", R"("4870")"},
                                     {"4870", "-1"},
                                     {R"("61.5")", "61.5"},
                                     {R"("61.5")", R"("-61.5")"},
                                     {R"("61.5")", R"("61.5","x")"},
                                     {"1733011000599", R"("1733011000599")"},
                                     {R"("data":)", R"("date":)"},
                                     {"1733011000599}", "1733011000599"}}) {
        EXPECT_TRUE(decode(replaced(kDelta, what, with))) << what << " -> " << with;
    }
    for (const auto& [what, with] : {std::pair<std::string_view, std::string_view>{R"("Buy")", R"("buy")"},
                                     {R"("p":"2.00",)", ""},
                                     {R"("v":"0.010")", R"("v":0.010)"},
                                     {R"("s":"AUSDT")", R"("s":"")"},
                                     {R"(,"i":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")", ""},
                                     {"}]}", "}]"}}) {
        EXPECT_TRUE(decode(replaced(kTrades, what, with))) << what << " -> " << with;
    }
    EXPECT_TRUE(decode(""));
    EXPECT_TRUE(decode("[]"));
}

}  // namespace
}  // namespace tickgate::feeds::bybit
