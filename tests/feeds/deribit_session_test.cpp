#include "feeds/deribit/session.hpp"

#include <gmock/gmock.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::deribit {
namespace {

using book::UnixNanos;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kOption = "ABC-24SEP21-8000-P";

std::string notification(std::string_view channel, std::string_view data) {
    return fmt::format(R"({{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{}","data":{}}}}})", channel,
                       data);
}

/// `previous`: as it stands in the message, with its comma.
std::string book(std::string_view type, std::uint64_t id, std::string_view previous, std::string_view bids,
                 std::string_view asks, std::string_view instrument = kOption) {
    return notification(fmt::format("book.{}.raw", instrument),
                        fmt::format(R"({{"type":"{}","timestamp":1626993724318,{}"instrument_name":"{}",)"
                                    R"("change_id":{},"bids":[{}],"asks":[{}]}})",
                                    type, previous, instrument, id, bids, asks));
}
std::string snapshot(std::uint64_t id, std::string_view instrument = kOption) {
    return book("snapshot", id, "", R"(["new",0.0005,153.1])", R"(["new",0.0015,94.7])", instrument);
}
std::string change(std::uint64_t previous, std::uint64_t id) {
    return book("change", id, fmt::format(R"("prev_change_id":{},)", previous), R"(["change",0.0005,10.0])", "");
}

class Deribit : public tests::SessionTest {
protected:
    Deribit() { make({}); }
    void make(SessionOptions options) {
        session_ = std::make_unique<DeribitSession>(book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Deribit, IsJoinedByItsSnapshotAndChainedByChangeIds) {
    EXPECT_THAT(say(snapshot(10)),
                ElementsAre("listed ABC-24SEP21-8000-P 4/1", "live", "clear @10", "bid 5x1531 @10", "ask 15x947 @10."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "DERIBIT:ABC-210924-8000-P");
    EXPECT_EQ(events_[4].venue_time, UnixNanos{std::chrono::milliseconds{1'626'993'724'318}});
    EXPECT_THAT(say(change(10, 17)), ElementsAre("bid 5x100 @17."));
    EXPECT_THAT(say(book("change", 20, R"("prev_change_id":17,)", "", R"(["delete",0.0015,0.0],["new",0.001,2.6])")),
                ElementsAre("ask 15x0 @20", "ask 10x26 @20."));
    EXPECT_EQ(counters().chain_ok, 2U);
}

TEST_F(Deribit, AMissingChangeIsAGapUntilTheNextSnapshot) {
    say(snapshot(10));
    EXPECT_THAT(say(change(11, 17)), ElementsAre("resyncing gap"));
    EXPECT_THAT(say(change(17, 20)), IsEmpty());
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_THAT(say(snapshot(30)), testing::Contains("live"));
    EXPECT_THAT(say(change(30, 31)), SizeIs(1));
}

TEST_F(Deribit, ARepeatIsSkipped) {
    say(snapshot(10));
    say(change(10, 17));
    EXPECT_THAT(say(change(10, 17)), IsEmpty());
    EXPECT_EQ(counters().gaps, 0U);
    EXPECT_THAT(say(change(17, 18)), SizeIs(1));
}

TEST_F(Deribit, AChangeWithoutAPredecessorIsTheWholeBook) {
    say(snapshot(10));
    EXPECT_THAT(say(book("change", 40, R"("prev_change_id":0,)", R"(["new",0.001,1.0])", "")),
                ElementsAre("clear @40", "bid 10x10 @40."));
    EXPECT_THAT(say(book("change", 50, "", "", R"(["new",0.002,1.0])")), ElementsAre("clear @50", "ask 20x10 @50."));
    EXPECT_THAT(say(book("snapshot", 60, R"("prev_change_id":null,)", "", "")), ElementsAre("clear @60."));
    EXPECT_THAT(say(change(60, 61)), SizeIs(1)) << "an empty book goes on too";
    EXPECT_EQ(counters().resyncs, 0U);
}

TEST_F(Deribit, CombosHaveNegativePrices) {
    EXPECT_THAT(say(book("snapshot", 5, "", R"(["new",-2.5,10.0])", R"(["new",0.0,20.0],["new",1.5,5.0])",
                         "ABC-FS-24SEP21_PERP")),
                testing::IsSupersetOf({"bid -25x100 @5", "ask 0x200 @5", "ask 15x50 @5."}));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "DERIBIT:ABC-FS-210924-PERP");
}

TEST_F(Deribit, NumbersInExponentFormAreExact) {
    EXPECT_THAT(say(book("snapshot", 5, "", R"(["new",1e-4,2.0])", "")), testing::Contains("bid 1x20 @5."));
}

TEST_F(Deribit, ReadsTradesByTheTakersDirection) {
    constexpr std::string_view kTrades =
        R"([{"trade_seq":2,"trade_id":"40369182","timestamp":1765531356452,"tick_direction":2,"price":92294.5,)"
        R"("mark_price":92287.11,"instrument_name":"ABC-PERPETUAL","index_price":92276.75,"direction":"sell",)"
        R"("contracts":1.0,"amount":10.0},{"trade_seq":3,"trade_id":"ETH-40369183","timestamp":1765531356452,)"
        R"("price":92288.5,"instrument_name":"ABC-PERPETUAL","direction":"buy","amount":750.0}])";
    EXPECT_THAT(say(notification("trades.ABC-PERPETUAL.100ms", kTrades)),
                ElementsAre("listed ABC-PERPETUAL 1/1", "trade ask 922945x100 @40369182.",
                            "trade bid 922885x7500 @ETH-40369183."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "DERIBIT:ABC-PERP");
}

TEST_F(Deribit, WhatIsNoBookAndNoTradeIsCountedAndNothingElse) {
    for (const std::string& text :
         {std::string{R"({"jsonrpc":"2.0","id":1,"result":["trades.ABC-PERPETUAL.100ms"],"testnet":true,"usIn":1})"},
          std::string{R"({"jsonrpc":"2.0","id":1,"error":{"code":10028,"message":"too_many_requests","data":null}})"},
          std::string{R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})"},
          notification("ticker.ABC-PERPETUAL.raw", R"({"best_bid_price":0.0,"best_bid_amount":0.0,"state":"open"})"),
          notification("quote.ABC-PERPETUAL", R"({"best_bid_price":5.0,"best_bid_amount":2.0})"),
          notification(
              "book.ABC-PERPETUAL.none.10.100ms",
              R"({"instrument_name":"ABC-PERPETUAL","change_id":7,"timestamp":1,"bids":[[5,2]],"asks":[]})")}) {
        EXPECT_THAT(say(text), IsEmpty()) << text;
    }
    EXPECT_EQ(counters().decode_errors, 0U);
    EXPECT_EQ(counters().messages, 6U);
}

TEST_F(Deribit, ABadMessageOrANewConnectionEndsTheBook) {
    say(snapshot(10));
    EXPECT_THAT(say(book("change", 11, R"("prev_change_id":10,)", R"(["gone",1,1])", "")),
                ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(snapshot(12)), testing::Contains("live"));
    EXPECT_THAT(say("", RawMessage::Kind::Connected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say(change(12, 13)), IsEmpty());
    EXPECT_EQ(counters().gaps, 0U) << "nothing continues a book that is over";
}

TEST_F(Deribit, TickersAreASignOfLife) {
    say(snapshot(10));
    EXPECT_THAT(wait(std::chrono::hours{1}), ElementsAre("stale"));
    EXPECT_THAT(say(notification(fmt::format("ticker.{}.raw", kOption), R"({"best_bid_price":0.0})")),
                ElementsAre("live"));
    EXPECT_THAT(say(notification("ticker..raw", "{}")), IsEmpty());
    EXPECT_THAT(say(notification("ticker.raw", "{}")), IsEmpty());
}

TEST_F(Deribit, OnlyWhatIsWantedIsListed) {
    make({.from_empty = false, .symbols = {"deribit:abc-perp"}});
    EXPECT_THAT(say(snapshot(10)), IsEmpty());
    EXPECT_THAT(look_ahead(snapshot(10, "ABC-PERPETUAL")), ElementsAre("listed ABC-PERPETUAL 4/1"));
}

TEST_F(Deribit, FromEmptyTheFirstChangeIsTheBookAlsoAfterAGap) {
    make({.from_empty = true, .symbols = {}});
    EXPECT_THAT(say(change(10, 11)), testing::IsSupersetOf({"live", "clear @11", "bid 5x100 @11."}));
    EXPECT_THAT(say(change(11, 12)), ElementsAre("bid 5x100 @12."));
    EXPECT_THAT(say(change(13, 14)), ElementsAre("resyncing gap", "live", "clear @14", "bid 5x100 @14."));
}

}  // namespace
}  // namespace tickgate::feeds::deribit
