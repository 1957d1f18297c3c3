#include "gateway/turn_output.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {
namespace {

std::string text_of(std::span<const char> bytes) {
    return {bytes.data(), bytes.size()};
}

TEST(TurnOutput, WritesNeighboursAsOneRangeWithoutACopy) {
    const std::string queue = "onetwothree";
    TurnOutput output;
    output.owe(4, output.add_shared({queue.data(), 3}, Position{}));
    output.owe(4, output.add_shared({queue.data() + 3, 3}, Position{}));
    output.owe(4, output.add_shared({queue.data() + 6, 5}, Position{}));
    output.arrange(0);
    const auto groups = output.next_groups();
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(output.joined(groups[0]).data(), queue.data());
    EXPECT_EQ(output.joined(groups[0]).size(), queue.size());
    EXPECT_EQ(output.gathered_bytes(), 0U);
}

TEST(TurnOutput, GathersWhatIsNotNeighbours) {
    const std::string queue = "onetwothree";
    TurnOutput output;
    const auto first = output.add_shared({queue.data(), 3}, Position{});
    const auto third = output.add_shared({queue.data() + 6, 5}, Position{});
    output.owe(1, first);
    output.owe(1, third);
    output.owe(2, third);
    output.owe(2, first);
    output.arrange(0);
    const auto groups = output.next_groups();
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(text_of(output.joined(groups[0])), "onethree");
    EXPECT_EQ(text_of(output.joined(groups[1])), "threeone") << "in the order in which it became due";
    EXPECT_EQ(output.gathered_bytes(), 16U);
    output.release_gathered();
    EXPECT_EQ(output.gathered_bytes(), 0U);
}

TEST(TurnOutput, FramesItsOwnTexts) {
    TurnOutput output;
    const auto text = output.add_text("{}", Position{book::Sequence{5}});
    EXPECT_EQ(text_of(output.bytes(text)), "\x81\x02{}");
    EXPECT_EQ(output.prev(text), Position{book::Sequence{5}});
    EXPECT_TRUE(output.must_arrive(text));
    EXPECT_FALSE(output.must_arrive(output.add_bytes("hb", false)));
    EXPECT_FALSE(output.must_arrive(output.add_shared({}, Position{})));
}

TEST(TurnOutput, BeginsWithTheSessionAskedFor) {
    const std::string queue = "frame";
    TurnOutput output;
    const auto frame = output.add_shared({queue.data(), 5}, Position{});
    for (const SessionIndex session : {3U, 1U, 7U, 3U}) output.owe(session, frame, session * 10);
    output.arrange(3);
    const auto groups = output.next_groups();
    ASSERT_EQ(groups.size(), 3U);
    EXPECT_EQ(groups[0].session, 3U);
    EXPECT_EQ(groups[1].session, 7U);
    EXPECT_EQ(groups[2].session, 1U);
    EXPECT_EQ(groups[0].count, 2U);
    EXPECT_EQ(output.entry(groups[1], 0).subscription, 70U);
}

/// Two messages for each of `sessions`, owed in an order of no meaning; returns the sessions in the order of the turn.
std::vector<SessionIndex> turn_of(std::vector<SessionIndex> sessions, SessionIndex first_session) {
    TurnOutput output;
    const auto first = output.add_text("a");
    const auto second = output.add_text("b");
    std::shuffle(sessions.begin(), sessions.end(), std::mt19937{7});
    for (const SessionIndex session : sessions) output.owe(session, first);
    std::reverse(sessions.begin(), sessions.end());
    for (const SessionIndex session : sessions) output.owe(session, second);
    output.arrange(first_session);
    std::vector<SessionIndex> order;
    for (auto groups = output.next_groups(); !groups.empty(); groups = output.next_groups()) {
        EXPECT_LE(groups.size(), TurnOutput::kGroupsAtOnce);
        for (const TurnGroup& group : groups) {
            EXPECT_EQ(text_of(output.joined(group)),
                      "\x81\x01"
                      "a\x81\x01"
                      "b");
            order.push_back(group.session);
        }
    }
    return order;
}

TEST(TurnOutput, GoesRoundAllSessionsInPieces) {
    std::vector<SessionIndex> sessions(3 * TurnOutput::kGroupsAtOnce + 1);
    std::iota(sessions.begin(), sessions.end(), 0U);
    std::vector<SessionIndex> expected = sessions;
    std::rotate(expected.begin(), expected.begin() + 1'500, expected.end());
    EXPECT_EQ(turn_of(sessions, 1'500), expected);
    EXPECT_EQ(turn_of(sessions, 1'000'000), sessions) << "the one to begin with has left";
}

TEST(TurnOutput, GoesRoundAFewAmongManySessions) {
    EXPECT_EQ(turn_of({5, 17'000, 17'001, 3}, 6), (std::vector<SessionIndex>{17'000, 17'001, 3, 5}));
    EXPECT_EQ(turn_of({5, 17'000, 17'001, 3}, 17'002), (std::vector<SessionIndex>{3, 5, 17'000, 17'001}));
}

TEST(TurnOutput, WorksOnAfterItGaveItsMemoryBack) {
    TurnOutput output;
    for (int turn = 0; turn < 2; ++turn) {
        output.owe(2, output.add_text("{}"));
        output.owe(2, output.add_text("[]"));
        output.arrange(0);
        const auto groups = output.next_groups();
        ASSERT_EQ(groups.size(), 1U);
        EXPECT_EQ(text_of(output.joined(groups[0])), "\x81\x02{}\x81\x02[]");
        output.clear();
        output.shrink();
    }
}

TEST(TurnOutput, GivesASessionItsShareOfATurn) {
    const std::string queue(900'000, 'x');
    TurnOutput output;
    const auto frame = [&](std::size_t size) { return output.add_shared({queue.data(), size}, Position{}); };
    for (int i = 0; i < 4; ++i) output.owe(1, frame(100'000));
    output.owe(2, frame(900'000));
    output.owe(2, frame(1));
    output.owe(3, frame(TurnOutput::kMaxBytes));
    output.arrange(0);
    const auto groups = output.next_groups();
    ASSERT_EQ(groups.size(), 3U);
    EXPECT_EQ(groups[0].taken, 2U);
    EXPECT_EQ(groups[0].count, 4U);
    EXPECT_EQ(output.joined(groups[0]).size(), 200'000U);
    EXPECT_EQ(groups[1].taken, 1U) << "one message at least, however large";
    EXPECT_EQ(groups[2].taken, 1U);
}

TEST(TurnOutput, MakesOneArrayOfASessionsTexts) {
    TurnOutput output;
    const std::string large(300, 'x');
    const std::string larger(70'000, 'y');
    output.owe(1, output.add_text("{}"));
    output.owe(1, output.add_bytes("\x8a\x01p", true));
    output.owe(1, output.add_text(large));
    output.owe(1, output.add_bytes(std::string{"\x81\x02hb\x89\x00", 6}, false));
    output.owe(1, output.add_text(larger));
    output.owe(2, output.add_text("{}"));
    output.owe(3, output.add_bytes("\x8a\x01p", true));
    output.arrange(0);
    const auto groups = output.next_groups();
    const std::string array = "[{}," + large + ",hb," + larger + "]";
    const std::string control("\x8a\x01p\x89\x00", 5);
    EXPECT_EQ(text_of(output.joined_as_array(groups[0])),
              std::string{FrameHeader(Opcode::Text, array.size()).bytes()} + array + control);
    EXPECT_EQ(text_of(output.joined_as_array(groups[1])), "\x81\x04[{}]");
    EXPECT_EQ(text_of(output.joined_as_array(groups[2])), "\x8a\x01p") << "nothing to put into an array";
}

TEST(TurnOutput, KeepsTextsWhereTheyAreUntilTheTurnIsOver) {
    TurnOutput output;
    std::vector<TurnOutput::FrameIndex> frames;
    for (std::size_t i = 0; i < 300; ++i) frames.push_back(output.add_text(std::string(i * 20, 'a')));
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const std::string frame = text_of(output.bytes(frames[i]));
        EXPECT_EQ(frame, std::string{FrameHeader(Opcode::Text, i * 20).bytes()} + std::string(i * 20, 'a'));
    }
    output.owe(0, frames[0]);
    output.clear();
    EXPECT_TRUE(output.empty());
    output.arrange(0);
    EXPECT_TRUE(output.next_groups().empty());
}

}  // namespace
}  // namespace tickgate::gateway
