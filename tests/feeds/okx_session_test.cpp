#include "feeds/okx/session.hpp"

#include <gmock/gmock.h>

#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::okx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tests::Words;

constexpr auto kConnected = RawMessage::Kind::Connected;

std::string book(std::string_view action, std::string_view bids, std::string_view asks, std::string_view numbers,
                 std::string_view instrument = "ABC-USDT") {
    return fmt::format(R"({{"arg":{{"channel":"books","instId":"{}"}},"action":"{}","data":[{{"asks":[{}],"bids":[{}],)"
                       R"("ts":"1652459000464",{}}}]}})",
                       instrument, action, asks, bids, numbers);
}

std::string numbered(std::int64_t prev, std::int64_t sequence) {
    return fmt::format(R"("checksum":0,"prevSeqId":{},"seqId":{})", prev, sequence);
}

std::string snapshot(std::string_view numbers, std::string_view instrument = "ABC-USDT") {
    return book("snapshot", R"(["5.1","3.5","0","2"],["5","1","0","1"])", R"(["5.25","2","0","1"])", numbers,
                instrument);
}

std::string update(std::string_view numbers) {
    return book("update", R"(["5.1","0","0","0"])", "", numbers);
}

std::string trade(std::uint64_t id) {
    return fmt::format(R"({{"arg":{{"channel":"trades","instId":"ABC-USDT"}},"data":[{{"instId":"ABC-USDT",)"
                       R"("tradeId":"{}","px":"5.1","sz":"2","side":"sell","ts":"1652458000150"}}]}})",
                       id);
}

class Okx : public tests::BookSessionTest {
protected:
    Okx() { make({}); }
    void make(SessionOptions options) {
        session_ = std::make_unique<OkxSession>(book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Okx, IsJoinedByItsSnapshotAndChainsByThePreviousNumber) {
    EXPECT_THAT(say(update(numbered(9, 10))), ElementsAre("listed ABC-USDT 1/0")) << "not believed yet";
    EXPECT_THAT(say(snapshot(numbered(-1, 10))),
                ElementsAre("scale 2/1", "live", "clear @10", "bid 510x35 @10", "bid 500x10 @10", "ask 525x20 @10."));
    EXPECT_THAT(say(update(numbered(10, 15))), ElementsAre("bid 510x0 @15."));
    EXPECT_THAT(say(update(numbered(15, 3))), ElementsAre("bid 510x0 @3.")) << "the venue's maintenance";
    EXPECT_THAT(say(book("update", "", "", numbered(3, 3))), ElementsAre("ask 0x0 @3.")) << "it is only there";
    EXPECT_THAT(say(update(numbered(3, 4))), ElementsAre("bid 510x0 @4."));
    EXPECT_EQ(counters().chain_ok, 4U);
    EXPECT_EQ(counters().chain_failed, 0U);
}

TEST_F(Okx, AMissingNumberEndsTheBookUntilTheNextSnapshot) {
    say(snapshot(numbered(-1, 10)));
    say(snapshot(numbered(-1, 50), "XYZ-USDT"));
    EXPECT_THAT(say(update(numbered(11, 12))), ElementsAre("resyncing gap"));
    EXPECT_THAT(say(update(numbered(12, 13))), IsEmpty());
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_EQ(counters().chain_failed, 1U);
    EXPECT_THAT(say(snapshot(numbered(-1, 20))), testing::Contains("live"));
    EXPECT_THAT(say(update(numbered(20, 21))), ElementsAre("bid 510x0 @21."));
}

TEST_F(Okx, ASnapshotReplacesTheBookAtAnyTime) {
    say(snapshot(numbered(-1, 10)));
    EXPECT_THAT(say(snapshot(numbered(-1, 7))), testing::Contains("clear @7"));
    EXPECT_THAT(say(update(numbered(7, 8))), ElementsAre("bid 510x0 @8."));
}

TEST_F(Okx, ItsChecksumIsOverTheShortestTextOfBothSidesInTurn) {
    // zlib.crc32 of 5.1:3.5:5.25:2:5:1, then of 5:1:5.25:2, then of 5:1:0.04:0.1, each as a signed number
    EXPECT_TRUE(play(snapshot(R"("checksum":-48227179)")).checksum_ok) << "one side goes on alone";
    EXPECT_TRUE(play(update(R"("checksum":746675562)")).checksum_ok);
    EXPECT_EQ(say(update(R"("checksum":-2)")), Words{"bid 510x0 #4294967294."});
    EXPECT_TRUE(
        play(book("update", R"(["0.04","0.1","0","1"])", R"(["5.25","0","0","0"])", R"("checksum":-1442526275)"))
            .checksum_ok);
    EXPECT_TRUE(play(update(R"("checksum":5)")).checksum_failed);
    EXPECT_EQ(counters().chain_ok, 0U) << "2022: no numbers";
}

TEST_F(Okx, ItsChecksumIsOverTheBest25) {
    std::string bids;
    for (int i = 0; i < 26; ++i) bids += fmt::format(R"({}["{}","1","0","1"])", i == 0 ? "" : ",", 100 - i);
    // zlib.crc32 of 100:1:99:1: .. :76:1
    EXPECT_TRUE(play(book("snapshot", bids, "", R"("checksum":1790511916)")).checksum_ok);
}

TEST_F(Okx, TheTradeThatASubscriptionStartsWithIsARepeat) {
    EXPECT_THAT(say(trade(7)), ElementsAre("listed ABC-USDT 1/0", "trade ask 51x2 @7."));
    say("", kConnected);
    EXPECT_THAT(say(trade(7)), IsEmpty());
    EXPECT_THAT(say(trade(8)), ElementsAre("trade ask 51x2 @8."));
}

TEST_F(Okx, NamesAreCanonical) {
    EXPECT_THAT(look_ahead(snapshot(numbered(-1, 10), "UNI-USD-SWAP")), ElementsAre("listed UNI-USD-SWAP 2/1"));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "OKX:UNI-USD-PERP");
    EXPECT_THAT(look_ahead(trade(1)), ElementsAre("listed ABC-USDT 1/0"));
    look_ahead(snapshot(numbered(-1, 10), "BTC-USD-260626"));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "OKX:BTC-USD-260626");
}

TEST_F(Okx, ABadMessageOrANewConnectionEndsTheBook) {
    say(snapshot(numbered(-1, 10)));
    EXPECT_THAT(say(book("update", R"(["5.1","-1","0","0"])", "", numbered(10, 11))),
                ElementsAre("resyncing bad_message"));
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_THAT(say(update(numbered(11, 12))), IsEmpty());
    EXPECT_THAT(say(snapshot(numbered(-1, 20))), testing::Contains("live"));
    EXPECT_THAT(say("", kConnected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say(update(numbered(20, 21))), IsEmpty());
    EXPECT_THAT(say(snapshot(numbered(-1, 30))), testing::Contains("live"));
    session_->restart();
    EXPECT_THAT(say(update(numbered(30, 31))), IsEmpty());
}

TEST_F(Okx, OnlyWhatIsWantedIsListed) {
    make({.from_empty = false, .symbols = {"okx:xyz-usdt"}});
    EXPECT_THAT(say(snapshot(numbered(-1, 10))), IsEmpty());
    EXPECT_THAT(say(snapshot(numbered(-1, 10), "XYZ-USDT")), testing::Contains("live"));
}

}  // namespace
}  // namespace tickgate::feeds::okx
