#include "tools/load/message_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tickgate::load {
namespace {

constexpr std::string_view kDelta =
    R"({"type":"delta","sid":12,"prev":88200,"seq":88240,"bids":[["64250.10","0"]],"asks":[],"ck":1193046471,"tr":7,"ts":1718000000200003})";

TEST(MessageHead, ReadsADelta) {
    const MessageHead head = read_head(kDelta);
    EXPECT_EQ(head.type, MessageType::Delta);
    EXPECT_EQ(head.sid, 12U);
    EXPECT_EQ(head.prev, 88'200U);
    EXPECT_EQ(head.seq, 88'240U);
    EXPECT_EQ(head.ts, 1'718'000'000'200'003U);
}

TEST(MessageHead, ReadsASnapshotWithItsEpoch) {
    const MessageHead head = read_head(
        R"({"type":"snapshot","sid":1,"symbol":"SYN:S0","epoch":"h2k9","seq":812,"depth":5,"bids":[["1","2"]],"asks":[],"ck":1,"ts":5})");
    EXPECT_EQ(head.type, MessageType::Snapshot);
    EXPECT_EQ(head.epoch, "h2k9");
    EXPECT_EQ(head.seq, 812U);
    EXPECT_FALSE(head.prev);
    EXPECT_EQ(head.ts, 5U);
}

TEST(MessageHead, ReadsTradesAndBbo) {
    const MessageHead trades = read_head(
        R"({"type":"trades","sid":6,"symbol":"SYN:S2","epoch":"e","prev":0,"seq":2,"trades":[["1","5","6","buy",7]],"tr":1,"ts":9})");
    EXPECT_EQ(trades.type, MessageType::Trades);
    EXPECT_EQ(trades.prev, 0U);
    EXPECT_EQ(trades.seq, 2U);
    const MessageHead bbo =
        read_head(R"({"type":"bbo","sid":4,"symbol":"S","epoch":"e","seq":3,"bid":null,"ask":["1","2"],"ts":9})");
    EXPECT_EQ(bbo.type, MessageType::Bbo);
    EXPECT_EQ(bbo.seq, 3U);
    EXPECT_EQ(bbo.ts, 9U);
}

TEST(MessageHead, TakesKeysInAnyOrderAndWhiteSpace) {
    const MessageHead head = read_head(
        " { \"ts\" : 5 , \"bids\" : [ [ \"1\" , \"]\" ] ] ,\n\"seq\": 3, \"prev\":2 ,\"sid\": 1, \"type\": \"delta\" "
        "} ");
    EXPECT_EQ(head.type, MessageType::Delta);
    EXPECT_EQ(head.sid, 1U);
    EXPECT_EQ(head.prev, 2U);
    EXPECT_EQ(head.seq, 3U);
    EXPECT_EQ(head.ts, 5U);
}

TEST(MessageHead, IsNotMisledByWhatIsNested) {
    const MessageHead head = read_head(
        R"({"type":"delta","x":{"sid":9,"type":"ack","y":["}\"]",{"seq":8}]},"sid":1,"prev":2,"seq":3,"note":",\"ts\":7}"})");
    EXPECT_EQ(head.type, MessageType::Delta);
    EXPECT_EQ(head.sid, 1U);
    EXPECT_EQ(head.seq, 3U);
    EXPECT_FALSE(head.ts);
}

TEST(MessageHead, KnowsTheTypesThatMatterAndLetsOthersPass) {
    EXPECT_EQ(read_head(R"({"type":"ack","id":1,"ok":[{"sid":3}],"err":[]})").type, MessageType::Ack);
    EXPECT_EQ(read_head(R"({"type":"hb","ts":5})").type, MessageType::Other);
    EXPECT_EQ(read_head(R"({"type":"new kind","a":true,"b":null,"c":-1.5e3})").type, MessageType::Other);
}

TEST(MessageHead, SaysWhatCannotBeRead) {
    for (const std::string_view text : {"", "{}", "[]", "{", "nonsense", R"({"a":1})", R"({"type":5})", R"({"type")",
                                        R"({"type":"delta")", R"({"type":"ack","ok":[)", R"({"type":"delta\)"}) {
        const MessageType type = read_head(text).type;
        EXPECT_TRUE(type == MessageType::Unreadable || type == MessageType::Other) << text;
    }
    EXPECT_EQ(read_head("{}").type, MessageType::Unreadable);
    EXPECT_EQ(read_head(R"({"a":1})").type, MessageType::Unreadable);
}

// A whole message is taken, a cut one is not, and no cut is read beyond its end (for the sanitizers).
TEST(MessageHead, SurvivesACutAnywhere) {
    for (std::size_t size = 0; size < kDelta.size(); ++size) {
        const std::string cut{kDelta.substr(0, size)};
        EXPECT_NE(read_head(cut).ts, 1'718'000'000'200'003U);
    }
}

TEST(MessageHead, TakesNoNumberThatIsNone) {
    EXPECT_FALSE(read_head(R"({"type":"delta","sid":1,"prev":-2,"seq":99999999999999999999})").prev);
    EXPECT_FALSE(read_head(R"({"type":"delta","sid":1,"prev":2,"seq":99999999999999999999})").seq);
    EXPECT_FALSE(read_head(R"({"type":"delta","sid":1,"seq":1.5})").seq);
}

}  // namespace
}  // namespace tickgate::load
