#include "feeds/binance/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::binance {
namespace {

using book::Event;
using book::UnixNanos;
using testing::ElementsAre;
using testing::IsEmpty;
using tests::Padded;
using tests::Words;

std::string depth(std::uint64_t first, std::uint64_t last, std::string_view bids = R"(["1.5","2"])",
                  std::string_view asks = "", std::string_view symbol = "BTCUSDT") {
    return fmt::format(R"({{"e":"depthUpdate","E":5,"s":"{}","U":{},"u":{},"b":[{}],"a":[{}]}})", symbol, first, last,
                       bids, asks);
}

std::string snapshot(std::uint64_t id, std::string_view bids = R"(["1.4","7"])",
                     std::string_view asks = R"(["1.6","3"])") {
    return fmt::format(R"({{"lastUpdateId":{},"bids":[{}],"asks":[{}]}})", id, bids, asks);
}

std::string trade(std::string_view price, std::string_view quantity = "1") {
    return fmt::format(R"({{"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":9,"p":"{}","q":"{}","m":true}})", price,
                       quantity);
}

std::string ticker(std::uint64_t id, std::string_view bid = "1.5") {
    return fmt::format(R"({{"u":{},"s":"BTCUSDT","b":"{}","B":"2","a":"1.6","A":"3"}})", id, bid);
}

class Session : public tests::SessionTest {
protected:
    void make(SessionOptions options = {}, Market market = Market::Spot) {
        session_ = std::make_unique<BinanceSession>(market, book::FeedId{}, registry_, std::move(options));
    }
    /// A symbol that is live at update id 10, at scales 1/0.
    void go_live() {
        make();
        say(depth(9, 9));
        ASSERT_THAT(say(snapshot(10)), ElementsAre("live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10."));
    }
};

TEST_F(Session, JoinsWhatWaitedToTheSnapshot) {
    make();
    EXPECT_THAT(say(depth(8, 9)), ElementsAre("listed BTCUSDT 1/0"));
    EXPECT_THAT(say(depth(10, 12)), IsEmpty());
    EXPECT_THAT(say(depth(13, 13, "", R"(["1.6","0"])")), IsEmpty());
    EXPECT_THAT(say(snapshot(10)), ElementsAre("live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10.",
                                               "bid 15x2 @12.", "ask 16x0 @13."));
    EXPECT_EQ(counters().chain_ok, 2U);
    EXPECT_THAT(say(depth(14, 15, R"(["1.5","0"],["1.3","1"])", R"(["1.7","4"])")),
                ElementsAre("bid 15x0 @15", "bid 13x1 @15", "ask 17x4 @15."));
    EXPECT_EQ(counters().chain_ok, 3U);
}

TEST_F(Session, SaysWhenItWasAndWhenItCame) {
    go_live();
    say(depth(11, 11));
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_EQ(events_[0].venue_time, UnixNanos{std::chrono::milliseconds{5}});
    EXPECT_EQ(events_[0].receive_time, now_);
    say(trade("1.5"));
    EXPECT_EQ(events_[0].venue_time, UnixNanos{std::chrono::milliseconds{4}}) << "T before E";
    say(ticker(12));
    EXPECT_EQ(events_[0].venue_time, book::kNoTime) << "none is invented";
}

TEST_F(Session, AGapResyncsUntilANewSnapshotJoins) {
    go_live();
    EXPECT_THAT(say(depth(12, 13)), ElementsAre("resyncing gap"));
    EXPECT_THAT(say(depth(14, 15)), IsEmpty());
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_EQ(counters().resyncs, 1U);
    EXPECT_EQ(counters().chain_failed, 1U);
    EXPECT_THAT(say(snapshot(13)),
                ElementsAre("live", "clear partial @13", "bid 14x7 @13", "ask 16x3 @13.", "bid 15x2 @15."));
    EXPECT_EQ(counters().resyncs, 1U);
}

TEST_F(Session, ASnapshotThatWhatWaitsDoesNotContinueIsAGap) {
    make();
    say(depth(20, 21));
    EXPECT_THAT(say(snapshot(10)), ElementsAre("resyncing gap"));
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_THAT(say(snapshot(20)),
                ElementsAre("live", "clear partial @20", "bid 14x7 @20", "ask 16x3 @20.", "bid 15x2 @21."));
}

TEST_F(Session, AGapAmongWhatWaitedIsFoundWhenItIsJoined) {
    make();
    say(depth(11, 11));
    say(depth(13, 13));
    EXPECT_THAT(say(snapshot(10)), ElementsAre("live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10.",
                                               "bid 15x2 @11.", "resyncing gap"));
    EXPECT_THAT(say(snapshot(12)),
                ElementsAre("live", "clear partial @12", "bid 14x7 @12", "ask 16x3 @12.", "bid 15x2 @13."));
}

TEST_F(Session, RepeatsChangeNothing) {
    go_live();
    say(depth(11, 11));
    EXPECT_THAT(say(depth(11, 11)), IsEmpty());
    EXPECT_THAT(say(depth(5, 9)), IsEmpty());
    EXPECT_THAT(say(snapshot(10)), IsEmpty()) << "older than the book";
    EXPECT_EQ(counters().chain_ok, 1U);
    EXPECT_EQ(counters().chain_failed, 0U);
    EXPECT_THAT(say(depth(12, 12)), ElementsAre("bid 15x2 @12."));
}

TEST_F(Session, ANewerSnapshotReplacesALiveBook) {
    go_live();
    EXPECT_THAT(say(snapshot(20)), ElementsAre("clear partial @20", "bid 14x7 @20", "ask 16x3 @20."));
    EXPECT_THAT(say(depth(19, 20)), IsEmpty());
    EXPECT_THAT(say(depth(21, 21)), ElementsAre("bid 15x2 @21."));
}

TEST_F(Session, AnEventWithoutLevelsMovesTheChainOn) {
    go_live();
    EXPECT_THAT(say(depth(11, 11, "", "")), ElementsAre("ask 0x0 @11."));
    EXPECT_THAT(say(depth(12, 12)), ElementsAre("bid 15x2 @12."));
}

TEST_F(Session, AnEmptySnapshotEmptiesTheBook) {
    go_live();
    EXPECT_THAT(say(snapshot(12, "", "")), ElementsAre("clear partial @12."));
}

TEST_F(Session, IsStaleWhenNothingComesForLongerThanUsual) {
    go_live();
    EXPECT_THAT(wait(Silence::kFloor), IsEmpty());
    EXPECT_THAT(wait(std::chrono::seconds{1}), ElementsAre("stale"));
    EXPECT_EQ(events_[0].reason, book::StateReason::NoUpdate);
    EXPECT_EQ(events_[0].receive_time, now_);
    EXPECT_THAT(wait(std::chrono::hours{1}), IsEmpty()) << "said once";
    EXPECT_THAT(say(trade("1.5")), ElementsAre("live", "trade ask 15x1 @9."));
    EXPECT_THAT(say(depth(11, 11)), ElementsAre("bid 15x2 @11."));
}

TEST_F(Session, MessagesOfOtherKindsDoNotKeepABookFromBeingStale) {
    go_live();
    EXPECT_THAT(wait(Silence::kFloor), IsEmpty());
    EXPECT_THAT(say(R"({"e":"kline","E":5,"s":"BTCUSDT","k":{}})"), IsEmpty());
    EXPECT_THAT(wait(std::chrono::seconds{0}), ElementsAre("stale"));
    EXPECT_THAT(say(R"({"e":"kline","E":5,"s":"BTCUSDT","k":{}})"), IsEmpty());
    EXPECT_THAT(say(ticker(11)), ElementsAre("live", "touch bid 15x2 @11", "touch ask 16x3 @11."));
}

TEST_F(Session, AGapAfterASilenceResyncsWhatIsLiveAgain) {
    go_live();
    EXPECT_THAT(wait(std::chrono::minutes{1}), ElementsAre("stale"));
    EXPECT_THAT(say(depth(13, 13)), ElementsAre("live", "resyncing gap"));
}

TEST_F(Session, WhatIsNotLiveIsNotStale) {
    make();
    say(depth(9, 9));
    EXPECT_THAT(wait(std::chrono::hours{1}), IsEmpty());
}

TEST_F(Session, TradesFlowInEveryState) {
    make();
    EXPECT_THAT(say(trade("1.5")), ElementsAre("listed BTCUSDT 1/0", "trade ask 15x1 @9."));
    say(depth(9, 9));
    EXPECT_THAT(say(trade("1.5")), ElementsAre("trade ask 15x1 @9."));
    say(snapshot(10));
    say(depth(12, 12));
    EXPECT_THAT(say(trade("1.5")), ElementsAre("trade ask 15x1 @9."));
}

TEST_F(Session, ATickerIsTwoTouchesOfItsUpdateId) {
    go_live();
    EXPECT_THAT(say(ticker(11)), ElementsAre("touch bid 15x2 @11", "touch ask 16x3 @11."));
}

TEST_F(Session, MoreDigitsRaiseTheScaleFirst) {
    go_live();
    EXPECT_THAT(say(depth(11, 11, R"(["1.25","2"],["1.3","0.5"])")),
                ElementsAre("scale 2/1", "bid 125x20 @11", "bid 130x5 @11."));
    EXPECT_THAT(say(depth(12, 12)), ElementsAre("bid 150x20 @12."));
    EXPECT_THAT(say(trade("1.505")), ElementsAre("scale 3/1", "trade ask 1505x10 @9."));
}

TEST_F(Session, ZerosBeyondTheScaleAreCutAndMissingOnesAdded) {
    go_live();
    EXPECT_THAT(say(depth(11, 11, R"(["1.50000000","2.00"],["1","3"])")), ElementsAre("bid 15x2 @11", "bid 10x3 @11."));
}

TEST_F(Session, ASnapshotsMostDigitsCount) {
    make();
    say(depth(9, 9));
    EXPECT_THAT(say(snapshot(10, R"(["1.4","7"],["1.25","7"])", R"(["1.6","3.125"])")),
                ElementsAre("scale 2/3", "live", "clear partial @10", "bid 140x7000 @10", "bid 125x7000 @10",
                            "ask 160x3125 @10."));
}

TEST_F(Session, WhatDoesNotFitTheScalesIsABadMessage) {
    make();
    say(depth(9, 9, R"(["0.00000001","1"])"));
    say(snapshot(10));
    EXPECT_THAT(say(depth(11, 11, R"(["999999999999","1"])")), ElementsAre("resyncing bad_message"));
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_THAT(say(snapshot(12)),
                ElementsAre("live", "clear partial @12", "bid 140000000x7 @12", "ask 160000000x3 @12."))
        << "at the scales of before";
}

TEST_F(Session, AbsurdlyManyDigitsCostOneResync) {
    for (const std::string& absurd : {trade("1.000000000000000001"), trade("1.5", "0.00000000001"),
                                      depth(11, 11, R"(["1.000000000000000001","2"])"), ticker(11, "1.00000000001")}) {
        go_live();
        EXPECT_THAT(say(absurd), ElementsAre("resyncing bad_message")) << absurd;
        EXPECT_EQ(counters().decode_errors, 1U);
        EXPECT_THAT(say(snapshot(12)), ElementsAre("live", "clear partial @12", "bid 14x7 @12", "ask 16x3 @12."));
        EXPECT_THAT(say(depth(13, 13)), ElementsAre("bid 15x2 @13."));
    }
}

TEST_F(Session, AFirstMessageOfAbsurdlyManyDigitsCostsNoMore) {
    make();
    EXPECT_THAT(say(trade("1.000000000000000001")), ElementsAre("listed BTCUSDT 10/0", "resyncing bad_message"));
    EXPECT_THAT(say(depth(9, 9, R"(["64000.5","2"])")), IsEmpty());
    EXPECT_THAT(say(snapshot(10, R"(["64000.4","7"])", "")),
                ElementsAre("live", "clear partial @10", "bid 640004000000000x7 @10."));
}

TEST_F(Session, ARaiseThatTheBookWouldNotSurviveCostsOneResync) {
    make();
    say(depth(9, 9));
    say(snapshot(10, R"(["1.4","9000000000000000000"])", ""));
    EXPECT_THAT(say(trade("1.5", "0.5")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(trade("1.5", "0.5")), IsEmpty()) << "the book still holds it";
    EXPECT_THAT(say(snapshot(12, R"(["1.4","7"],["1.3","0.5"])", "")),
                ElementsAre("scale 1/1", "live", "clear partial @12", "bid 14x70 @12", "bid 13x5 @12."));
    EXPECT_THAT(say(trade("1.5", "0.25")), ElementsAre("scale 1/2", "trade ask 15x25 @9."));
}

TEST_F(Session, ALargePriceBelowZeroStandsInTheWayOfARaiseToo) {
    make();
    say(depth(9, 9));
    say(snapshot(10, "", R"(["-900000000000000000","1"])"));
    EXPECT_THAT(say(trade("1.25")), ElementsAre("resyncing bad_message"));
}

TEST_F(Session, ASnapshotThatNamesAPriceTwiceIsABadMessage) {
    make();
    say(depth(9, 9));
    EXPECT_THAT(say(snapshot(10, R"(["1.4","7"],["1.3","1"],["1.40","8"])")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(snapshot(10, R"(["1.3","7"],["1.5","1"],["1.4","8"])", "")),
                ElementsAre("live", "clear partial @10", "bid 13x7 @10", "bid 15x1 @10", "bid 14x8 @10."))
        << "another order is none of our business";
}

TEST_F(Session, ABadMessageCostsItsSymbolAResync) {
    go_live();
    EXPECT_THAT(say(depth(11, 11, R"(["x","2"])")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(depth(12, 12)), IsEmpty());
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_EQ(counters().resyncs, 1U);
    EXPECT_THAT(say(snapshot(11)),
                ElementsAre("live", "clear partial @11", "bid 14x7 @11", "ask 16x3 @11.", "bid 15x2 @12."));
}

TEST_F(Session, ABadMessageIsKnownByWhateverNamesItsSymbol) {
    for (const std::string_view text :
         {R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":)", R"({"e":7,"s":"BTCUSDT"})",
          R"({"e":"depthUpdate","s": "BTCUSDT","U")", R"({"lastUpdateId":"x","symbol":"BTCUSDT"})"}) {
        go_live();
        EXPECT_THAT(say(text), ElementsAre("resyncing bad_message")) << text;
    }
    go_live();
    EXPECT_THAT(answer("<html>", "https://x/depth?symbol=BTCUSDT"), ElementsAre("resyncing bad_message"));
    for (const std::string_view text : {R"({"s":)", R"({"s":"BTCUSDT)", R"({"s":7})", R"({"stream":"@"})"}) {
        go_live();
        EXPECT_THAT(say(std::string{text} + "!"), IsEmpty()) << text;
    }
}

TEST_F(Session, ABadMessageOfNobodyIsOnlyCounted) {
    go_live();
    EXPECT_THAT(say("nonsense"), IsEmpty());
    EXPECT_THAT(say(R"({"s":"ETHUSDT","e":7})"), IsEmpty()) << "of a symbol that is not known";
    EXPECT_EQ(counters().decode_errors, 2U);
    EXPECT_THAT(say(depth(11, 11)), ElementsAre("bid 15x2 @11."));
}

TEST_F(Session, ASnapshotWithoutANameIsTheFirstSymbolsToCome) {
    make();
    EXPECT_THAT(say(snapshot(10)), IsEmpty());
    EXPECT_THAT(say(depth(11, 11)), ElementsAre("listed BTCUSDT 1/0", "live", "clear partial @10", "bid 14x7 @10",
                                                "ask 16x3 @10.", "bid 15x2 @11."));
}

TEST_F(Session, ASnapshotWithoutANameIsNobodysAmongSeveral) {
    go_live();
    say(depth(1, 1, R"(["1.5","2"])", "", "ETHUSDT"));
    EXPECT_THAT(say(snapshot(20)), IsEmpty());
    EXPECT_EQ(counters().decode_errors, 1U);
}

TEST_F(Session, ASnapshotWithoutANameIsTheOnlySymbolsOfItsFile) {
    const std::string ether = depth(21, 21, R"(["1.5","2"])", "", "ETHUSDT");
    make();
    look_ahead(depth(9, 9));
    look_ahead(ether, 1);
    EXPECT_THAT(say_in(0, snapshot(10)), ElementsAre("live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10."));
    EXPECT_THAT(say_in(1, snapshot(20)), ElementsAre("live", "clear partial @20", "bid 14x7 @20", "ask 16x3 @20."));
    EXPECT_THAT(say_in(1, ether), ElementsAre("bid 15x2 @21."));
    EXPECT_THAT(say_in(0, depth(11, 11)), ElementsAre("bid 15x2 @11."));
    EXPECT_EQ(counters().decode_errors, 0U);
}

TEST_F(Session, ASnapshotIsThatOfTheSymbolInItsUrl) {
    make();
    say(depth(11, 11));
    say(depth(1, 1, R"(["1.5","2"])", "", "ETHUSDT"));
    const auto words = answer(snapshot(10), "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000");
    EXPECT_EQ(words.back(), "bid 15x2 @11.");
    EXPECT_EQ(counters().messages, 2U) << "an answer kept apart is no message of the stream";
    EXPECT_THAT(answer(snapshot(10), "https://api.binance.com/api/v3/depth?limit=5&symbol=BNBBTC"),
                ElementsAre("listed BNBBTC 1/0", "live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10."));
}

TEST_F(Session, SymbolsAreJoinedEachForItself) {
    go_live();
    say(depth(1, 1, R"(["1.5","2"])", "", "ETHUSDT"));
    EXPECT_THAT(say(depth(5, 5, R"(["1.5","2"])", "", "ETHUSDT")), IsEmpty());
    EXPECT_THAT(say(depth(11, 11)), ElementsAre("bid 15x2 @11."));
    EXPECT_EQ(counters().gaps, 0U);
}

TEST_F(Session, FuturesAreJoinedByPreviousId) {
    make({}, Market::UsdMargined);
    const auto event = [](std::uint64_t previous, std::uint64_t first, std::uint64_t last) {
        return fmt::format(R"({{"e":"depthUpdate","s":"BTCUSDT","U":{},"u":{},"pu":{},"b":[["1.5","2"]],"a":[]}})",
                           first, last, previous);
    };
    EXPECT_THAT(say(event(70, 80, 90)), ElementsAre("listed BTCUSDT 1/0"));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BINANCE-USDM:BTC-USDT-PERP");
    say(event(90, 95, 105));
    EXPECT_EQ(say(snapshot(100)).back(), "bid 15x2 @105.");
    EXPECT_THAT(say(event(105, 300, 310)), ElementsAre("bid 15x2 @310."));
    EXPECT_THAT(say(event(311, 320, 330)), ElementsAre("resyncing gap"));
}

TEST_F(Session, StartsFromEmptyWithTheFirstEventAndAgainAfterAGap) {
    make({.from_empty = true, .symbols = {}});
    EXPECT_THAT(say(depth(5, 6)), ElementsAre("listed BTCUSDT 1/0", "live", "clear @6", "bid 15x2 @6."));
    EXPECT_THAT(say(depth(7, 8)), ElementsAre("bid 15x2 @8."));
    EXPECT_THAT(say(snapshot(8)), IsEmpty());
    EXPECT_THAT(say(depth(10, 11)), ElementsAre("resyncing gap", "live", "clear @11", "bid 15x2 @11."));
    EXPECT_EQ(counters().chain_ok, 1U);
    EXPECT_EQ(counters().gaps, 1U);
    say("{\"s\":\"BTCUSDT\",\"e\":0}");
    EXPECT_THAT(say(depth(20, 20)), ElementsAre("live", "clear @20", "bid 15x2 @20."));
}

TEST_F(Session, TakesOnlyTheSymbolsAskedFor) {
    make({.from_empty = false, .symbols = {"ethusdt", "BINANCE:BNB-BTC"}});
    EXPECT_THAT(say(depth(1, 1)), IsEmpty());
    EXPECT_THAT(say(trade("1")), IsEmpty());
    EXPECT_THAT(say(depth(1, 1, "", "", "ETHUSDT")), ElementsAre("listed ETHUSDT 0/0"));
    EXPECT_THAT(say(depth(1, 1, "", "", "BNBBTC")), ElementsAre("listed BNBBTC 0/0"));
}

TEST_F(Session, LooksAheadForSymbolsWithoutTouchingTheirBooks) {
    make();
    EXPECT_THAT(look_ahead(depth(9, 9)), ElementsAre("listed BTCUSDT 1/0"));
    EXPECT_THAT(look_ahead(trade("1.555")), IsEmpty()) << "known already";
    EXPECT_THAT(look_ahead(snapshot(10)), IsEmpty());
    EXPECT_THAT(look_ahead("nonsense"), IsEmpty());
    EXPECT_EQ(counters().messages, 0U);
    EXPECT_EQ(counters().decode_errors, 0U);
    EXPECT_THAT(say(depth(9, 9)), IsEmpty());
    EXPECT_THAT(say(snapshot(10)), ElementsAre("live", "clear partial @10", "bid 14x7 @10", "ask 16x3 @10."));
}

TEST_F(Session, ARestartJoinsAnewAndSaysNothingOfIt) {
    go_live();
    session_->restart();
    EXPECT_THAT(say(depth(9, 9)), IsEmpty());
    EXPECT_THAT(say(snapshot(10)), ElementsAre("clear partial @10", "bid 14x7 @10", "ask 16x3 @10."));
    EXPECT_THAT(say(depth(11, 11)), ElementsAre("bid 15x2 @11."));
    EXPECT_EQ(counters().resyncs, 0U);
}

TEST_F(Session, ANewConnectionIsNoMessage) {
    go_live();
    const auto before = counters().messages;
    EXPECT_THAT(say("", RawMessage::Kind::Connected), IsEmpty());
    EXPECT_EQ(counters().messages, before);
    EXPECT_EQ(counters().decode_errors, 0U);
}

}  // namespace
}  // namespace tickgate::feeds::binance
