#include "feeds/bitget/parse.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::bitget {
namespace {

using tests::Padded;

constexpr std::string_view kUpdate =
    R"({"action":"update","arg":{"instType":"SPOT","channel":"books","instId":"AUSDT"},"data":[{"asks":[["5.20","0"]],)"
    R"("bids":[["5.10","3.5000"],["5.00","1.0000"]],"checksum":-123456789,"seq":123,"ts":"1695710000294"}],)"
    R"("ts":1695710000295})";
constexpr std::string_view kTrades1 =
    R"({"action":"update","arg":{"instType":"sp","channel":"trade","instId":"AUSDT"},"data":[["1649290070001","8.1253",)"
    R"("0.07","sell"],["1649290070000","8.1250","1","buy"]]})";
constexpr std::string_view kTrades2 =
    R"({"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"AUSDT"},"data":[{"ts":"1695709835822",)"
    R"("price":"5.30","size":"0.01","side":"buy","tradeId":"1000000000"}],"ts":1695711090682})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class BitgetParse : public testing::Test {
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

TEST_F(BitgetParse, ReadsAnUpdate) {
    const auto& said = as<BookMessage>(kUpdate);
    EXPECT_EQ(said.symbol, "AUSDT");
    EXPECT_FALSE(said.is_snapshot);
    EXPECT_EQ(said.time, book::UnixNanos{std::chrono::milliseconds{1'695'710'000'294}});
    EXPECT_EQ(said.sequence, 123U);
    EXPECT_EQ(said.checksum, static_cast<std::uint32_t>(-123'456'789)) << "it is signed";
    ASSERT_EQ(said.bids.size(), 2U);
    ASSERT_EQ(said.asks.size(), 1U);
    EXPECT_EQ(said.bids[0].quantity.mantissa, 35'000) << "zeros at the end count";
}

TEST_F(BitgetParse, ReadsASnapshotOfVersion1) {
    auto text = replaced(replaced(kUpdate, "update", "snapshot"), R"("seq":123,)", "");
    text = replaced(replaced(text, "SPOT", "sp"), "-123456789", "0");
    const auto& said = as<BookMessage>(text);
    EXPECT_TRUE(said.is_snapshot);
    EXPECT_FALSE(said.sequence);
    EXPECT_FALSE(said.checksum);
}

TEST_F(BitgetParse, ReadsTradesOfBothVersionsInTheOrderOfTheirTime) {
    const auto& first = as<TradesMessage>(kTrades1);
    EXPECT_EQ(first.symbol, "AUSDT");
    ASSERT_EQ(first.trades.size(), 2U);
    EXPECT_EQ(first.trades[0].aggressor, book::Side::Bid) << "the newest comes first";
    EXPECT_EQ(first.trades[1].aggressor, book::Side::Ask);
    EXPECT_EQ(first.trades[1].price.mantissa, 81'253);
    EXPECT_EQ(first.trades[1].venue_time, book::UnixNanos{std::chrono::milliseconds{1'649'290'070'001}});
    const auto& second = as<TradesMessage>(kTrades2);
    ASSERT_EQ(second.trades.size(), 1U);
    EXPECT_EQ(second.trades[0].id.number(), 1'000'000'000U);
    EXPECT_EQ(second.trades[0].aggressor, book::Side::Bid);
}

TEST_F(BitgetParse, OtherChannelsAndMarketsAndAnswersAreIgnored) {
    as<Ignored>(replaced(kTrades1, "update", "snapshot"));
    as<Ignored>(replaced(kUpdate, "SPOT", "USDT-FUTURES"));
    for (const std::string_view text :
         {R"({"event":"subscribe","arg":{"instType":"sp","channel":"books","instId":"AUSDT"}})",
          R"({"event":"error","arg":{"instType":"SPOT","channel":"books","instId":"X"},"code":30001,"msg":"no"})",
          R"({"action":"snapshot","arg":{"instType":"SPOT","channel":"books5","instId":"AUSDT"},"data":[{}]})",
          R"({"action":"snapshot","arg":{"instType":"sp","channel":"ticker","instId":"AUSDT"},"data":[{"last":"8"}]})",
          R"({"action":"update","arg":{"instType":"sp","channel":"candle1m","instId":"AUSDT"},"data":[["1"]]})",
          "pong"}) {
        as<Ignored>(text);
    }
}

TEST_F(BitgetParse, WhatIsNotAsTheVenueWritesItIsAnError) {
    for (const auto& [what, with] : {std::pair<std::string_view, std::string_view>{R"("update")", R"("delta")"},
                                     {R"("action":"update",)", ""},
                                     {R"(,"ts":"1695710000294")", ""},
                                     {R"("asks":[["5.20","0"]],)", ""},
                                     {R"("3.5000")", "3.5000"},
                                     {R"("3.5000")", R"("-3.5000")"},
                                     {R"("3.5000")", R"("3.5000","1")"},
                                     {"-123456789", "4294967296"},
                                     {R"("seq":123)", R"("seq":-1)"},
                                     {R"(,"instId":"AUSDT")", ""},
                                     {R"("data":)", R"("date":)"}}) {
        EXPECT_TRUE(decode(replaced(kUpdate, what, with))) << what << " -> " << with;
    }
    EXPECT_TRUE(decode(replaced(kTrades1, R"("sell")", R"("Sell")")));
    EXPECT_TRUE(decode(replaced(kTrades1, R"(,"sell")", "")));
    EXPECT_TRUE(decode(replaced(kTrades1, R"("sell")", R"("sell","x")")));
    EXPECT_TRUE(decode(replaced(kTrades2, R"("price":"5.30",)", "")));
    EXPECT_TRUE(decode(replaced(kTrades2, R"("1000000000")", R"("x")")));
    EXPECT_TRUE(decode(""));
    EXPECT_TRUE(decode("[]"));
}

}  // namespace
}  // namespace tickgate::feeds::bitget
