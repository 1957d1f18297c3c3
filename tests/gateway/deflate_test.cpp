#include "gateway/deflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/gateway/client_frames.hpp"
#include "tests/gateway/inflated.hpp"

namespace tickgate::gateway {
namespace {

using namespace std::string_literals;
using namespace test;
using Outcome = Inflater::Outcome;

std::string deflated(std::string_view text, int level = deflate::kDefaultLevel) {
    Deflater deflater{level};
    std::string out(2 * text.size() + 100, '\0');
    out.resize(deflater.deflate(text, out));
    return out;
}

/// A delta in the shape of those on the wire.
std::string delta(std::mt19937& random, std::size_t levels) {
    std::string text = R"({"type":"delta","sid":12,"prev":88200,"seq":88240,"bids":[)";
    for (std::size_t i = 0; i < levels; ++i) {
        text += (i == 0 ? "[\"" : ",[\"") + std::to_string(64'000 + random() % 500) + "." +
                std::to_string(random() % 100) + "\",\"" + std::to_string(random() % 100'000) + "\"]";
    }
    return text + R"(],"asks":[],"ck":1193046471,"ts":1700000000000000})";
}

std::string random_bytes(std::mt19937& random, std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

std::vector<std::string> texts() {
    std::mt19937 random{11};
    std::vector<std::string> all = {"", "x", "{}", std::string(100'000, 'a'), random_bytes(random, 70'000)};
    for (const std::size_t levels : {1U, 5U, 50U, 2'000U}) all.push_back(delta(random, levels));
    return all;
}

TEST(Deflater, MakesWhatZlibInflates) {
    for (const int level : {1, 4, 6, 9}) {
        for (const std::string& text : texts()) EXPECT_EQ(inflated(deflated(text, level)), text) << text.size();
    }
}

TEST(Deflater, StartsAfreshWithEveryMessage) {
    Deflater deflater;
    std::mt19937 random{3};
    const std::string text = delta(random, 20);
    std::string first(text.size(), '\0');
    std::string second(text.size(), '\0');
    const std::size_t size = deflater.deflate(text, first);
    EXPECT_GT(size, 0U);
    EXPECT_LT(size, text.size() * 2 / 3);
    EXPECT_EQ(deflater.deflate(text, second), size);
    EXPECT_EQ(first, second);
}

TEST(Deflater, BlocksOfSeveralMessagesMakeOneStream) {
    const std::vector<std::string> all = texts();
    std::string stream;
    std::string joined;
    for (const std::string& text : all) {
        stream += deflated(text) + std::string{deflate::kTail};
        joined += text;
    }
    EXPECT_EQ(inflated(std::string_view{stream}.substr(0, stream.size() - 4)), joined);
}

TEST(Deflater, ReachesNoFurtherBackThanItsWindow) {
    std::mt19937 random{5};
    const std::string block = random_bytes(random, 5'000);
    EXPECT_EQ(inflated(deflated(block + block), deflate::kWindowBits), block + block);
    const std::string small = delta(random, 12);
    ASSERT_LT(small.size(), 512U);
    EXPECT_EQ(inflated(deflated(small), 9), small) << "a message no longer than a smaller window is within that too";
}

TEST(Deflater, SaysWhenItDoesNotFit) {
    Deflater deflater;
    std::mt19937 random{5};
    std::string text = random_bytes(random, 1'000);
    std::string out(1'000, '\0');
    EXPECT_EQ(deflater.deflate(text, out), 0U) << "random bytes get no smaller";
    text = std::string(1'000, 'a');
    EXPECT_GT(deflater.deflate(text, out), 0U) << "the next message is not touched by that";
    out.resize(8);
    EXPECT_EQ(deflater.deflate(text, out), 0U);
    EXPECT_EQ(deflater.deflate(text, {}), 0U);
}

TEST(Inflater, ReadsWhatWasDeflated) {
    Inflater inflater;
    for (const int level : {1, 9}) {
        for (const std::string& text : texts()) {
            ASSERT_EQ(inflater.inflate(deflated(text, level), text.size()), Outcome::Done) << text.size();
            EXPECT_EQ(inflater.text(), text);
            for (std::size_t i = 0; i < kInputPadding; ++i) static_cast<void>(*(inflater.text().end() + i));
        }
    }
}

TEST(Inflater, ReadsTheExamplesOfTheStandard) {
    Inflater inflater;
    const auto read = [&](std::string_view message) {
        return inflater.inflate(message, 100) == Outcome::Done ? std::string{inflater.text()} : "refused";
    };
    EXPECT_EQ(read("\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
    EXPECT_EQ(read("\x00\x05\x00\xfa\xffHello\x00"s), "Hello") << "a stored block";
    EXPECT_EQ(read("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello") << "a block marked as the last one";
    EXPECT_EQ(read("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), "Hello") << "two blocks";
    EXPECT_EQ(read("\x00"s), "");
    EXPECT_EQ(read("\x01"s), "") << "the tail itself ends the stream";
}

TEST(Inflater, RefusesWhatIsNoWholeStream) {
    Inflater inflater;
    const std::string whole = deflated(texts().back());
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
        EXPECT_EQ(inflater.inflate(std::string_view{whole}.substr(0, size), kLimit), Outcome::Broken) << size;
    }
    EXPECT_EQ(inflater.inflate("\xff\xff\xff", kLimit), Outcome::Broken) << "no such block";
    EXPECT_EQ(inflater.inflate("\x00\x05\x00\x00\x00Hello\x00"s, kLimit), Outcome::Broken) << "lengths differ";
    EXPECT_EQ(inflater.inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s, kLimit), Outcome::Done) << "the next is not touched";
}

TEST(Inflater, RemembersNothingOfTheMessageBefore) {
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string text(300, '\0');
    std::mt19937 random{9};
    for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
    std::vector<std::string> messages;
    for (int i = 0; i < 2; ++i) {
        std::string out(1'000, '\0');
        stream.next_in = reinterpret_cast<Bytef*>(text.data());
        stream.avail_in = static_cast<uInt>(text.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        ASSERT_EQ(::deflate(&stream, Z_SYNC_FLUSH), Z_OK);
        out.resize(out.size() - stream.avail_out - 4);
        messages.push_back(out);
    }
    deflateEnd(&stream);
    ASSERT_LT(messages[1].size(), 50U) << "it points back into the first";
    Inflater inflater;
    EXPECT_EQ(inflater.inflate(messages[0], kLimit), Outcome::Done);
    EXPECT_EQ(inflater.inflate(messages[1], kLimit), Outcome::Broken);
}

TEST(Inflater, StopsAtItsBound) {
    const std::string bomb = deflated(std::string(10'000'000, 'a'), 9);
    ASSERT_LT(bomb.size(), 20'000U);
    Inflater inflater;
    EXPECT_EQ(inflater.inflate(bomb, 65'536), Outcome::TooBig);
    for (const std::size_t size : {1U, 4'095U, 4'096U, 4'097U, 65'536U, 300'000U}) {
        const std::string message = deflated(std::string(size, 'b'));
        EXPECT_EQ(inflater.inflate(message, size), Outcome::Done) << size;
        EXPECT_EQ(inflater.text().size(), size);
        EXPECT_EQ(inflater.inflate(message, size - 1), Outcome::TooBig) << size;
    }
}

/// A client's frame with RSV1, its payload deflated.
std::string deflated_frame(int first, std::string_view payload) {
    return client_frame(first | 0x40, deflated(payload));
}

std::vector<Seen> read(std::string_view bytes, std::size_t limit = kLimit) {
    Inflater inflater;
    return read_all(bytes, limit, &inflater);
}

int refused_with(std::string_view bytes, std::size_t limit = kLimit) {
    Inflater inflater;
    return violation_code(bytes, limit, &inflater);
}

TEST(FrameReaderInflating, ReadsDeflatedAndPlainMessages) {
    const std::string large(70'000, 'z');
    const std::string bytes = deflated_frame(0x81, "caf\xc3\xa9") + text("plain") + ping("p") +
                              deflated_frame(0x82, "\xff\xfe") + deflated_frame(0x81, "") + deflated_frame(0x81, large);
    const std::vector<Seen> expected = {
        {Kind::Text, 1005, "caf\xc3\xa9"}, {Kind::Text, 1005, "plain"}, {Kind::Ping, 1005, "p"},
        {Kind::Binary, 1005, "\xff\xfe"},  {Kind::Text, 1005, ""},      {Kind::Text, 1005, large}};
    EXPECT_EQ(read(bytes), expected);
    for (const std::size_t piece : {1U, 7U, 100U}) {
        Inflater inflater;
        EXPECT_EQ(read_in_pieces(bytes, piece, kLimit, &inflater), expected) << piece;
    }
}

TEST(FrameReaderInflating, JoinsFragmentsBeforeItInflates) {
    const std::string whole = deflated("caf\xc3\xa9 noir, and once more caf\xc3\xa9 noir");
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        const std::string bytes = client_frame(0x41, std::string_view{whole}.substr(0, cut)) + ping("between") +
                                  client_frame(0x00, "") + client_frame(0x80, std::string_view{whole}.substr(cut)) +
                                  text("\xc3\xa9");
        EXPECT_EQ(read(bytes),
                  (std::vector<Seen>{{Kind::Ping, 1005, "between"},
                                     {Kind::Text, 1005, "caf\xc3\xa9 noir, and once more caf\xc3\xa9 noir"},
                                     {Kind::Text, 1005, "\xc3\xa9"}}))
            << cut;
    }
}

TEST(FrameReaderInflating, TakesTheReservedBitOnlyWhereItMayStand) {
    for (const int opcode : {8, 9, 10}) {
        EXPECT_EQ(refused_with(client_frame(0xC0 | opcode, "")), 1002) << "control frame " << opcode;
    }
    EXPECT_EQ(refused_with(client_frame(0x41, "") + client_frame(0xC0, deflated("a"))), 1002) << "continuation";
    EXPECT_EQ(refused_with(client_frame(0x01, "") + client_frame(0xC0, deflated("a"))), 1002) << "continuation";
    EXPECT_EQ(refused_with(client_frame(0x41, "") + client_frame(0x40, "")), 1002) << "continuation in the middle";
    for (const int other : {0x20, 0x10, 0x60, 0x50}) EXPECT_EQ(refused_with(client_frame(0x81 | other, "")), 1002);
    EXPECT_EQ(violation_code(deflated_frame(0x81, "a")), 1002) << "not negotiated";
}

TEST(FrameReaderInflating, RefusesWhatCannotBeInflated) {
    const std::string whole = deflated(std::string(500, 'q') + "end");
    EXPECT_EQ(refused_with(client_frame(0xC1, std::string_view{whole}.substr(0, whole.size() - 2))), 1007);
    EXPECT_EQ(refused_with(client_frame(0xC2, "\xff\xff\xff")), 1007);
    EXPECT_EQ(refused_with(client_frame(0xC1, "")), 1007) << "an empty message is one byte";
    EXPECT_EQ(refused_with(client_frame(0x41, "\xff\xff") + client_frame(0x80, "\xff")), 1007);
}

TEST(FrameReaderInflating, LooksForUtf8InWhatComesOut) {
    EXPECT_EQ(refused_with(deflated_frame(0x81, "bad \xff")), 1007);
    EXPECT_EQ(refused_with(deflated_frame(0x81, "cut off \xe2\x82")), 1007);
    EXPECT_EQ(read(deflated_frame(0x82, "bad \xff")).front().kind, Kind::Binary);
}

TEST(FrameReaderInflating, HoldsTheInflatedSizeToTheLimit) {
    const std::string most(1'000, 'x');
    EXPECT_EQ(read(deflated_frame(0x81, most), 1'000).front().payload, most);
    EXPECT_EQ(refused_with(deflated_frame(0x81, most + "x"), 1'000), 1009);
    EXPECT_EQ(refused_with(deflated_frame(0x82, std::string(10'000'000, 'x')), 65'536), 1009) << "a bomb";
    std::mt19937 random{1};
    const std::string noise = random_bytes(random, 1'000);
    ASSERT_GT(deflated(noise).size(), 1'000U);
    EXPECT_EQ(read(deflated_frame(0x82, noise), 1'000).front().payload, noise) << "deflate has made it larger";
    const std::string header = client_frame(0xC2, std::string(1'190, 'x')).substr(0, 8);
    EXPECT_EQ(refused_with(header, 1'000), 1009) << "as soon as the length is known";
    EXPECT_EQ(
        refused_with(client_frame(0x42, std::string(1'100, 'x')) + client_frame(0x00, std::string(90, 'x')), 1'000),
        1009);
}

TEST(FrameReaderInflating, KeepsNothingWhenAMessageIsOver) {
    Inflater inflater;
    Session session{kLimit, &inflater};
    const std::string whole = deflated("whole");
    session.feed(client_frame(0x41, whole.substr(0, 3)));
    EXPECT_FALSE(session.unfinished.is_empty());
    session.feed(client_frame(0x80, whole.substr(3)));
    EXPECT_TRUE(session.unfinished.is_empty());
    session.feed(client_frame(0x41, "\xff") + client_frame(0x80, "\xff") + text("more"));
    EXPECT_EQ(session.frames.size(), 2U);
    EXPECT_EQ(session.frames.back().code, 1007);
    EXPECT_TRUE(session.unfinished.is_empty());
}

}  // namespace
}  // namespace tickgate::gateway
