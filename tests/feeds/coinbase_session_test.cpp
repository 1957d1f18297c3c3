#include "feeds/coinbase/session.hpp"

#include <gmock/gmock.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::coinbase {
namespace {

using book::UnixNanos;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kConnected = RawMessage::Kind::Connected;

class Coinbase : public tests::SessionTest {
protected:
    void make(Api api, SessionOptions options = {}) {
        session_ = std::make_unique<CoinbaseSession>(api, book::FeedId{}, registry_, std::move(options));
    }
};

// Exchange

constexpr std::string_view kSnapshot =
    R"({"type":"snapshot","product_id":"ABC-BTC","asks":[["0.0512","10.5"],["0.0520","1.0"]],"bids":[["0.0510","20.25"]]})";

std::string update(std::string_view changes, std::string_view time = "2021-04-17T16:43:37.078325Z") {
    return fmt::format(R"({{"type":"l2update","product_id":"ABC-BTC","changes":[{}],"time":"{}"}})", changes, time);
}

std::string match(std::uint64_t id, std::string_view type = "match", std::string_view side = "sell") {
    return fmt::format(R"({{"type":"{}","trade_id":{},"maker_order_id":"a","taker_order_id":"b","side":"{}",)"
                       R"("size":"2.50","price":"0.0512","product_id":"ABC-BTC","sequence":7,)"
                       R"("time":"2021-04-17T16:43:38.5Z"}})",
                       type, id, side);
}

class CoinbaseExchange : public Coinbase {
protected:
    CoinbaseExchange() { make(Api::Exchange); }
};

TEST_F(CoinbaseExchange, IsJoinedByItsSnapshot) {
    EXPECT_THAT(say(update(R"(["buy","0.0509","1"])")), ElementsAre("listed ABC-BTC 4/0")) << "not believed yet";
    EXPECT_THAT(say(kSnapshot),
                ElementsAre("scale 4/2", "live", "clear @", "bid 510x2025 @", "ask 512x1050 @", "ask 520x100 @."));
    EXPECT_THAT(say(update(R"(["buy","0.0509","1.5"],["sell","0.0512","0.0"])")),
                ElementsAre("bid 509x150 @", "ask 512x0 @."));
    EXPECT_EQ(events_[0].venue_time, UnixNanos{std::chrono::microseconds{1'618'677'817'078'325}});
    EXPECT_THAT(say(kSnapshot), SizeIs(4)) << "a later one replaces the book without a resync";
    EXPECT_EQ(counters().resyncs, 0U);
}

TEST_F(CoinbaseExchange, NamesAreCanonicalWithItsPrefix) {
    say(kSnapshot);
    EXPECT_EQ(events_[0].listed_instrument().symbol, "COINBASE:ABC-BTC");
}

TEST_F(CoinbaseExchange, ATimeOfTheYear1IsNone) {
    say(kSnapshot);
    EXPECT_THAT(say(update(R"(["buy","0.0509","1.5"])", "0001-01-01T00:00:00.000000Z")), ElementsAre("bid 509x150 @."));
    EXPECT_EQ(events_[0].venue_time, book::kNoTime);
}

TEST_F(CoinbaseExchange, TheSideOfAMatchIsTheMakers) {
    say(kSnapshot);
    EXPECT_THAT(say(match(5)), ElementsAre("trade bid 512x250 @5."));
    EXPECT_THAT(say(match(6, "match", "buy")), ElementsAre("trade ask 512x250 @6."));
    EXPECT_EQ(events_[0].venue_time, UnixNanos{std::chrono::milliseconds{1'618'677'818'500}});
}

TEST_F(CoinbaseExchange, TheLastMatchIsFromBeforeAndStartsTheChainOfIds) {
    say(kSnapshot);
    EXPECT_THAT(say(match(5, "last_match")), IsEmpty());
    EXPECT_THAT(say(match(6)), SizeIs(1));
    EXPECT_THAT(say(match(6)), IsEmpty()) << "a repeat";
    EXPECT_THAT(say(match(7)), SizeIs(1));
    EXPECT_EQ(counters().chain_ok, 2U);
    EXPECT_THAT(say(match(9)), ElementsAre("trade bid 512x250 @9.")) << "a lost trade says nothing of the book";
    EXPECT_EQ(counters().chain_failed, 1U);
    EXPECT_THAT(say(match(9, "last_match")), IsEmpty());
    EXPECT_THAT(say(match(12, "last_match")), ElementsAre("trade bid 512x250 @12.")) << "the last one that was missed";
    EXPECT_EQ(counters().chain_failed, 2U);
    EXPECT_EQ(counters().gaps, 0U);
}

TEST_F(CoinbaseExchange, WhatIsNoBookAndNoTradeIsCountedAndNothingElse) {
    for (
        const std::string_view text :
        {R"({"type":"subscriptions","channels":[{"name":"level2","product_ids":["ABC-BTC"]}]})",
         R"({"type":"ticker","sequence":3,"product_id":"ABC-BTC","price":"0.05","open_24h":"0.04","best_bid":"0.0510",)"
         R"("best_ask":"0.0512","side":"sell","time":"2021-04-17T16:43:29.5Z","trade_id":2,"last_size":"1"})",
         R"({"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"ABC-BTC","time":"2021-04-17T16:43:29Z"})",
         R"({"type":"received","order_id":"x","side":"buy","product_id":"ABC-BTC"})",
         R"({"type":"error","message":"Failed to subscribe","reason":"ABC-BTC is delisted"})"}) {
        EXPECT_THAT(say(text), IsEmpty()) << text;
    }
    EXPECT_EQ(counters().decode_errors, 0U);
    EXPECT_EQ(counters().messages, 5U);
}

TEST_F(CoinbaseExchange, ABadMessageCostsItsSymbolAResync) {
    say(kSnapshot);
    EXPECT_THAT(say(update(R"(["buy","0.0509","0.-10000"])")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(update(R"(["buy","0.0509","1"])")), IsEmpty());
    EXPECT_THAT(say("nonsense"), IsEmpty()) << "nobody can tell whose it is";
    EXPECT_EQ(counters().decode_errors, 2U);
    EXPECT_THAT(say(kSnapshot), testing::Contains("live"));
}

TEST_F(CoinbaseExchange, ANewConnectionEndsWhatItsOldOneHadSent) {
    say_in(0, kSnapshot);
    EXPECT_THAT(say_in(1, "", kConnected), IsEmpty()) << "another one's";
    EXPECT_THAT(say_in(0, "", kConnected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say_in(0, update(R"(["buy","0.0509","1"])")), IsEmpty());
    EXPECT_THAT(say_in(0, kSnapshot), testing::Contains("live"));
}

TEST_F(CoinbaseExchange, ASilentSymbolTurnsStaleAndARestartJoinsAnew) {
    say(kSnapshot);
    EXPECT_THAT(wait(std::chrono::hours{1}), ElementsAre("stale"));
    EXPECT_THAT(say(update(R"(["buy","0.0509","1"])")), ElementsAre("live", "bid 509x100 @."));
    session_->restart();
    EXPECT_THAT(say(update(R"(["buy","0.0509","1"])")), IsEmpty());
}

TEST_F(CoinbaseExchange, OnlyWhatIsWantedIsListedAndEmptyBooksAreBooks) {
    make(Api::Exchange, {.from_empty = false, .symbols = {"coinbase:xyz-usd"}});
    EXPECT_THAT(say(kSnapshot), IsEmpty());
    constexpr std::string_view kEmpty = R"({"type":"snapshot","product_id":"XYZ-USD","asks":[],"bids":[]})";
    EXPECT_THAT(look_ahead(kEmpty), ElementsAre("listed XYZ-USD 0/0"));
    EXPECT_THAT(say(kEmpty), ElementsAre("live", "clear @."));
}

TEST_F(CoinbaseExchange, FromEmptyTheFirstUpdateIsTheBook) {
    make(Api::Exchange, {.from_empty = true, .symbols = {}});
    EXPECT_THAT(say(update(R"(["buy","0.0509","1"])")),
                ElementsAre("listed ABC-BTC 4/0", "live", "clear @", "bid 509x1 @."));
}

// Advanced Trade

std::string advanced(std::string_view channel, std::uint64_t sequence, std::string_view events) {
    return fmt::format(R"({{"channel":"{}","client_id":"","timestamp":"2026-04-07T14:30:01.456789Z",)"
                       R"("sequence_num":{},"events":[{}]}})",
                       channel, sequence, events);
}

std::string books(std::uint64_t sequence, std::string_view type, std::string_view product = "ABC-USD") {
    return advanced(
        "l2_data", sequence,
        fmt::format(R"({{"type":"{}","product_id":"{}","updates":[{{"side":"bid","event_time":)"
                    R"("2026-04-07T14:30:01.4Z","price_level":"5.00","new_quantity":"2"}},{{"side":"offer",)"
                    R"("event_time":"2026-04-07T14:30:01.4Z","price_level":"5.10","new_quantity":"0.0"}}]}})",
                    type, product));
}

std::string heartbeat(std::uint64_t sequence) {
    return advanced("heartbeats", sequence,
                    R"({"current_time":"2026-04-07 14:30:10.0 +0000 UTC","heartbeat_counter":4})");
}

class CoinbaseAdvanced : public Coinbase {
protected:
    CoinbaseAdvanced() { make(Api::AdvancedTrade); }
};

TEST_F(CoinbaseAdvanced, IsJoinedByItsSnapshotAndNumbersAllMessages) {
    EXPECT_THAT(say(books(0, "snapshot")),
                ElementsAre("listed ABC-USD 2/1", "live", "clear @0", "bid 500x20 @0", "ask 510x0 @0."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "COINBASE-ADV:ABC-USD");
    EXPECT_EQ(events_[3].venue_time, UnixNanos{std::chrono::microseconds{1'775'572'201'456'789}});
    EXPECT_THAT(say(heartbeat(1)), IsEmpty());
    EXPECT_THAT(say(advanced("subscriptions", 2, R"({"subscriptions":{"level2":["ABC-USD"]}})")), IsEmpty());
    EXPECT_THAT(say(advanced("ticker", 3, R"({"type":"update","tickers":[]})")), IsEmpty());
    EXPECT_THAT(say(books(4, "update")), ElementsAre("bid 500x20 @4", "ask 510x0 @4."));
    EXPECT_EQ(counters().chain_ok, 4U);
}

TEST_F(CoinbaseAdvanced, AMissingNumberEndsAllBooksOfItsConnection) {
    say_in(0, books(0, "snapshot"));
    say_in(0, books(1, "snapshot", "XYZ-USD"));
    say_in(1, books(50, "snapshot", "OTHER-USD"));
    EXPECT_THAT(say_in(0, heartbeat(3)), ElementsAre("resyncing gap", "resyncing gap"));
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_EQ(counters().chain_failed, 1U);
    EXPECT_THAT(say_in(0, books(4, "update")), IsEmpty());
    EXPECT_THAT(say_in(1, books(51, "update", "OTHER-USD")), SizeIs(2)) << "the other connection goes on";
    EXPECT_THAT(say_in(0, books(5, "snapshot")), testing::Contains("live"));
}

TEST_F(CoinbaseAdvanced, AnOldNumberIsARepeat) {
    say(books(7, "snapshot"));
    EXPECT_THAT(say(books(7, "update")), IsEmpty());
    EXPECT_THAT(say(books(6, "update")), IsEmpty());
    EXPECT_EQ(counters().chain_failed, 0U);
    say("", kConnected);
    EXPECT_THAT(say(books(0, "snapshot")), testing::Contains("live")) << "a new connection counts from 0";
}

TEST_F(CoinbaseAdvanced, TradesAreTheTakersAndThoseFromBeforeAreLeftOut) {
    constexpr std::string_view kTrades =
        R"({"type":"snapshot","trades":[{"trade_id":"4","product_id":"ABC-USD","price":"5","size":"1","side":"BUY",)"
        R"("time":"2026-04-07T14:30:02Z"}]},{"type":"update","trades":[{"trade_id":"995","product_id":"ABC-USD",)"
        R"("price":"5.05","size":"0.5","side":"BUY","time":"2026-04-07T14:30:02Z"},{"trade_id":"996","product_id":)"
        R"("XYZ-USD","price":"6.0","size":"2","side":"SELL","time":"2026-04-07T14:30:02.8Z"}]})";
    EXPECT_THAT(say(advanced("market_trades", 1, kTrades)), ElementsAre("listed ABC-USD 2/1", "trade ask 505x5 @995.",
                                                                        "listed XYZ-USD 1/0", "trade bid 60x2 @996."));
}

}  // namespace
}  // namespace tickgate::feeds::coinbase
