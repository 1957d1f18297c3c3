#include "feeds/kraken/session.hpp"

#include <gmock/gmock.h>

#include "book/symbol_book.hpp"
#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::kraken {
namespace {

using book::UnixNanos;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kConnected = RawMessage::Kind::Connected;

// Version 1

constexpr std::string_view kSnapshot1 = R"([7,{"as":[["5.10","1.500","1618678132.5"],["5.20","2.000","1618678131.1"]],)"
                                        R"("bs":[["5.00","3.000","1618678132.481570"]]},"book-10","XBT/EUR"])";

std::string update1(std::string_view parts, std::string_view pair = "XBT/EUR") {
    return fmt::format(R"([7,{},"book-10","{}"])", parts, pair);
}

// Version 2

std::string levels2(std::string_view levels) {
    std::string text;
    for (std::size_t at = 0; at < levels.size();) {  // "5.1x2 5.2x0"
        const std::size_t end = std::min(levels.find(' ', at), levels.size());
        const std::string_view level = levels.substr(at, end - at);
        const std::size_t x = level.find('x');
        text += fmt::format(R"({}{{"price":{},"qty":{}}})", text.empty() ? "" : ",", level.substr(0, x),
                            level.substr(x + 1));
        at = end + 1;
    }
    return text;
}

std::string book2(std::string_view type, std::string_view bids, std::string_view asks, std::uint32_t checksum = 77,
                  std::string_view symbol = "BTC/USD") {
    return fmt::format(R"({{"channel":"book","type":"{}","data":[{{"symbol":"{}","bids":[{}],"asks":[{}],)"
                       R"("checksum":{},"timestamp":"2026-08-01T02:53:53.646219Z"}}]}})",
                       type, symbol, levels2(bids), levels2(asks), checksum);
}

std::string subscribed2(int depth, std::string_view success = "true") {
    return fmt::format(R"({{"method":"subscribe","result":{{"channel":"book","depth":{},"snapshot":true,)"
                       R"("symbol":"BTC/USD"}},"success":{},"time_in":"2026-08-01T02:53:53.184174Z"}})",
                       depth, success);
}

class Kraken : public tests::SessionTest {
protected:
    Kraken() { make({}); }
    void make(SessionOptions options) {
        session_ = std::make_unique<KrakenSession>(book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Kraken, Version1IsJoinedByItsSnapshot) {
    EXPECT_THAT(say(kSnapshot1), ElementsAre("listed XBT/EUR 2/3", "live", "clear depth 10 @", "bid 500x3000 @",
                                             "ask 510x1500 @", "ask 520x2000 @."))
        << "a snapshot has no checksum here";
    EXPECT_EQ(events_[0].listed_instrument().symbol, "KRAKEN:BTC-EUR");
    EXPECT_EQ(events_[2].venue_time, UnixNanos{std::chrono::milliseconds{1'618'678'132'500}}) << "the latest level's";
    EXPECT_THAT(say(update1(R"({"b":[["5.01","1.250","1618678133.1"]],"c":"974947235"})")),
                ElementsAre("bid 501x1250 #974947235."));
    EXPECT_THAT(say(update1(R"({"a":[["5.10","0.000","1618678133.2","r"]],"c":"5"})")), ElementsAre("ask 510x0 #5."))
        << "a republished level has a word more";
}

TEST_F(Kraken, Version1MayPutAsksAndBidsIntoTwoObjects) {
    say(kSnapshot1);
    EXPECT_THAT(
        say(update1(R"({"a":[["5.05","2.000","1618678133.1"]]},{"b":[["5.05","0.000","1618678133.2"]],"c":"9"})")),
        ElementsAre("bid 505x0 @9", "ask 505x2000 #9."));
}

TEST_F(Kraken, Version1ReadsTrades) {
    constexpr std::string_view kTrades =
        R"([9,[["5.05","8.500","1618678155.718950","b","m",""],["5.04","2.000","1618678155.720582","s","l",""]],)"
        R"("trade","XDG/USD"])";
    EXPECT_THAT(say(kTrades), ElementsAre("listed XDG/USD 2/3", "trade bid 505x8500 @.", "trade ask 504x2000 @."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "KRAKEN:DOGE-USD");
    EXPECT_EQ(events_[1].venue_time, UnixNanos{std::chrono::microseconds{1'618'678'155'718'950}});
}

TEST_F(Kraken, Version2IsJoinedByItsSnapshotWithDigitsAsWritten) {
    EXPECT_THAT(say(subscribed2(25)), IsEmpty());
    EXPECT_THAT(say(book2("snapshot", "63000.0x0.00005100", "63001.0x2.00000000", 1)),
                ElementsAre("listed BTC/USD 1/8", "live", "clear depth 25 @1", "bid 630000x5100 @1",
                            "ask 630010x200000000 #1."));
    EXPECT_EQ(events_[4].venue_time, UnixNanos{std::chrono::microseconds{1'785'552'833'646'219}});
    EXPECT_THAT(say(book2("update", "", "63000.5x0.1 63001.0x0.00000000", 4'294'967'295)),
                ElementsAre("ask 630005x10000000 @4294967295", "ask 630010x0 #4294967295."));
}

TEST_F(Kraken, TheDepthIsWhatWasSubscribedToElseTheLeastThatFits) {
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), testing::Contains("clear depth 10 @77"));
    say(subscribed2(100));
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), testing::Contains("clear depth 100 @77"));
    say(subscribed2(25, "false"));
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), testing::Contains("clear depth 100 @77")) << "it was refused";
    std::string eleven;
    for (int i = 11; i > 0; --i) eleven += fmt::format("{}{}.0x1", eleven.empty() ? "" : " ", i);
    EXPECT_THAT(say(book2("snapshot", eleven, "", 5, "ETH/USD")), testing::Contains("clear depth 25 @5"));
}

TEST_F(Kraken, Version2ReadsTradesAndLeavesOutThoseFromBefore) {
    constexpr std::string_view kTrades =
        R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":63000.1,"qty":0.00027625,)"
        R"("ord_type":"limit","trade_id":10218208,"timestamp":"2026-08-01T02:53:55.440295Z"},{"symbol":"ETH/USD",)"
        R"("side":"sell","price":2500.55,"qty":2e-8,"ord_type":"market","trade_id":4,"timestamp":"2026-08-01T02:53:55Z"}]})";
    EXPECT_THAT(say(kTrades), ElementsAre("listed BTC/USD 1/8", "trade bid 630001x27625 @10218208.",
                                          "listed ETH/USD 2/8", "trade ask 250055x2 @4."));
    std::string before{kTrades};
    before.replace(before.find("update"), 6, "snapshot");
    EXPECT_THAT(say(before), IsEmpty());
    EXPECT_EQ(counters().decode_errors, 0U);
}

TEST_F(Kraken, WhatIsNoBookAndNoTradeIsCountedAndNothingElse) {
    for (
        const std::string_view text :
        {R"({"event":"heartbeat"})", R"({"connectionID":1,"event":"systemStatus","status":"online","version":"1.8.3"})",
         R"({"channelID":1920,"channelName":"book-1000","event":"subscriptionStatus","pair":"SC/EUR","status":"subscribed",)"
         R"("subscription":{"depth":1000,"name":"book"}})",
         R"([1924,{"a":["0.043220",42073,"42073.68230962"],"b":["0.042900",19348,"19348.36906064"]},"ticker","SC/EUR"])",
         R"([1,["1","2","3"],"spread","SC/EUR"])", R"({"channel":"heartbeat"})",
         R"({"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2"}]})",
         R"({"method":"unsubscribe","result":{"channel":"book","depth":10,"symbol":"BTC/USD"},"success":true})",
         R"({"method":"pong","req_id":42,"time_in":"2026-08-01T02:53:53.1Z"})",
         R"({"error":"Subscription depth not supported","method":"subscribe","success":false,"symbol":"BTC/USD"})",
         R"({"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":105944.20,"bid_qty":2.5}]})",
         R"({"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD","snapshot":true},"success":true})"}) {
        EXPECT_THAT(say(text), IsEmpty()) << text;
    }
    EXPECT_EQ(counters().decode_errors, 0U);
    EXPECT_EQ(counters().messages, 12U);
}

TEST_F(Kraken, UpdatesWithoutASnapshotAreNotBelieved) {
    EXPECT_THAT(say(book2("update", "1.0x1", "")), ElementsAre("listed BTC/USD 1/0"));
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), SizeIs(4));
}

TEST_F(Kraken, ALaterSnapshotReplacesTheBookWithoutAResync) {
    say(book2("snapshot", "1.0x1", "2.0x1"));
    EXPECT_THAT(say(book2("snapshot", "1.1x1", "2.0x1", 8)),
                ElementsAre("clear depth 10 @8", "bid 11x1 @8", "ask 20x1 #8."));
    EXPECT_EQ(counters().resyncs, 0U);
}

TEST_F(Kraken, OneSidedAndEmptyBooksAreBooks) {
    EXPECT_THAT(say(book2("snapshot", "", "2.0x1")), testing::Contains("ask 20x1 #77."));
    EXPECT_THAT(say(book2("snapshot", "", "")), ElementsAre("clear depth 10 #77."));
    EXPECT_THAT(say(book2("update", "", "")), ElementsAre("ask 0x0 #77.")) << "as the removal of nothing";
}

TEST_F(Kraken, ANewConnectionEndsWhatItsOldOneHadSent) {
    say_in(0, book2("snapshot", "1.0x1", "2.0x1"));
    say_in(1, book2("snapshot", "3.0x1", "4.0x1", 5, "ETH/USD"));
    EXPECT_THAT(say_in(0, "", kConnected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say_in(0, "", kConnected), IsEmpty()) << "it had sent nothing yet";
    EXPECT_THAT(say_in(0, book2("update", "1.0x2", "")), IsEmpty());
    EXPECT_THAT(say_in(1, book2("update", "3.0x2", "", 6, "ETH/USD")), ElementsAre("bid 30x2 #6."));
    EXPECT_THAT(say_in(0, book2("snapshot", "1.0x1", "2.0x1")), testing::Contains("live"));
}

TEST_F(Kraken, ABadMessageCostsItsSymbolAResync) {
    say(kSnapshot1);
    say(book2("snapshot", "1.0x1", "2.0x1"));
    EXPECT_THAT(say(update1(R"({"b":[["5.01","x","1618678133.1"]],"c":"5"})")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say(update1(R"({"b":[["5.01","1.000","1618678133.1"]],"c":"5"})")), IsEmpty());
    EXPECT_THAT(say(book2("update", "1.0x-1", "")), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say("nonsense"), IsEmpty()) << "nobody can tell whose it is";
    EXPECT_EQ(counters().decode_errors, 3U);
    EXPECT_EQ(counters().resyncs, 2U);
}

TEST_F(Kraken, MoreDigitsThanBeforeAreANewScaleZerosIncluded) {
    say(book2("snapshot", "1.0x1", "2.0x1"));
    EXPECT_THAT(say(book2("update", "1.00x1.50", "")), ElementsAre("scale 2/2", "bid 100x150 #77."));
}

TEST_F(Kraken, OnlyWhatIsWantedIsListed) {
    make({.from_empty = false, .symbols = {"kraken:btc-usd"}});
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1", 5, "ETH/USD")), IsEmpty());
    EXPECT_THAT(look_ahead(book2("snapshot", "1.0x1", "2.0x1")), ElementsAre("listed BTC/USD 1/0"));
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), testing::Contains("live"));
}

TEST_F(Kraken, FromEmptyTheFirstUpdateIsTheBook) {
    make({.from_empty = true, .symbols = {}});
    say(subscribed2(10));
    EXPECT_THAT(say(book2("update", "1.0x1", "")),
                ElementsAre("listed BTC/USD 1/0", "live", "clear depth 10 @77", "bid 10x1 @77."));
    EXPECT_THAT(say(book2("snapshot", "1.0x1", "2.0x1")), IsEmpty());
    EXPECT_THAT(say(book2("update", "1.0x2", "")), ElementsAre("bid 10x2 @77.")) << "a checksum of a book that we lack";
}

TEST_F(Kraken, ASilentSymbolTurnsStaleUntilSomethingComes) {
    say(book2("snapshot", "1.0x1", "2.0x1"));
    EXPECT_THAT(wait(std::chrono::seconds{5}), IsEmpty());
    EXPECT_THAT(wait(std::chrono::hours{1}), ElementsAre("stale"));
    EXPECT_THAT(say(book2("update", "1.0x2", "")), ElementsAre("live", "bid 10x2 #77."));
    session_->restart();
    EXPECT_THAT(say(book2("update", "1.0x2", "")), IsEmpty()) << "joined anew";
}

// The checksum, against a book.

class KrakenBook : public Kraken {
protected:
    /// Tells the session a message and the book what follows from it; returns the last batch's.
    book::Applied play(std::string_view text) {
        say(text);
        book::Applied applied;
        std::vector<book::Event> run;
        for (const book::Event& event : events_) {
            if (event.kind == book::EventKind::Listed) {
                book_ = std::make_unique<book::SymbolBook>(event.listed_instrument());
                continue;
            }
            run.push_back(event);
            const bool alone = event.kind == book::EventKind::Status || event.kind == book::EventKind::Scale;
            if (!alone && !event.is_last()) continue;
            if (alone) run = {event};
            applied = book_->apply(run);
            run.clear();
        }
        return applied;
    }

    std::unique_ptr<book::SymbolBook> book_;
};

// Ten levels of each side, one above the other; `shift` in ticks of 0.1.
std::string ten(int first, int step) {
    std::string text;
    for (int i = 0; i < 10; ++i) {
        const int price = first + i * step;
        text += fmt::format("{}{}.{}x0.{:08}", i == 0 ? "" : " ", price / 10, price % 10, 5'100 + i);
    }
    return text;
}

TEST_F(KrakenBook, ItsChecksumIsOverTheTextOfTenAsksAndTenBids) {
    // zlib.crc32 of 1001 5100, 1002 5101, .. 1010 5109, then 1000 5100, 999 5101, .. 991 5109, without the spaces.
    EXPECT_TRUE(play(book2("snapshot", ten(1'000, -1), ten(1'001, 1), 445'909'989)).checksum_ok);
}

TEST_F(KrakenBook, ABookThatIsNotCutToTheDepthFailsItsChecksum) {
    for (const int depth : {10, 0}) {
        make({});
        say(subscribed2(depth));
        ASSERT_TRUE(play(book2("snapshot", ten(1'000, -1), ten(1'001, 1), 445'909'989)).checksum_ok);
        // 101.0 falls out; when there is room again, it has gone from the market unsaid.
        ASSERT_TRUE(play(book2("update", "100.0x0 99.0x8e-8", "100.0x7e-8", 3'557'895'945)).checksum_ok);
        const auto last = play(book2("update", "", "100.0x0 101.2x9e-8", 3'795'668'840));
        EXPECT_EQ(last.checksum_ok, depth == 10) << depth;
        EXPECT_EQ(last.checksum_failed, depth == 0) << depth;
        EXPECT_EQ(book_->status().state, depth == 10 ? book::SymbolState::Live : book::SymbolState::Resyncing);
    }
}

}  // namespace
}  // namespace tickgate::feeds::kraken
