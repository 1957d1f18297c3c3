#include "feeds/bybit/session.hpp"

#include <gmock/gmock.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::bybit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kConnected = RawMessage::Kind::Connected;

std::string book(std::string_view type, std::uint64_t id, std::string_view bids, std::string_view asks,
                 std::string_view symbol = "ABCUSDT") {
    return fmt::format(R"({{"topic":"orderbook.500.{}","type":"{}","ts":1733011000693,"data":{{"s":"{}","b":[{}],)"
                       R"("a":[{}],"u":{},"seq":{}}},"cts":1733011000599}})",
                       symbol, type, symbol, bids, asks, id, 7 * id);
}

std::string snapshot(std::uint64_t id, std::string_view symbol = "ABCUSDT") {
    return book("snapshot", id, R"(["1.95","62.5"])", R"(["1.96","7"],["2.0","1"])", symbol);
}

std::string delta(std::uint64_t id) {
    return book("delta", id, R"(["1.95","0"])", "");
}

constexpr std::string_view kTrade =
    R"({"topic":"publicTrade.ABCUSDT","type":"snapshot","ts":1709891000005,"data":[{"T":1709891000000,"s":"ABCUSDT",)"
    R"("S":"Sell","v":"0.5","p":"2.00","i":"2290","BT":false}]})";

class Bybit : public tests::SessionTest {
protected:
    Bybit() { make(Market::Linear); }
    void make(Market market, SessionOptions options = {}) {
        session_ = std::make_unique<BybitSession>(market, book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Bybit, IsJoinedByItsSnapshotAndEachDeltaHasTheNextNumber) {
    EXPECT_THAT(say(delta(9)), ElementsAre("listed ABCUSDT 2/0")) << "not believed yet";
    EXPECT_THAT(say(snapshot(10)),
                ElementsAre("scale 2/1", "live", "clear @10", "bid 195x625 @10", "ask 196x70 @10", "ask 200x10 @10."));
    EXPECT_THAT(say(delta(11)), ElementsAre("bid 195x0 @11."));
    EXPECT_EQ(events_[0].venue_time, book::UnixNanos{std::chrono::milliseconds{1'733'011'000'599}});
    EXPECT_THAT(say(delta(11)), IsEmpty()) << "a repeat";
    EXPECT_THAT(say(delta(12)), ElementsAre("bid 195x0 @12."));
    EXPECT_EQ(counters().chain_ok, 2U);
    EXPECT_EQ(counters().chain_failed, 0U);
}

TEST_F(Bybit, AMissingNumberEndsTheBookUntilTheNextSnapshot) {
    say(snapshot(10));
    say(snapshot(50, "XYZUSDT"));
    EXPECT_THAT(say(delta(12)), ElementsAre("resyncing gap"));
    EXPECT_THAT(say(delta(13)), IsEmpty());
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_EQ(counters().chain_failed, 1U);
    EXPECT_THAT(say(snapshot(20)), testing::Contains("live"));
    EXPECT_THAT(say(delta(21)), ElementsAre("bid 195x0 @21."));
}

TEST_F(Bybit, ASnapshotReplacesTheBookAtAnyTime) {
    say(snapshot(10));
    EXPECT_THAT(say(snapshot(7)), testing::Contains("clear @7"));
    EXPECT_THAT(say(delta(8)), ElementsAre("bid 195x0 @8."));
}

TEST_F(Bybit, ANumberOfOneIsTheWholeBookOfARestart) {
    say(snapshot(10));
    EXPECT_THAT(say(book("delta", 1, R"(["1.9","1"])", "")), ElementsAre("clear @1", "bid 190x10 @1."));
    EXPECT_THAT(say(delta(2)), ElementsAre("bid 195x0 @2."));
    EXPECT_EQ(counters().gaps, 0U);
}

TEST_F(Bybit, TradesAndNamesOfTheTwoMarkets) {
    EXPECT_THAT(say(kTrade), ElementsAre("listed ABCUSDT 2/1", "trade ask 200x5 @2290."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BYBIT-LINEAR:ABC-USDT-PERP");
    look_ahead(snapshot(1, "BTC-26JUN26"));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BYBIT-LINEAR:BTC-260626");
    make(Market::Spot);
    look_ahead(kTrade);
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BYBIT:ABC-USDT");
}

TEST_F(Bybit, ABadMessageOrANewConnectionEndsTheBook) {
    say(snapshot(10));
    EXPECT_THAT(say(book("delta", 11, R"(["1.95","-1"])", "")), ElementsAre("resyncing bad_message"));
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_THAT(say(delta(12)), IsEmpty());
    EXPECT_THAT(say(snapshot(20)), testing::Contains("live"));
    EXPECT_THAT(say("", kConnected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say(delta(21)), IsEmpty());
    EXPECT_THAT(say(snapshot(30)), testing::Contains("live"));
    session_->restart();
    EXPECT_THAT(say(delta(31)), IsEmpty());
}

TEST_F(Bybit, OnlyWhatIsWantedIsListed) {
    make(Market::Linear, {.from_empty = false, .symbols = {"bybit-linear:xyz-usdt-perp"}});
    EXPECT_THAT(say(snapshot(10)), IsEmpty());
    EXPECT_THAT(say(snapshot(10, "XYZUSDT")), testing::Contains("live"));
}

}  // namespace
}  // namespace tickgate::feeds::bybit
