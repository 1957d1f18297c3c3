#include "tools/client/book_mirror.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace tickgate::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr Clock::time_point kStart{};

constexpr std::string_view kWelcome =
    R"({"type":"welcome","proto":1,"heartbeat_ms":2000,"limits":{"symbols_per_op":3},"reconnect":{"base_ms":100,"max_ms":900}})";

std::uint32_t crc(std::string_view text) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

std::string snapshot(int seq, std::string_view bids, std::string_view asks, std::string_view checked, int depth = 25) {
    return fmt::format(
        R"({{"type":"snapshot","sid":12,"symbol":"SYN:S0","epoch":"k3","seq":{},"depth":{},"bids":[{}],"asks":[{}],"ck":{},"tr":1,"ts":2}})",
        seq, depth, bids, asks, crc(checked));
}

std::string delta(int prev, int seq, std::string_view bids, std::string_view asks, std::string_view checked,
                  int sid = 12) {
    return fmt::format(
        R"({{"type":"delta","sid":{},"prev":{},"seq":{},"bids":[{}],"asks":[{}],"ck":{},"tr":1,"ts":2}})", sid, prev,
        seq, bids, asks, crc(checked));
}

std::string granted(std::string_view extra, int sid = 12, int depth = 25, int id = 1) {
    return fmt::format(
        R"({{"type":"ack","id":{},"ok":[{{"sid":{},"channel":"book","symbol":"SYN:S0","depth":{},"rate_ms":100,{}}}],"err":[]}})",
        id, sid, depth, extra);
}

std::string trades(int prev, int seq, int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += R"(,["7","1.00","2","buy",5])";
    return fmt::format(
        R"({{"type":"trades","sid":5,"symbol":"SYN:S0","epoch":"k3","prev":{},"seq":{},"trades":[{}],"tr":1,"ts":2}})",
        prev, seq, list.empty() ? list : list.substr(1));
}

/// A mirror with what it sent and remarked since the last look.
class BookMirrorTest : public testing::Test {
protected:
    void receive(std::string_view text) { mirror.on_message(text, now, actions); }
    std::vector<std::string> sent() { return std::exchange(actions.send, {}); }
    void hold_book_at_10() {
        receive(kWelcome);
        receive(granted(R"("resumed":false)"));
        receive(snapshot(10, R"(["9.50","1"],["9.40","2"])", R"(["10.00","3"])", "9.50:1,9.40:2|10.00:3"));
        sent();
    }
    void reconnect() {
        mirror.on_close();
        receive(kWelcome);
    }
    const Counters& counters() const { return mirror.counters(); }

    Clock::time_point now = kStart;
    Actions actions;
    BookMirror mirror{Request{"book", {"SYN:S0"}, 25, 100}};
};

TEST_F(BookMirrorTest, AnswersTheWelcomeWithItsSubscription) {
    receive(kWelcome);
    EXPECT_THAT(sent(),
                testing::ElementsAre(
                    R"({"op":"subscribe","id":1,"channel":"book","symbols":["SYN:S0"],"depth":25,"rate_ms":100})"));
    EXPECT_EQ(mirror.terms().heartbeat, 2s);
    EXPECT_EQ(mirror.terms().reconnect_max, 900ms);
}

TEST_F(BookMirrorTest, SplitsTheSymbolsWhereAnOpMayNotNameAll) {
    BookMirror many{Request{"bbo", {"A:1", "A:2", "A:3", "A:4"}, std::nullopt, std::nullopt}};
    many.on_message(kWelcome, now, actions);
    EXPECT_THAT(sent(),
                testing::ElementsAre(R"({"op":"subscribe","id":1,"channel":"bbo","symbols":["A:1","A:2","A:3"]})",
                                     R"({"op":"subscribe","id":2,"channel":"bbo","symbols":["A:4"]})"));
}

TEST_F(BookMirrorTest, QuotesWhatItWasAskedFor) {
    BookMirror odd{Request{"bbo", {"A:\"\\\n"}, std::nullopt, std::nullopt}};
    odd.on_message(kWelcome, now, actions);
    EXPECT_THAT(sent()[0], HasSubstr(R"("symbols":["A:\"\\\u000a"])"));
}

TEST_F(BookMirrorTest, AppliesADeltaAndErasesLevels) {
    hold_book_at_10();
    receive(delta(10, 14, R"(["9.50","0"],["9.45","7"],["1.00","0"])", R"(["10.00","4"])", "9.45:7,9.40:2|10.00:4"));
    EXPECT_EQ(mirror.book(12)->seq, 14U);
    EXPECT_TRUE(mirror.book(12)->ok);
    EXPECT_EQ(counters().ck_failures + counters().prev_breaks, 0U);
    EXPECT_EQ(counters().snapshots, 1U);
    EXPECT_EQ(counters().deltas, 1U);
    EXPECT_EQ(counters().messages, 4U);
}

TEST_F(BookMirrorTest, OrdersPricesAsNumbersNotAsText) {
    receive(snapshot(1, R"(["9.50","1"],["10.50","1"],["-3.00","1"])", R"(["100.00","1"],["20.00","1"])",
                     "10.50:1,9.50:1,-3.00:1|20.00:1,100.00:1"));
    EXPECT_EQ(counters().ck_failures, 0U);
}

TEST_F(BookMirrorTest, ChecksOnlyTheBestTenLevels) {
    std::string bids;
    std::string checked;
    for (int i = 20; i > 8; --i) bids += fmt::format(R"({}["{}.0","1"])", bids.empty() ? "" : ",", i);
    for (int i = 20; i > 10; --i) checked += fmt::format("{}{}.0:1", checked.empty() ? "" : ",", i);
    receive(snapshot(1, bids, "", checked + "|"));
    EXPECT_EQ(counters().ck_failures, 0U);
}

TEST_F(BookMirrorTest, CutsToTheDepthAfterADelta) {
    receive(snapshot(1, R"(["9","1"],["8","1"])", "", "9:1,8:1|", 2));
    receive(delta(1, 2, R"(["10","1"])", "", "10:1,9:1|"));
    EXPECT_EQ(counters().ck_failures, 0U);
    EXPECT_EQ(mirror.book(12)->bids.levels().size(), 2U);
}

TEST_F(BookMirrorTest, KeepsTheWholeBookAtDepthZero) {
    receive(snapshot(1, R"(["9","1"],["8","1"])", "", "9:1,8:1|", 0));
    receive(delta(1, 2, R"(["10","1"])", "", "10:1,9:1,8:1|"));
    EXPECT_EQ(mirror.book(12)->bids.levels().size(), 3U);
}

TEST_F(BookMirrorTest, IgnoresDeltasBeforeTheSnapshot) {
    receive(delta(3, 4, "", "", "|"));
    EXPECT_EQ(counters().prev_breaks, 0U);
    EXPECT_TRUE(sent().empty());
}

TEST_F(BookMirrorTest, HealsABrokenChainOnceByResync) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "9.50:1,9.40:2|10.00:3"));
    receive(delta(12, 13, "", "", "9.50:1,9.40:2|10.00:3"));
    EXPECT_EQ(counters().prev_breaks, 1U);
    EXPECT_THAT(sent(), testing::ElementsAre(R"({"op":"resync","id":2,"sid":12})"));
    EXPECT_FALSE(mirror.book(12)->ok);
    receive(snapshot(20, "", "", "|"));
    EXPECT_TRUE(mirror.book(12)->ok);
}

TEST_F(BookMirrorTest, HealsAWrongChecksumOnceByResync) {
    hold_book_at_10();
    receive(delta(10, 11, R"(["9.50","5"])", "", "9.50:6,9.40:2|10.00:3"));
    EXPECT_EQ(counters().ck_failures, 1U);
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(BookMirrorTest, TakesALevelThatCannotBeReadForAFailedChecksum) {
    receive(snapshot(1, R"(["x","1"])", "", "|"));
    EXPECT_EQ(counters().ck_failures, 1U);
}

TEST_F(BookMirrorTest, TakesASnapshotWithoutChecksumForAFailedOne) {
    receive(R"({"type":"snapshot","sid":12,"symbol":"SYN:S0","epoch":"k","seq":1,"depth":5,"bids":[],"asks":[]})");
    EXPECT_EQ(counters().ck_failures, 1U);
}

TEST_F(BookMirrorTest, AsksAgainForARefusedResyncAfterItsDelay) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "|"));
    sent();
    receive(R"({"type":"error","id":2,"code":"rate_limited","message":"","temporary":true,"retry_ms":300})");
    EXPECT_EQ(mirror.next_due(), kStart + 300ms);
    mirror.do_work(kStart + 299ms, actions);
    EXPECT_TRUE(sent().empty());
    mirror.do_work(kStart + 300ms, actions);
    EXPECT_THAT(sent(), testing::ElementsAre(R"({"op":"resync","id":3,"sid":12})"));
    EXPECT_EQ(mirror.next_due(), std::nullopt);
}

TEST_F(BookMirrorTest, AsksAgainAfterTheUsualDelayWhereTheServerNamesNone) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "|"));
    receive(R"({"type":"error","id":2,"code":"internal","message":"","temporary":true,"retry_ms":0})");
    EXPECT_EQ(mirror.next_due(), kStart + mirror.terms().reconnect_base);
}

TEST_F(BookMirrorTest, DoesNotAskAgainWhenASnapshotCameMeanwhile) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "|"));
    sent();
    receive(R"({"type":"error","id":2,"code":"rate_limited","message":"","temporary":true,"retry_ms":300})");
    receive(snapshot(20, "", "", "|"));
    mirror.do_work(kStart + 1s, actions);
    EXPECT_TRUE(sent().empty());
}

TEST_F(BookMirrorTest, AsksAgainForARefusedSubscription) {
    receive(kWelcome);
    sent();
    receive(R"({"type":"error","id":1,"code":"not_ready","message":"","temporary":true,"retry_ms":50})");
    mirror.do_work(kStart + 50ms, actions);
    EXPECT_THAT(sent()[0], HasSubstr(R"("id":2,"channel":"book","symbols":["SYN:S0"])"));
    EXPECT_FALSE(mirror.refused());
}

TEST_F(BookMirrorTest, GivesUpWhenTheSubscriptionIsRefusedForGood) {
    receive(kWelcome);
    receive(R"({"type":"error","id":1,"code":"bad_depth","message":"","temporary":false,"retry_ms":0})");
    EXPECT_TRUE(mirror.refused());
}

TEST_F(BookMirrorTest, DoesNotGiveUpOverARefusedResync) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "|"));
    receive(R"({"type":"error","id":2,"code":"not_subscribed","message":"","temporary":false,"retry_ms":0})");
    EXPECT_FALSE(mirror.refused());
    EXPECT_EQ(mirror.next_due(), std::nullopt);
}

TEST_F(BookMirrorTest, GivesUpWhenNoSymbolIsKnown) {
    receive(kWelcome);
    receive(R"({"type":"ack","id":1,"ok":[],"err":[{"symbol":"SYN:S0","code":"unknown_symbol","near":[]}]})");
    EXPECT_TRUE(mirror.refused());
}

TEST_F(BookMirrorTest, ResumesAVerifiedBookWithItsPosition) {
    hold_book_at_10();
    reconnect();
    EXPECT_THAT(sent()[0], HasSubstr(R"("resume":{"SYN:S0":{"epoch":"k3","seq":10,"depth":25}})"));
    receive(granted(R"("resumed":true)", 40, 25, 2));
    receive(delta(10, 12, "", R"(["10.00","4"])", "9.50:1,9.40:2|10.00:4", 40));
    EXPECT_EQ(mirror.book(40)->seq, 12U);
    EXPECT_EQ(counters().resumed, 1U);
    EXPECT_EQ(counters().reconnects, 1U);
    EXPECT_EQ(counters().prev_breaks + counters().ck_failures, 0U);
}

TEST_F(BookMirrorTest, VerifiesThatTheResumedChainGoesOnFromItsPosition) {
    hold_book_at_10();
    reconnect();
    receive(granted(R"("resumed":true)", 40, 25, 2));
    receive(delta(11, 12, "", "", "9.50:1,9.40:2|10.00:3", 40));
    EXPECT_EQ(counters().prev_breaks, 1U);
}

TEST_F(BookMirrorTest, DoesNotResumeABookThatIsNotVerified) {
    hold_book_at_10();
    receive(delta(11, 12, "", "", "|"));
    sent();
    reconnect();
    EXPECT_THAT(sent()[0], Not(HasSubstr("resume")));
}

TEST_F(BookMirrorTest, CutsAResumedBookToTheDepthGranted) {
    hold_book_at_10();
    reconnect();
    receive(granted(R"("resumed":true)", 40, 1, 2));
    receive(delta(10, 12, "", "", "9.50:1|10.00:3", 40));
    EXPECT_EQ(counters().ck_failures, 0U);
}

TEST_F(BookMirrorTest, KeepsAPositionOverAConnectionThatEndedBeforeTheAck) {
    hold_book_at_10();
    reconnect();
    sent();
    reconnect();
    EXPECT_THAT(sent()[0], HasSubstr(R"("seq":10)"));
}

TEST_F(BookMirrorTest, ForgetsAPositionThatTheServerNoLongerKnows) {
    hold_book_at_10();
    reconnect();
    receive(granted(R"("resumed":false,"why":"resume_expired")", 40, 25, 2));
    sent();
    EXPECT_EQ(counters().resume_expired, 1U);
    EXPECT_EQ(mirror.book(40), nullptr);
    reconnect();
    EXPECT_THAT(sent()[0], Not(HasSubstr("resume")));
}

TEST_F(BookMirrorTest, CountsABusyServerNotAsExpired) {
    hold_book_at_10();
    reconnect();
    receive(granted(R"("resumed":false,"why":"busy")", 40, 25, 2));
    EXPECT_EQ(counters().resume_expired, 0U);
    EXPECT_EQ(counters().resumed, 0U);
}

TEST_F(BookMirrorTest, MovesTheBookOnModify) {
    hold_book_at_10();
    receive(granted(R"("resumed":false,"was":12)", 30, 1, 9));
    EXPECT_EQ(mirror.book(12), nullptr);
    receive(delta(10, 11, "", "", "9.50:1|10.00:3", 30));
    EXPECT_EQ(counters().ck_failures + counters().prev_breaks, 0U);
    EXPECT_EQ(mirror.book(30)->seq, 11U);
}

TEST_F(BookMirrorTest, DoesNotClaimADepthThatItDoesNotHold) {
    hold_book_at_10();
    receive(granted(R"("resumed":false,"was":12)", 30, 100, 9));
    reconnect();
    EXPECT_THAT(sent()[0], HasSubstr(R"("seq":10,"depth":25)"));
}

TEST_F(BookMirrorTest, KeepsTheBookOfAStreamThatAModifyLeadsTo) {
    hold_book_at_10();
    receive(granted(R"("resumed":false)", 30, 25, 9));
    receive(
        R"({"type":"snapshot","sid":30,"symbol":"SYN:S0","epoch":"k3","seq":15,"depth":25,"bids":[],"asks":[],"ck":)" +
        std::to_string(crc("|")) + "}");
    receive(granted(R"("resumed":false,"was":12)", 30, 25, 10));
    EXPECT_EQ(mirror.book(30)->seq, 15U);
}

TEST_F(BookMirrorTest, VerifiesTheChainOfTrades) {
    receive(trades(500, 511, 11));
    receive(trades(511, 514, 3));
    EXPECT_EQ(counters().prev_breaks, 0U);
    receive(trades(515, 516, 1));
    EXPECT_EQ(counters().prev_breaks, 1U);
    EXPECT_TRUE(sent().empty());
    receive(trades(516, 517, 1));
    EXPECT_EQ(counters().prev_breaks, 1U);
}

TEST_F(BookMirrorTest, CountsTheTradesInAMessage) {
    receive(trades(500, 511, 10));
    EXPECT_EQ(counters().prev_breaks, 1U);
}

TEST_F(BookMirrorTest, GoesOnBehindAGapOfTrades) {
    receive(trades(500, 511, 11));
    receive(R"({"type":"gap","sid":5,"from":512,"to":540,"why":"slow_client"})");
    receive(trades(540, 541, 1));
    EXPECT_EQ(counters().prev_breaks, 0U);
    EXPECT_EQ(counters().gaps, 1U);
}

TEST_F(BookMirrorTest, ResumesTrades) {
    constexpr std::string_view kGrant =
        R"({{"type":"ack","id":{},"ok":[{{"sid":5,"channel":"trades","symbol":"SYN:S0","rate_ms":0,"resumed":{}}}],"err":[]}})";
    receive(kWelcome);
    receive(fmt::format(kGrant, 1, "false"));
    receive(trades(500, 511, 11));
    sent();
    reconnect();
    EXPECT_THAT(sent()[0], HasSubstr(R"("resume":{"SYN:S0":{"epoch":"k3","seq":511}})"));
    receive(fmt::format(kGrant, 2, "true"));
    receive(trades(510, 512, 2));
    EXPECT_EQ(counters().prev_breaks, 1U);
}

TEST_F(BookMirrorTest, TakesTheDelayThatTheServerGave) {
    receive(kWelcome);
    receive(R"({"type":"goaway","why":"restart","retry_ms":1830})");
    EXPECT_EQ(mirror.given_delay(), 1830ms);
    reconnect();
    EXPECT_EQ(mirror.given_delay(), std::nullopt);
}

TEST_F(BookMirrorTest, IsGivenNoDelayWhereTheServerNamesNone) {
    receive(kWelcome);
    receive(R"({"type":"error","code":"slow_client","message":"","temporary":true,"retry_ms":0})");
    EXPECT_EQ(mirror.given_delay(), std::nullopt) << "a backoff is to be made, not haste";
    receive(R"({"type":"error","code":"overloaded","message":"","temporary":true,"retry_ms":5000})");
    EXPECT_EQ(mirror.given_delay(), 5s);
}

TEST_F(BookMirrorTest, ReportsWhatItCannotRead) {
    for (const std::string_view text : {"", "[1,2]", "{", R"({"typ":"x"})", R"({"type":7})"}) receive(text);
    EXPECT_EQ(counters().unreadable, 5U);
    EXPECT_EQ(actions.remarks.size(), 5U);
    receive(R"({"type":"something new","sid":1})");
    EXPECT_EQ(counters().unreadable, 5U);
}

TEST_F(BookMirrorTest, HoldsTheBestBidAndAskOfTheBboChannel) {
    receive(R"({"type":"bbo","sid":44,"symbol":"SYN:S0","epoch":"k3","seq":7,"bid":["9.50","1"],"ask":null})");
    ASSERT_NE(mirror.touch(44), nullptr);
    EXPECT_EQ(mirror.touch(44)->bid->price, "9.50");
    EXPECT_EQ(mirror.touch(44)->ask, std::nullopt);
}

}  // namespace
}  // namespace tickgate::client
