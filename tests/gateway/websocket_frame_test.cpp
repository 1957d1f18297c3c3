#include "gateway/websocket_frame.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gateway/deflate.hpp"
#include "gateway/frame_reader.hpp"
#include "tests/gateway/client_frames.hpp"

// LLVMFuzzerTestOneInput in its file.
extern "C" int websocket_frame_fuzz(const std::uint8_t* data, std::size_t size);

namespace tickgate::gateway {
namespace {

using namespace std::string_literals;
using namespace test;

/// The frames without the reasons of violations.
std::vector<Seen> without_reasons(std::vector<Seen> frames) {
    for (Seen& frame : frames) {
        if (frame.kind == Kind::Violation) frame.payload.clear();
    }
    return frames;
}

TEST(FrameHeader, TakesTheShortestFormForEverySize) {
    EXPECT_EQ(FrameHeader(Opcode::Text, 0).bytes(), "\x81\x00"s);
    EXPECT_EQ(FrameHeader(Opcode::Text, 125).bytes(), "\x81\x7d"s);
    EXPECT_EQ(FrameHeader(Opcode::Text, 126).bytes(), "\x81\x7e\x00\x7e"s);
    EXPECT_EQ(FrameHeader(Opcode::Binary, 65'535).bytes(), "\x82\x7e\xff\xff"s);
    EXPECT_EQ(FrameHeader(Opcode::Text, 65'536).bytes(), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
    for (const std::uint64_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
        EXPECT_EQ(FrameHeader::size_for(size), FrameHeader(Opcode::Text, size).bytes().size());
    }
}

TEST(FrameWriting, PutsHeaderAndPayload) {
    std::string out = "before";
    append_frame(out, Opcode::Pong, "hello");
    EXPECT_EQ(out, "before\x8a\x05hello");
}

TEST(FrameWriting, ClosesWithCodeAndReason) {
    std::string out;
    append_close_frame(out, CloseCode::ServiceRestart, "restart");
    EXPECT_EQ(out, "\x88\x09\x03\xf4restart"s);
    out.clear();
    append_close_frame(out, CloseCode::NoStatus, "never sent");
    EXPECT_EQ(out, "\x88\x00"s);
}

TEST(FrameWriting, CutsALongReasonBetweenCharacters) {
    std::string reason(122, 'a');
    reason += "\xe2\x82\xac";  // the euro sign would end at 125
    std::string out;
    append_close_frame(out, CloseCode::Normal, reason);
    EXPECT_EQ(out.size(), 2U + 2U + 122U);
    EXPECT_EQ(out.substr(4), std::string(122, 'a'));
}

TEST(FrameReader, KeepsOnePointerPerIdleSession) {
    static_assert(sizeof(UnfinishedInput) <= 16);
    Session session;
    session.feed(text("one") + client_frame(0x01, "be") + ping("") + client_frame(0x80, "gin") + text("two"));
    EXPECT_EQ(session.frames.size(), 4U);
    EXPECT_TRUE(session.unfinished.is_empty());
    EXPECT_EQ(session.unfinished.memory(), 0U);
}

TEST(FrameReader, YieldsEveryKindOfFrame) {
    const std::string bytes =
        text("hi") + client_frame(0x82, "\xff\x00"s) + ping("p") + client_frame(0x8A, "q") + text("");
    EXPECT_EQ(read_all(bytes), (std::vector<Seen>{{Kind::Text, 1005, "hi"},
                                                  {Kind::Binary, 1005, "\xff\x00"s},
                                                  {Kind::Ping, 1005, "p"},
                                                  {Kind::Pong, 1005, "q"},
                                                  {Kind::Text, 1005, ""}}));
}

TEST(FrameReader, ReadsAllSizesWithAllMasksAndAlignments) {
    for (const std::size_t size :
         {0U, 1U, 2U, 3U, 4U, 7U, 8U, 9U, 15U, 16U, 17U, 124U, 125U, 126U, 127U, 1'000U, 65'535U, 65'536U, 65'537U}) {
        std::string payload(size, ' ');
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>('a' + i % 26);
        for (const std::uint32_t mask : {0U, 0xFFFFFFFFU, 0x01020304U, 0x80FF007FU}) {
            const std::string bytes = client_frame(0x81, payload, mask);
            EXPECT_EQ(read_all(bytes), (std::vector<Seen>{{Kind::Text, 1005, payload}})) << size;
            for (const std::size_t piece : {997U, 4'093U}) {
                EXPECT_EQ(read_in_pieces(bytes, piece), (std::vector<Seen>{{Kind::Text, 1005, payload}})) << size;
            }
        }
    }
}

TEST(FrameReader, JoinsFragmentsAndLetsControlFramesThrough) {
    const std::string bytes = client_frame(0x01, "caf\xc3") + ping("between") + client_frame(0x00, "") +
                              client_frame(0x00, "\xa9 ") + client_frame(0x8A, "") + client_frame(0x80, "noir") +
                              text("next");
    EXPECT_EQ(read_all(bytes), (std::vector<Seen>{{Kind::Ping, 1005, "between"},
                                                  {Kind::Pong, 1005, ""},
                                                  {Kind::Text, 1005, "caf\xc3\xa9 noir"},
                                                  {Kind::Text, 1005, "next"}}));
}

TEST(FrameReader, GivesTheSameFramesWhereverTheStreamIsCut) {
    const std::vector<std::string> streams = {
        text("first") + client_frame(0x01, "sec\xe2\x82") + ping("!") + client_frame(0x80, "\xac") + text("third") +
            closing(1001, "bye") + text("never"),
        text(std::string(126, 'x')) + client_frame(0x02, "\xff") + client_frame(0x00, "\xfe") + client_frame(0x80, ""),
        text("good") + client_frame(0x01, "bad\xe2") + client_frame(0x80, "\x28"),
        text("good") + client_frame(0x91, "reserved bits"),
        client_frame(0x01, "a") + text("b"),
    };
    for (const std::string& bytes : streams) {
        const auto whole = without_reasons(read_all(bytes));
        EXPECT_EQ(without_reasons(read_in_pieces(bytes, 1)), whole);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            for (std::size_t second = cut; second <= bytes.size(); ++second) {
                Session session;
                session.feed(std::string_view{bytes}.substr(0, cut));
                session.feed(std::string_view{bytes}.substr(cut, second - cut));
                session.feed(std::string_view{bytes}.substr(second));
                ASSERT_EQ(without_reasons(session.frames), whole) << cut << ", " << second;
            }
        }
    }
}

TEST(FrameReader, GoesOnWhereTheCallerStopped) {
    const std::string bytes =
        text("one") + ping("two") + client_frame(0x01, "th") + client_frame(0x80, "ree") + text("four");
    const auto whole = read_all(bytes);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Session session;
        session.feed(std::string_view{bytes}.substr(0, cut), 1);
        session.feed({}, 0);
        session.feed(std::string_view{bytes}.substr(cut), 1);
        for (std::size_t i = 0; i < whole.size(); ++i) session.feed({}, 1);
        ASSERT_EQ(session.frames, whole) << cut;
        EXPECT_TRUE(session.unfinished.is_empty());
    }
}

TEST(FrameReader, LeavesAWholeMessageWhereItWasRead) {
    std::string bytes = text("in place");
    const std::size_t size = bytes.size();
    bytes.resize(size + kInputPadding);
    UnfinishedInput unfinished;
    FrameReader reader{unfinished, {bytes.data(), size}, kLimit};
    EXPECT_EQ(reader.next().payload.data(), bytes.data() + 6);
}

TEST(FrameReader, RefusesWhatTheHeaderMayNotSay) {
    for (const int reserved : {0x40, 0x20, 0x10, 0x70})
        EXPECT_EQ(violation_code(client_frame(0x81 | reserved, "")), 1002);
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        EXPECT_EQ(violation_code(client_frame(0x80 | opcode, "")), 1002) << opcode;
    }
    EXPECT_EQ(violation_code("\x81\x02hi"), 1002) << "not masked";
    EXPECT_EQ(violation_code("\x89\x00"s), 1002) << "control frame not masked";
    for (const int opcode : {8, 9, 10}) {
        EXPECT_EQ(violation_code(client_frame(opcode, "")), 1002) << "fragmented control frame " << opcode;
        EXPECT_EQ(violation_code(client_frame(0x80 | opcode, std::string(126, 'x'))), 1002) << "long " << opcode;
    }
    EXPECT_EQ(read_all(ping(std::string(125, 'x'))).front().kind, Kind::Ping);
}

TEST(FrameReader, RefusesALengthNotInItsShortestForm) {
    EXPECT_EQ(violation_code("\x81\xfe\x00\x7d"s), 1002);
    EXPECT_EQ(violation_code("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff"s), 1002);
    EXPECT_EQ(violation_code("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00"s), 1002) << "the highest bit";
}

TEST(FrameReader, RefusesFragmentsOutOfPlace) {
    EXPECT_EQ(violation_code(client_frame(0x80, "of nothing")), 1002);
    EXPECT_EQ(violation_code(client_frame(0x00, "of nothing")), 1002);
    EXPECT_EQ(violation_code(client_frame(0x01, "a") + text("b")), 1002);
    EXPECT_EQ(violation_code(client_frame(0x01, "a") + client_frame(0x02, "b")), 1002);
    EXPECT_EQ(violation_code(client_frame(0x01, "a") + client_frame(0x80, "b") + client_frame(0x80, "c")), 1002);
}

TEST(FrameReader, RefusesWhatIsAboveTheLimit) {
    EXPECT_EQ(read_all(text(std::string(1'000, 'x')), 1'000).front().kind, Kind::Text);
    EXPECT_EQ(violation_code(text(std::string(1'001, 'x')), 1'000), 1009);
    EXPECT_EQ(violation_code(text(std::string(1'001, 'x')).substr(0, 4), 1'000), 1009)
        << "as soon as the length is known";
    const std::string half = std::string(500, 'x');
    EXPECT_EQ(read_all(client_frame(0x01, half) + client_frame(0x80, half), 1'000).front().payload.size(), 1'000U);
    EXPECT_EQ(violation_code(client_frame(0x01, half) + client_frame(0x80, half + "x"), 1'000), 1009);
    EXPECT_EQ(violation_code("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s), 1009);
}

TEST(FrameReader, RefusesTextThatIsNotUtf8) {
    const std::vector<std::string> bad = {
        "\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xe0\x80\xaf",     "\xe0\x9f\xbf",     "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xe2\x82",     "\xe2\x28\xa1",     "\xf0\x9f\x98"};
    const std::vector<std::string> good = {"\xc2\x80",         "\xdf\xbf",     "\xe0\xa0\x80",     "\xed\x9f\xbf",
                                           "\xee\x80\x80",     "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf1\x80\x80\x80",
                                           "\xf4\x8f\xbf\xbf", "a\xce\xbaz"};
    for (const std::string& piece : bad) {
        EXPECT_EQ(violation_code(text("ok " + piece)), 1007);
        EXPECT_EQ(read_in_pieces(text("ok " + piece), 1).back().code, 1007);
        EXPECT_EQ(violation_code(client_frame(0x01, "ok ") + client_frame(0x80, piece)), 1007);
        EXPECT_EQ(read_all(client_frame(0x82, piece)).front().kind, Kind::Binary);
    }
    for (const std::string& piece : good) {
        EXPECT_EQ(read_all(text(piece)).front().kind, Kind::Text);
        EXPECT_EQ(read_in_pieces(text(piece), 1).front().kind, Kind::Text);
        for (std::size_t cut = 0; cut <= piece.size(); ++cut) {
            const auto frames =
                read_all(client_frame(0x01, piece.substr(0, cut)) + client_frame(0x80, piece.substr(cut)));
            EXPECT_EQ(frames.front().payload, piece);
        }
    }
}

TEST(FrameReader, RefusesBadTextBeforeItsFrameOrMessageEnds) {
    EXPECT_EQ(violation_code(client_frame(0x01, "bad \xff")), 1007) << "the message goes on";
    Session session;
    session.feed(text("bad \xff and more").substr(0, 12));
    ASSERT_EQ(session.frames.size(), 1U);
    EXPECT_EQ(session.frames.front().code, 1007) << "the frame goes on";
}

TEST(FrameReader, HandsOutCodeAndReasonOfAClose) {
    EXPECT_EQ(read_all(client_frame(0x88, "")), (std::vector<Seen>{{Kind::Close, 1005, ""}}));
    EXPECT_EQ(read_all(closing(1000, "done")), (std::vector<Seen>{{Kind::Close, 1000, "done"}}));
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1011, 1013, 1014, 3000, 3999, 4000, 4999}) {
        EXPECT_EQ(read_all(closing(code, "")).front().code, code);
        EXPECT_EQ(read_all(closing(code, "")).front().kind, Kind::Close);
    }
}

TEST(FrameReader, RefusesAnIllFormedClose) {
    EXPECT_EQ(violation_code(client_frame(0x88, "\x03")), 1002);
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
        EXPECT_EQ(violation_code(closing(code, "")), 1002) << code;
    }
    EXPECT_EQ(violation_code(closing(1000, "\xff")), 1007);
}

TEST(FrameReader, KeepsNothingAfterTheEnd) {
    for (const std::string& ending : {closing(1000, ""), text("\xff")}) {
        Session session;
        session.feed(client_frame(0x02, "unfinished"));
        EXPECT_FALSE(session.unfinished.is_empty());
        session.feed(ending + text("more"));
        EXPECT_EQ(session.frames.size(), 1U);
        EXPECT_TRUE(session.unfinished.is_empty());
    }
}

TEST(FrameReader, HoldsNoMoreThanTheLimitForAnUnfinishedMessage) {
    Session session{10'000};
    session.feed(client_frame(0x01, "x"));
    for (int i = 0; i < 9'000; ++i) session.feed(client_frame(0x00, "y"));
    EXPECT_TRUE(session.frames.empty());
    EXPECT_LE(session.unfinished.memory(), 2U * 10'000 + 1'000);
}

TEST(FrameReader, SurvivesRandomBytesHoweverTheyAreCut) {
    std::mt19937 random{7};
    Deflater deflater;
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    for (int run = 0; run < 20'000; ++run) {
        const bool inflates = below(2) == 0;
        std::string bytes(1, static_cast<char>((1 + below(20)) | (inflates ? 0x80U : 0U)));
        for (unsigned frames = below(6); frames > 0; --frames) {
            std::string payload;
            for (unsigned i = below(30); i > 0; --i) payload += "a\xc3\xa9\xe2\x82\xac"[below(6)];
            constexpr int kFirsts[] = {0x81, 0x01, 0x00, 0x80, 0x89, 0x82, 0x88};
            int first = kFirsts[below(7)];
            if (inflates && below(2) == 0) {
                std::string out(payload.size() + 20, '\0');
                out.resize(deflater.deflate(payload, out));
                payload = out;
                first |= 0x40;
            }
            bytes += client_frame(first, payload, static_cast<std::uint32_t>(random()));
        }
        if (below(2) == 0 && bytes.size() > 1)
            bytes[1 + below(static_cast<unsigned>(bytes.size()) - 1)] ^= static_cast<char>(1 << below(8));
        websocket_frame_fuzz(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
}

}  // namespace
}  // namespace tickgate::gateway
