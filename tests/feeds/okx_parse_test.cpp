#include "feeds/okx/parse.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::okx {
namespace {

using tests::Padded;

constexpr std::string_view kUpdate =
    R"({"arg":{"channel":"books","instId":"A-USDT"},"action":"update","data":[{"asks":[["5.2","0","0","0"]],)"
    R"("bids":[["5.1","3.5","0","2"],["5","1","0","1"]],"ts":"1652459000464","checksum":-123456789,)"
    R"("prevSeqId":10,"seqId":12}]})";
constexpr std::string_view kTrades =
    R"({"arg":{"channel":"trades","instId":"A-USDT"},"data":[{"instId":"A-USDT","tradeId":"7","px":"5.1","sz":"30",)"
    R"("side":"sell","ts":"1652458000150"},{"side":"buy","count":"3","ts":"1652458000151","sz":"0.5","px":"5.2",)"
    R"("tradeId":"9","instId":"A-USDT"}]})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class OkxParse : public testing::Test {
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

TEST_F(OkxParse, ReadsAnUpdate) {
    const auto& said = as<BookMessage>(kUpdate);
    EXPECT_EQ(said.instrument, "A-USDT");
    EXPECT_FALSE(said.is_snapshot);
    EXPECT_EQ(said.time, book::UnixNanos{std::chrono::milliseconds{1'652'459'000'464}});
    EXPECT_EQ(said.prev_sequence, 10U);
    EXPECT_EQ(said.sequence, 12U);
    EXPECT_EQ(said.checksum, static_cast<std::uint32_t>(-123'456'789)) << "it is signed";
    ASSERT_EQ(said.bids.size(), 2U);
    ASSERT_EQ(said.asks.size(), 1U);
    EXPECT_EQ(said.bids[0].quantity.mantissa, 35);
    EXPECT_EQ(said.asks[0].quantity.mantissa, 0);
}

TEST_F(OkxParse, ASnapshotFollowsNothingAndAChecksumOfZeroIsNone) {
    auto text = replaced(replaced(kUpdate, "update", "snapshot"), R"("prevSeqId":10)", R"("prevSeqId":-1)");
    text = replaced(text, "-123456789", "0");
    const auto& said = as<BookMessage>(text);
    EXPECT_TRUE(said.is_snapshot);
    EXPECT_FALSE(said.prev_sequence);
    EXPECT_FALSE(said.checksum);
}

TEST_F(OkxParse, TheMessagesOf2022HaveNoNumbers) {
    const auto& said = as<BookMessage>(replaced(kUpdate, R"(,"prevSeqId":10,"seqId":12)", ""));
    EXPECT_FALSE(said.sequence);
    EXPECT_FALSE(said.prev_sequence);
    EXPECT_TRUE(said.checksum);
}

TEST_F(OkxParse, ReadsTradesWithTheTakersSide) {
    const auto& said = as<TradesMessage>(kTrades);
    ASSERT_EQ(said.trades.size(), 2U);
    EXPECT_EQ(said.trades[0].instrument, "A-USDT");
    EXPECT_EQ(said.trades[0].trade.id.number(), 7U);
    EXPECT_EQ(said.trades[0].trade.aggressor, book::Side::Ask);
    EXPECT_EQ(said.trades[1].trade.aggressor, book::Side::Bid);
    EXPECT_EQ(said.trades[1].trade.venue_time, book::UnixNanos{std::chrono::milliseconds{1'652'458'000'151}});
}

TEST_F(OkxParse, OtherChannelsAndAnswersAreIgnored) {
    for (const std::string_view text :
         {R"({"event":"subscribe","arg":{"channel":"books","instId":"A-USDT"},"connId":"a4d3ae55"})",
          R"({"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"})",
          R"({"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade."})",
          R"({"arg":{"channel":"books5","instId":"A-USDT"},"data":[{"asks":[["5.2","2","0","1"]],"bids":[],)"
          R"("instId":"A-USDT","ts":"1597026000000","seqId":363996337}]})",
          R"({"arg":{"channel":"bbo-tbt","instId":"A-USDT"},"data":[{"asks":[],"bids":[],"ts":"1","seqId":3}]})",
          R"({"arg":{"channel":"tickers","instId":"A-USDT"},"data":[{"instId":"A-USDT","askPx":"5.2"}]})",
          R"({"arg":{"channel":"candle1D","instId":"A-USDT"},"data":[["1597026000000","8533","8553"]]})", "pong"}) {
        as<Ignored>(text);
    }
}

TEST_F(OkxParse, WhatIsNotAsTheVenueWritesItIsAnError) {
    for (const auto& [what, with] : {std::pair<std::string_view, std::string_view>{R"("update")", R"("delta")"},
                                     {R"("action":"update",)", ""},
                                     {R"(,"ts":"1652459000464")", ""},
                                     {R"("1652459000464")", "1652459000464"},
                                     {R"("asks":[["5.2","0","0","0"]],)", ""},
                                     {R"("3.5")", "3.5"},
                                     {R"("3.5")", R"("-3.5")"},
                                     {"-123456789", "4294967296"},
                                     {"-123456789", R"("1")"},
                                     {R"("prevSeqId":10)", R"("prevSeqId":-2)"},
                                     {R"("prevSeqId":10)", R"("prevSeqId":-1)"},
                                     {R"("instId":"A-USDT")", R"("instId":7)"},
                                     {R"(,"instId":"A-USDT")", ""},
                                     {"}]}", "}]"},
                                     {"}]}", "}]}]"}}) {
        EXPECT_TRUE(decode(replaced(kUpdate, what, with))) << what << " -> " << with;
    }
    for (const auto& [what, with] : {std::pair<std::string_view, std::string_view>{R"("sell")", R"("Sell")"},
                                     {R"("tradeId":"7",)", ""},
                                     {R"("px":"5.1")", R"("px":"")"},
                                     {R"("sz":"30")", R"("sz":"-30")"}}) {
        EXPECT_TRUE(decode(replaced(kTrades, what, with))) << what << " -> " << with;
    }
    EXPECT_TRUE(decode(""));
    EXPECT_TRUE(decode("[]"));
}

}  // namespace
}  // namespace tickgate::feeds::okx
