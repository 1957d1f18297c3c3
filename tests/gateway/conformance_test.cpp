// What the case families of the well-known WebSocket fuzzing client ask of frames coming in: tests/conformance.md says
// which test is for which.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "gateway/deflate.hpp"
#include "tests/gateway/client_frames.hpp"

namespace tickgate::gateway {
namespace {

using namespace std::string_literals;
using namespace test;

constexpr std::size_t kEchoLimit = std::size_t{16} << 20;
constexpr int kFin = 0x80;
constexpr int kText = 1;
constexpr int kBinary = 2;
constexpr int kPing = 9;
constexpr int kPong = 10;

std::vector<Seen> messages(Kind kind, const std::string& payload) {
    return {{kind, 1005, payload}};
}

/// The same whole and cut into pieces, without the reasons of violations.
std::vector<Seen> read_however_cut(const std::string& bytes, std::size_t limit = kEchoLimit) {
    const auto strip = [](std::vector<Seen> frames) {
        for (Seen& frame : frames) {
            if (frame.kind == Kind::Violation) frame.payload.clear();
        }
        return frames;
    };
    const auto whole = strip(read_all(bytes, limit));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{997}, bytes.size() / 2 + 1}) {
        if (piece == 1 && bytes.size() > 10'000) continue;
        EXPECT_TRUE(strip(read_in_pieces(bytes, piece, limit)) == whole) << "in pieces of " << piece;
    }
    return whole;
}

void expect_refused(const std::string& bytes, int code) {
    const auto frames = read_however_cut(bytes);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().kind, Kind::Violation);
    EXPECT_EQ(frames.back().code, code);
}

std::string letters(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
}

TEST(ConformanceFraming, AMessageOfAnySizeComesThroughWholeOrInPieces) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 128U, 65'535U, 65'536U, 65'537U}) {
        const std::string payload = letters(size);
        EXPECT_TRUE(read_however_cut(client_frame(kFin | kText, payload)) == messages(Kind::Text, payload)) << size;
        const std::string bytes(size, '\xFE');
        EXPECT_TRUE(read_however_cut(client_frame(kFin | kBinary, bytes)) == messages(Kind::Binary, bytes)) << size;
    }
}

TEST(ConformancePings, PayloadsUpTo125BytesAreHandedOut) {
    for (const int opcode : {kPing, kPong}) {
        const Kind kind = opcode == kPing ? Kind::Ping : Kind::Pong;
        for (const std::size_t size : {0U, 1U, 64U, 125U}) {
            const std::string payload(size, '\xFF');
            EXPECT_EQ(read_however_cut(client_frame(kFin | opcode, payload)), messages(kind, payload));
        }
        expect_refused(client_frame(kFin | opcode, std::string(126, 'x')), 1002);
    }
}

TEST(ConformancePings, ManyAtOnceComeInOrder) {
    std::string bytes;
    std::vector<Seen> expected;
    for (int i = 0; i < 10; ++i) {
        bytes += client_frame(kFin | kPing, std::to_string(i)) + client_frame(kFin | kPong, "unasked");
        expected.push_back({Kind::Ping, 1005, std::to_string(i)});
        expected.push_back({Kind::Pong, 1005, "unasked"});
    }
    EXPECT_EQ(read_however_cut(bytes), expected);
}

TEST(ConformanceReservedBits, AnyOfThemFailsWhateverTheFrameAndWhateverCameBefore) {
    for (int bits = 0x10; bits <= 0x70; bits += 0x10) {
        for (const int opcode : {kText, kBinary, 8, kPing, kPong}) {
            const std::string bad = client_frame(kFin | bits | opcode, "");
            expect_refused(bad, 1002);
            const auto frames = read_however_cut(text("good") + ping("p") + bad + text("unread"));
            ASSERT_EQ(frames.size(), 3U);
            EXPECT_EQ(frames[0], (Seen{Kind::Text, 1005, "good"}));
            EXPECT_EQ(frames[2].code, 1002);
        }
        expect_refused(client_frame(kText, "a") + client_frame(kFin | bits, "b"), 1002);
    }
}

TEST(ConformanceOpcodes, ThoseWithoutAMeaningFail) {
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        for (const std::string& payload : {""s, "payload"s}) {
            expect_refused(client_frame(kFin | opcode, payload), 1002);
            const auto frames = read_however_cut(text("good") + client_frame(kFin | opcode, payload) + ping(""));
            ASSERT_EQ(frames.size(), 2U);
            EXPECT_EQ(frames[1].code, 1002);
        }
    }
}

TEST(ConformanceFragments, ControlFramesAreNeverFragmented) {
    for (const int opcode : {8, kPing, kPong}) {
        expect_refused(client_frame(opcode, "") + client_frame(kFin, ""), 1002);
        expect_refused(client_frame(kText, "a") + client_frame(opcode, "") + client_frame(kFin, "b"), 1002);
    }
}

TEST(ConformanceFragments, AreJoinedWithControlFramesBetweenThem) {
    const std::string bytes = client_frame(kText, "one ") + ping("1") + client_frame(0, "two ") + ping("2") +
                              client_frame(0, "") + client_frame(kFin, "three") + text("next");
    EXPECT_EQ(read_however_cut(bytes), (std::vector<Seen>{{Kind::Ping, 1005, "1"},
                                                          {Kind::Ping, 1005, "2"},
                                                          {Kind::Text, 1005, "one two three"},
                                                          {Kind::Text, 1005, "next"}}));
    EXPECT_EQ(read_however_cut(client_frame(kText, "") + client_frame(0, "") + client_frame(kFin, "")),
              messages(Kind::Text, ""));
}

TEST(ConformanceFragments, OutOfPlaceTheyFail) {
    for (const int fin : {0, kFin}) {
        expect_refused(client_frame(fin, "of nothing"), 1002);
        expect_refused(text("whole") + client_frame(fin, "of nothing"), 1002);
        expect_refused(client_frame(kText, "a") + client_frame(kFin, "b") + client_frame(fin, "of nothing"), 1002);
        for (const int opcode : {kText, kBinary}) {
            expect_refused(client_frame(kText, "unfinished") + client_frame(fin | opcode, "new"), 1002);
            expect_refused(client_frame(kBinary, "unfinished") + ping("") + client_frame(fin | opcode, "new"), 1002);
        }
    }
}

/// By Unicode's table of well-formed byte sequences: the edges of each of its rows, and what lies one step beyond.
const std::vector<std::string> kValid = {
    "",
    "\x00"s,
    "\x7f",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xe1\x80\x80",
    "\xec\xbf\xbf",
    "\xed\x80\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbd",
    "\xef\xbf\xbe",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf0\x9f\xbf\xbf",
    "\xf1\x80\x80\x80",
    "\xf3\xbf\xbf\xbf",
    "\xf4\x80\x80\x80",
    "\xf4\x8f\xbf\xbf",
    "gr\xc3\xbc\xc3\x9f dich \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x8c\x8d",
};
const std::vector<std::string> kInvalid = {
    "\x80",
    "\xbf",
    "\x80\xbf\x80",
    "\xc0\x80",
    "\xc0\xaf",
    "\xc1\xbf",
    "\xc2",
    "\xc2\x7f",
    "\xc2\xc0",
    "\xdf",
    "\xe0\x80\x80",
    "\xe0\x9f\xbf",
    "\xe0\xa0",
    "\xe1\x80",
    "\xe1\x80\x7f",
    "\xed\xa0\x80",
    "\xed\xad\xbf",
    "\xed\xae\x80",
    "\xed\xbf\xbf",
    "\xed\xa0\x80\xed\xb0\x80",
    "\xef\xbf",
    "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf",
    "\xf0\x90\x80",
    "\xf0\x90",
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    "\xf8\x88\x80\x80\x80",
    "\xfb\xbf\xbf\xbf\xbf",
    "\xfc\x84\x80\x80\x80\x80",
    "\xfe",
    "\xff",
    "\xfe\xfe\xff\xff",
};

TEST(ConformanceUtf8, ValidTextComesThroughHoweverItIsSplit) {
    for (const std::string& sample : kValid) {
        const std::string payload = "<" + sample + ">" + sample;
        for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
            const std::string bytes =
                client_frame(kText, payload.substr(0, cut)) + client_frame(kFin, payload.substr(cut));
            EXPECT_EQ(read_however_cut(bytes), messages(Kind::Text, payload));
        }
        std::string bytes = client_frame(kText, "");
        for (const char byte : payload) bytes += client_frame(0, std::string(1, byte));
        EXPECT_EQ(read_however_cut(bytes + client_frame(kFin, "")), messages(Kind::Text, payload));
    }
}

TEST(ConformanceUtf8, InvalidTextFailsHoweverItIsSplit) {
    for (const std::string& sample : kInvalid) {
        const std::string payload = "<" + sample;
        for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
            expect_refused(client_frame(kText, payload.substr(0, cut)) + client_frame(kFin, payload.substr(cut)), 1007);
        }
        expect_refused(text(payload), 1007);
        expect_refused(text(sample + letters(200)), 1007);
        EXPECT_EQ(read_however_cut(client_frame(kFin | kBinary, payload)), messages(Kind::Binary, payload));
    }
}

/// How many bytes of it may still become UTF-8; counted without our own checker, by its definition.
std::size_t hopeful(const std::string& text) {
    for (std::size_t size = 1; size <= text.size(); ++size) {
        const std::string start = text.substr(0, size);
        const bool may_go_on = std::ranges::any_of(kValid, [&](const std::string& valid) {
            // Every row of the table has its edges among these; between them the first two bytes decide.
            return valid.size() >= start.size() && valid.starts_with(start);
        });
        if (!may_go_on) return size - 1;
    }
    return text.size();
}

TEST(ConformanceUtf8, FailsAtTheFirstByteThatNothingCanMakeRight) {
    for (const std::string& sample :
         {"\xc0"s, "\xf5"s, "\xe0\x80"s, "\xed\xa0"s, "\xf0\x80"s, "\xf4\x90"s, "\xef\xbf\x20"s, "\xf4\x8f\xbf\x20"s}) {
        const std::size_t good = hopeful(sample);
        ASSERT_EQ(good, sample.size() - 1);
        // In an unfinished message, and in an unfinished frame.
        Session by_frames;
        by_frames.feed(client_frame(kText, sample.substr(0, good)));
        EXPECT_TRUE(by_frames.frames.empty());
        by_frames.feed(client_frame(0, sample.substr(good)));
        ASSERT_EQ(by_frames.frames.size(), 1U);
        EXPECT_EQ(by_frames.frames[0].code, 1007);
        Session by_bytes;
        const std::string frame = text(sample + letters(100));
        by_bytes.feed(frame.substr(0, 6 + good));
        EXPECT_TRUE(by_bytes.frames.empty());
        by_bytes.feed(frame.substr(6 + good, 1));
        ASSERT_EQ(by_bytes.frames.size(), 1U);
        EXPECT_EQ(by_bytes.frames[0].code, 1007);
    }
}

TEST(ConformanceClose, EachCodeIsTakenOrFailsAsTheRegistryHasIt) {
    for (int code = 0; code <= 65'535; ++code) {
        const bool is_sendable =
            (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        const auto frames = read_all(closing(code, ""));
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].kind, is_sendable ? Kind::Close : Kind::Violation) << code;
        EXPECT_EQ(frames[0].code, is_sendable ? code : 1002) << code;
    }
}

TEST(ConformanceClose, ReasonsAreShortUtf8) {
    EXPECT_EQ(read_however_cut(client_frame(0x88, "")), (std::vector<Seen>{{Kind::Close, 1005, ""}}));
    expect_refused(client_frame(0x88, "\x03"), 1002);
    const std::string longest(123, 'r');
    EXPECT_EQ(read_however_cut(closing(1000, longest)), (std::vector<Seen>{{Kind::Close, 1000, longest}}));
    expect_refused(closing(1000, longest + "r"), 1002);
    for (const std::string& sample : kInvalid) expect_refused(closing(1000, sample), 1007);
    for (const std::string& sample : kValid)
        EXPECT_EQ(read_however_cut(closing(1000, sample)).front().kind, Kind::Close);
}

TEST(ConformanceClose, NothingIsReadAfterIt) {
    for (const std::string& after : {text("more"), ping(""), closing(1001, ""), "\xff\xff"s}) {
        EXPECT_EQ(read_however_cut(closing(1000, "") + after).size(), 1U);
    }
    EXPECT_EQ(read_however_cut(client_frame(kText, "unfinished") + closing(1000, "") + client_frame(kFin, "")).size(),
              1U);
}

TEST(ConformanceSizes, UpTo16MiBComeThrough) {
    for (const std::size_t size : {std::size_t{64} << 10, std::size_t{1} << 20, kEchoLimit}) {
        const std::string payload = letters(size);
        EXPECT_TRUE(read_all(text(payload), kEchoLimit) == messages(Kind::Text, payload)) << size;
        EXPECT_TRUE(read_in_pieces(client_frame(kFin | kBinary, payload), 65'536, kEchoLimit) ==
                    messages(Kind::Binary, payload))
            << size;
    }
    EXPECT_EQ(violation_code(text(letters(kEchoLimit + 1)).substr(0, 14), kEchoLimit), 1009);
}

/// A message in frames of so many bytes each.
std::string in_frames(int opcode, std::string_view payload, std::size_t size) {
    std::string bytes;
    for (std::size_t at = 0; at < payload.size(); at += size) {
        const int fin = at + size >= payload.size() ? kFin : 0;
        bytes += client_frame(fin | (at == 0 ? opcode : 0), payload.substr(at, size));
    }
    return bytes;
}

TEST(ConformanceSizes, LargeMessagesComeInFramesOfAnySize) {
    const std::string payload = letters(std::size_t{4} << 20);
    for (const std::size_t size : {64U, 256U, 1'024U, 4'096U, 65'536U, 1U << 20, 4U << 20}) {
        EXPECT_TRUE(read_all(in_frames(kText, payload, size), kEchoLimit) == messages(Kind::Text, payload)) << size;
        EXPECT_TRUE(read_in_pieces(in_frames(kBinary, payload, size), 65'536, kEchoLimit) ==
                    messages(Kind::Binary, payload))
            << size;
    }
}

TEST(ConformanceAutoFragments, AreJoinedWhateverTheirSize) {
    const std::string payload = letters(65'536);
    for (const std::size_t size : {1U, 100U, 1'300U, 65'535U}) {
        EXPECT_TRUE(read_all(in_frames(kText, payload, size)) == messages(Kind::Text, payload)) << size;
    }
}

TEST(ConformanceCompression, MessagesOfEverySizeComeThroughInFramesAndPieces) {
    Inflater inflater;
    Deflater deflater{6};
    std::mt19937 random{12};
    for (const std::size_t size : {0U, 16U, 64U, 256U, 1'024U, 4'096U, 8'192U, 16'384U, 32'768U, 65'536U, 131'072U}) {
        std::string noise(size, ' ');
        for (char& byte : noise) byte = static_cast<char>(random());
        for (const std::string& payload : {letters(size), noise}) {
            std::string out(2 * size + 100, '\0');
            out.resize(deflater.deflate(payload, out));
            for (const std::size_t frame : {std::size_t{100}, out.size() + 1}) {
                std::string bytes = in_frames(0x42, out, frame);
                EXPECT_TRUE(read_all(bytes, kEchoLimit, &inflater) == messages(Kind::Binary, payload)) << size;
                EXPECT_TRUE(read_in_pieces(bytes, 997, kEchoLimit, &inflater) == messages(Kind::Binary, payload));
            }
        }
    }
}

}  // namespace
}  // namespace tickgate::gateway
