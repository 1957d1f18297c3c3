#include "tools/load/server_frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tickgate::load {
namespace {

using gateway::Opcode;

TEST(ServerFrames, TakesFrameAfterFrame) {
    std::string input;
    gateway::append_frame(input, Opcode::Text, "one");
    gateway::append_frame(input, Opcode::Ping, "p");
    gateway::append_frame(input, Opcode::Text, std::string(300, 'x'));
    gateway::append_frame(input, Opcode::Text, std::string(70'000, 'y'));
    ServerFrames frames{input};
    EXPECT_EQ(frames.next()->payload, "one");
    EXPECT_EQ(frames.next()->opcode, Opcode::Ping);
    EXPECT_EQ(frames.next()->payload.size(), 300U);
    EXPECT_EQ(frames.next()->payload.size(), 70'000U);
    EXPECT_FALSE(frames.next());
    EXPECT_FALSE(frames.broken());
    EXPECT_TRUE(frames.rest().empty());
}

TEST(ServerFrames, LeavesAnUnfinishedFrameWhereverItIsCut) {
    std::string input;
    gateway::append_frame(input, Opcode::Text, std::string(300, 'x'));
    for (std::size_t size = 0; size < input.size(); ++size) {
        const std::string cut = input.substr(0, size);
        ServerFrames frames{cut};
        EXPECT_FALSE(frames.next());
        EXPECT_FALSE(frames.broken());
        EXPECT_EQ(frames.rest(), cut);
    }
}

TEST(ServerFrames, RefusesWhatAServerOfOursNeverSends) {
    for (const std::string& input : {std::string{"\x81\x81mask"}, std::string{"\x01\x01x"}, std::string{"\xc1\x01x"},
                                     std::string{"\x82\x01x"}, std::string{"\x8b\x01x"}, std::string{"\x83\x01x"}}) {
        ServerFrames frames{input};
        EXPECT_FALSE(frames.next());
        EXPECT_TRUE(frames.broken());
    }
}

TEST(ServerFrames, TakesCompressedTextWhereThatWasAgreedOn) {
    ServerFrames frames{"\xc1\x01x\x81\x01y", true};
    EXPECT_TRUE(frames.next()->is_compressed);
    EXPECT_FALSE(frames.next()->is_compressed);
    for (const std::string_view input : {"\xc9\x01x", "\xa1\x01x", "\xe1\x01x"}) {
        ServerFrames others{input, true};
        EXPECT_FALSE(others.next());
        EXPECT_TRUE(others.broken());
    }
}

TEST(ServerFrames, RefusesAFrameThatIsTooLongBeforeItHasCome) {
    ServerFrames frames{std::string_view{"\x81\x7f\0\0\0\0\x04\0\0\1", 10}};
    EXPECT_FALSE(frames.next());
    EXPECT_TRUE(frames.broken());
    ServerFrames longest{std::string_view{"\x81\x7f\0\0\0\0\x04\0\0\0", 10}};
    EXPECT_FALSE(longest.next());
    EXPECT_FALSE(longest.broken());
}

TEST(ServerFrames, ReadsTheCodeOfAClose) {
    EXPECT_EQ(close_code_of("\x11\x38slow"), 4408);
    EXPECT_EQ(close_code_of(""), 1005);
}

TEST(ClientFrame, IsMaskedByItsKey) {
    std::string frame;
    append_client_frame(frame, Opcode::Text, "abcdef", 0x01020304);
    ASSERT_EQ(frame.size(), 12U);
    EXPECT_EQ(frame.substr(0, 2), "\x81\x86");
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(frame[6 + i] ^ frame[2 + i % 4], "abcdef"[i]);
}

}  // namespace
}  // namespace tickgate::load
