#include "feeds/bitget/session.hpp"

#include <gmock/gmock.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::bitget {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kConnected = RawMessage::Kind::Connected;

std::string book(std::string_view action, std::string_view bids, std::string_view asks, std::string_view numbers,
                 std::string_view symbol = "ABCUSDT") {
    return fmt::format(R"({{"action":"{}","arg":{{"instType":"SPOT","channel":"books","instId":"{}"}},"data":[{{)"
                       R"("asks":[{}],"bids":[{}],{},"ts":"1695710000294"}}],"ts":1695710000295}})",
                       action, symbol, asks, bids, numbers);
}

std::string snapshot(std::string_view numbers, std::string_view symbol = "ABCUSDT") {
    return book("snapshot", R"(["5.10","3.5000"],["5.00","1.0000"])", R"(["5.25","2.0000"])", numbers, symbol);
}

std::string update(std::string_view numbers) {
    return book("update", R"(["5.10","0"])", "", numbers);
}

constexpr std::string_view kTrade =
    R"({"action":"update","arg":{"instType":"sp","channel":"trade","instId":"ABCUSDT"},"data":[["1649290070001","5.10",)"
    R"("2","sell"]]})";

class Bitget : public tests::BookSessionTest {
protected:
    Bitget() { make({}); }
    void make(SessionOptions options) {
        session_ = std::make_unique<BitgetSession>(book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Bitget, IsJoinedByItsSnapshotAndItsNumbersOnlyRise) {
    EXPECT_THAT(say(update(R"("seq":9)")), ElementsAre("listed ABCUSDT 2/0")) << "not believed yet";
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BITGET:ABC-USDT");
    EXPECT_THAT(
        say(snapshot(R"("checksum":0,"seq":10)")),
        ElementsAre("scale 2/4", "live", "clear @10", "bid 510x35000 @10", "bid 500x10000 @10", "ask 525x20000 @10."));
    EXPECT_THAT(say(update(R"("seq":17)")), ElementsAre("bid 510x0 @17.")) << "there are holes";
    EXPECT_THAT(say(update(R"("seq":17)")), IsEmpty()) << "a repeat";
    EXPECT_THAT(say(update(R"("seq":20,"pseq":17)")), ElementsAre("bid 510x0 @20."));
    EXPECT_EQ(counters().chain_ok, 1U);
    EXPECT_THAT(say(update(R"("seq":30,"pseq":25)")), ElementsAre("resyncing gap")) << "one is missing";
    EXPECT_THAT(say(snapshot(R"("seq":40)")), testing::Contains("clear @40"));
    EXPECT_THAT(say(update(R"("seq":41,"pseq":38)")), ElementsAre("bid 510x0 @41.")) << "its snapshot came between";
    EXPECT_THAT(say(update(R"("seq":3,"pseq":0)")), ElementsAre("resyncing gap")) << "numbers start over";
    EXPECT_THAT(say(snapshot(R"("seq":5)")), testing::Contains("clear @5")) << "at any time";
    EXPECT_THAT(say(update(R"("seq":6)")), ElementsAre("bid 510x0 @6."));
    EXPECT_EQ(counters().gaps, 2U);
}

TEST_F(Bitget, ItsChecksumIsOverTheDigitsWritten) {
    // zlib.crc32 of 5.10:3.5000:5.25:2.0000:5.00:1.0000, then of 5.00:1.0000:5.25:2.0000, then of
    // 5.00:1.0000:0.03:0.1000, each as a signed number
    EXPECT_TRUE(play(snapshot(R"("checksum":1590554310)")).checksum_ok);
    EXPECT_TRUE(play(update(R"("checksum":-2013123252)")).checksum_ok);
    EXPECT_TRUE(
        play(book("update", R"(["0.03","0.1000"])", R"(["5.25","0"])", R"("checksum":-457677215)")).checksum_ok);
    EXPECT_TRUE(play(update(R"("checksum":5)")).checksum_failed);
}

TEST_F(Bitget, ReadsTrades) {
    EXPECT_THAT(say(kTrade), ElementsAre("listed ABCUSDT 2/0", "trade ask 510x2 @."));
    EXPECT_THAT(look_ahead(kTrade), IsEmpty()) << "it is listed";
}

TEST_F(Bitget, ABadMessageOrANewConnectionEndsTheBook) {
    say(snapshot(R"("seq":10)"));
    EXPECT_THAT(say(book("update", R"(["5.10","-1"])", "", R"("seq":11)")), ElementsAre("resyncing bad_message"));
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_THAT(say(update(R"("seq":12)")), IsEmpty());
    EXPECT_THAT(say(snapshot(R"("seq":20)")), testing::Contains("live"));
    EXPECT_THAT(say("", kConnected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say(update(R"("seq":21)")), IsEmpty());
    EXPECT_THAT(say(snapshot(R"("seq":3)")), testing::Contains("live"));
    session_->restart();
    EXPECT_THAT(say(update(R"("seq":31)")), IsEmpty());
}

TEST_F(Bitget, OnlyWhatIsWantedIsListed) {
    make({.from_empty = false, .symbols = {"bitget:xyz-usdt"}});
    EXPECT_THAT(say(snapshot(R"("seq":10)")), IsEmpty());
    EXPECT_THAT(look_ahead(snapshot(R"("seq":10)", "XYZUSDT")), ElementsAre("listed XYZUSDT 2/4"));
}

}  // namespace
}  // namespace tickgate::feeds::bitget
