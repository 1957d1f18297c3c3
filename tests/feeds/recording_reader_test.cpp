#include "feeds/recording_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/feeds/temporary_files.hpp"

namespace tickgate {
namespace {

using feeds::MergedRecording;
using feeds::RawMessage;
using feeds::RecordingError;
using feeds::RecordingFormat;
using feeds::RecordingReader;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::Compression;
using Kind = RawMessage::Kind;

struct Read {
    Kind kind;
    std::int64_t nanos;
    std::string url;
    std::string payload;

    friend bool operator==(const Read&, const Read&) = default;
    friend void PrintTo(const Read& read, std::ostream* out) {
        *out << static_cast<int>(read.kind) << ' ' << read.nanos << ' ' << read.url << ' ' << read.payload;
    }
};

struct Recording {
    std::vector<Read> messages;
    std::string error;
    std::uint64_t line = 0;
    std::uint64_t offset = 0;
};

template <typename Open>
Recording read_with(Open open) {
    Recording result;
    try {
        auto reader = open();
        while (const RawMessage* message = reader.next()) {
            result.messages.push_back({message->kind, message->receive_time.time_since_epoch().count(),
                                       std::string{message->url}, std::string{message->payload}});
        }
    } catch (const RecordingError& error) {
        result.error = error.what();
        result.line = error.line();
        result.offset = error.offset();
    }
    return result;
}

Recording read(const std::filesystem::path& path, RecordingFormat format = RecordingFormat::Auto) {
    return read_with([&] { return RecordingReader{path, format}; });
}

Recording read_merged(const std::vector<std::filesystem::path>& paths) {
    return read_with([&] { return MergedRecording{paths}; });
}

class RecordingReaderTest : public testing::Test {
protected:
    Recording read_text(std::string_view text, RecordingFormat format = RecordingFormat::Auto) {
        return read(directory_.write("recording", text), format);
    }
    /// The time that a cf line of this fraction is given, after 7 s.
    std::int64_t cf_nanos(std::string_view fraction) {
        const auto read = read_text("7." + std::string{fraction} + ": {}\n", RecordingFormat::Cf);
        return read.messages.size() == 1 ? read.messages[0].nanos - 7'000'000'000 : -1;
    }

    tests::TemporaryDirectory directory_;
};

TEST_F(RecordingReaderTest, ReadsHftLinesAndKnowsTheSnapshotByItsFirstKey) {
    const auto recording = read_text(
        "1723161253937085768 {\"stream\":\"a@depth\",\"data\":{}}\n"
        "1723161254036059768 {\"lastUpdateId\":5,\"bids\":[],\"asks\":[]}\n");
    EXPECT_THAT(recording.messages,
                ElementsAre(Read{Kind::Frame, 1'723'161'253'937'085'768, "", R"({"stream":"a@depth","data":{}})"},
                            Read{Kind::RestAnswer, 1'723'161'254'036'059'768, "",
                                 R"({"lastUpdateId":5,"bids":[],"asks":[]})"}));
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, ReadsCfMessagesConnectionsAndRestAnswersAndSkipsTheRest) {
    const auto recording = read_text(
        "wss://a.b/c?d=e <-> 1633998511.159679\n"
        "wss://a.b/c?d=e <- 1633998511.2: {\"op\":\"subscribe\"}\n"
        "1633998512.0633569: {\"u\":1}\n"
        "\n"
        "1633998512: {\"no\":\"fraction\"}\n"
        "1633998512.: {}\n"
        "note -> 1633998512.5: {\"no\":\"URL\"}\n"
        "https://a.b/depth?s=X -> 1633998512.5: {\"lastUpdateId\":1}\n"
        "wss://a.b <-> 1633998512.5 and more\n"
        "163");
    EXPECT_THAT(recording.messages, ElementsAre(Read{Kind::Connected, 1'633'998'511'159'679'000, "wss://a.b/c?d=e", ""},
                                                Read{Kind::Frame, 1'633'998'512'063'356'900, "", R"({"u":1})"},
                                                Read{Kind::RestAnswer, 1'633'998'512'500'000'000,
                                                     "https://a.b/depth?s=X", R"({"lastUpdateId":1})"}));
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, TakesACfFractionAsWrittenToTheNanosecond) {
    EXPECT_EQ(cf_nanos("5"), 500'000'000);
    EXPECT_EQ(cf_nanos("05"), 50'000'000);
    EXPECT_EQ(cf_nanos("0"), 0);
    EXPECT_EQ(cf_nanos("123"), 123'000'000);
    EXPECT_EQ(cf_nanos("0633569"), 63'356'900);
    EXPECT_EQ(cf_nanos("999999999"), 999'999'999);
    EXPECT_EQ(cf_nanos("1234567890"), -1);
    EXPECT_EQ(cf_nanos("1a"), -1);
}

TEST_F(RecordingReaderTest, ReadsItsOwnFormatWithTheVenueFromItsHeader) {
    const std::string text =
        "# tickgate 1 binance-spot 100\n"
        "101 {\"e\":\"trade\"}\n"
        "102 pong\n"
        "103 https://a.b/depth?symbol=X -> {\"lastUpdateId\":1}\n"
        "104 httpish -> text\n";
    const auto path = directory_.write("recording", tests::zstd(text));
    EXPECT_EQ(RecordingReader{path}.venue(), "binance-spot");
    const auto recording = read(path);
    EXPECT_THAT(recording.messages,
                ElementsAre(Read{Kind::Frame, 101, "", R"({"e":"trade"})"}, Read{Kind::Frame, 102, "", "pong"},
                            Read{Kind::RestAnswer, 103, "https://a.b/depth?symbol=X", R"({"lastUpdateId":1})"},
                            Read{Kind::Frame, 104, "", "httpish -> text"}));
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, ReadsCbcapMessagesOfTheLengthsThatItSays) {
    const std::string text =
        "CBCAP1 kraken BTC/USD 1785552832693693000\n"
        "201603688723400 8\n{\"a\": 1}\n"
        "201603688723401 9\n{\n\"b\":2}\n\n"
        "201604688723400 2\n{}";
    const auto path = directory_.write("recording", text);
    EXPECT_EQ(RecordingReader{path}.venue(), "kraken");
    const auto recording = read(path);
    EXPECT_THAT(recording.messages, ElementsAre(Read{Kind::Frame, 1'785'552'832'693'693'000, "", R"({"a": 1})"},
                                                Read{Kind::Frame, 1'785'552'832'693'693'001, "", "{\n\"b\":2}\n"},
                                                Read{Kind::Frame, 1'785'552'833'693'693'000, "", "{}"}));
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, ReadsCbcapMessagesAcrossItsBuffersEnd) {
    std::string text = "CBCAP1 kraken BTC/USD 1\n";
    for (int i = 0; i < 2'000; ++i) text += std::to_string(i) + " 1000\n" + std::string(1'000, 'x') + "\n";
    const auto recording = read_text(tests::gzip(text));
    EXPECT_EQ(recording.error, "");
    ASSERT_EQ(recording.messages.size(), 2'000U);
    for (const auto& message : recording.messages) EXPECT_EQ(message.payload, std::string(1'000, 'x'));
}

TEST_F(RecordingReaderTest, SaysWhatIsWrongWithACbcapRecord) {
    const auto error_of = [this](std::string_view records) {
        return read_text("CBCAP1 kraken BTC/USD 100\n" + std::string{records}).error;
    };
    EXPECT_THAT(error_of("5 2\n{}\nx 2\n{}\n"), HasSubstr("line 4, byte 33: the line does not begin with a time"));
    EXPECT_THAT(error_of("5 2\n{}\n4 2\n{}\n"), HasSubstr("a time after the recording's start"));
    EXPECT_THAT(error_of("5 2\n{}\n9223372036854775807 2\n{}\n"), HasSubstr("a time after the recording's start"));
    EXPECT_THAT(error_of("5\n{}\n"), HasSubstr("does not end with the length of a message"));
    EXPECT_THAT(error_of("5 0\n\n"), HasSubstr("does not end with the length of a message"));
    EXPECT_THAT(error_of("5 2 \n{}\n"), HasSubstr("does not end with the length of a message"));
    EXPECT_THAT(error_of("5 3\n{}\n6 2\n{}\n"), HasSubstr("line 2, byte 26: the message is not as long as this"));
    EXPECT_THAT(error_of("5 1\n{}\n"), HasSubstr("the message is not as long as this line says"));
    EXPECT_THAT(error_of("5 9\n{}\n"), HasSubstr("the message is not as long as this line says"));
    EXPECT_THAT(error_of("5 9223372036854775807\n{}\n"), HasSubstr("the message is not as long as this line says"));
    EXPECT_THAT(read_text("CBCAP1 kraken 100\n").error, HasSubstr("lacks its venue, symbol or start time"));
    EXPECT_THAT(read_text("1 {}\n", RecordingFormat::Cbcap).error, HasSubstr("the first line is not `CBCAP1 "));
}

TEST_F(RecordingReaderTest, TakesAJsonlTimeFromTheMessageOrTheOneBefore) {
    const auto recording = read_text(
        "{\"topic\":\"t\",\"ts\":1733011200691,\"data\":{\"E\":1}}\n"
        "{\"op\":\"subscribe\"}\n"
        "\n"
        "{\"stream\":\"s\",\"data\":{\"E\":1733011200700}}\n"
        "{\"arg\":{},\"data\":[{\"ts\":\"1733011200800\"},{\"ts\":\"7\"}]}\n"
        "{\"ts\":1733011201}\n"
        "{\"ts\":1733011202000001}\n"
        "{\"ts\":1733011203000000001}\n"
        "{\"source\":\"x\",\"raw\":{\"E\":1733011204000,\"d\":[1]}}\n");
    EXPECT_EQ(recording.error, "");
    std::vector<std::int64_t> nanos;
    for (const auto& message : recording.messages) nanos.push_back(message.nanos);
    EXPECT_THAT(nanos, ElementsAre(1'733'011'200'691'000'000, 1'733'011'200'691'000'000, 1'733'011'200'700'000'000,
                                   1'733'011'200'800'000'000, 1'733'011'201'000'000'000, 1'733'011'202'000'001'000,
                                   1'733'011'203'000'000'001, 1'733'011'204'000'000'000));
    ASSERT_EQ(recording.messages.size(), 8U);
    EXPECT_EQ(recording.messages[1].payload, R"({"op":"subscribe"})");
    EXPECT_EQ(recording.messages[7].payload, R"({"E":1733011204000,"d":[1]})");
}

TEST_F(RecordingReaderTest, ReadsEveryCompressionAlike) {
    std::string text;
    for (int i = 1; i <= 50'000; ++i) text += std::to_string(i) + " {\"number\":" + std::to_string(i) + "}\n";
    for (const auto compression : {Compression::Plain, Compression::Gzip, Compression::Zstd}) {
        const auto recording = read_text(tests::compressed(text, compression));
        EXPECT_EQ(recording.error, "");
        ASSERT_EQ(recording.messages.size(), 50'000U);
        EXPECT_EQ(recording.messages[49'999], (Read{Kind::Frame, 50'000, "", R"({"number":50000})"}));
        EXPECT_EQ(recording.messages[12'344].nanos, 12'345);
    }
}

TEST_F(RecordingReaderTest, ReadsALineThatIsLongerThanItsBuffer) {
    const std::string longest(3'000'000, 'x');
    const auto recording = read_text("1 {}\n2 " + longest + "\n3 {}\n");
    ASSERT_EQ(recording.messages.size(), 3U);
    EXPECT_TRUE(recording.messages[1].payload == longest);
    EXPECT_EQ(recording.messages[2].nanos, 3);
}

TEST_F(RecordingReaderTest, RefusesALineWithoutEnd) {
    const auto recording = read_text("1 {}\n2 " + std::string(feeds::RecordingText::kLongestLine, 'x'));
    EXPECT_EQ(recording.messages.size(), 1U);
    EXPECT_THAT(recording.error, HasSubstr("line 2, byte 5: the line is too long"));
}

TEST_F(RecordingReaderTest, PutsReadableBytesBehindEveryPayload) {
    // Run under asan, this reads beyond the buffer if there are none.
    std::string text;
    while (text.size() < 600'000) text += std::to_string(text.size() + 1) + " {}\n";
    RecordingReader reader{directory_.write("recording", text + "999999 {\"last\":1}")};
    std::uint64_t sum = 0;
    while (const RawMessage* message = reader.next()) {
        const char* behind = message->payload.data() + message->payload.size();
        for (std::size_t i = 0; i < feeds::kPayloadPadding; ++i) sum += static_cast<unsigned char>(behind[i]);
    }
    EXPECT_GT(sum, 0U);
}

TEST_F(RecordingReaderTest, DeliversAPlainLastLineWithoutNewlineAsItIs) {
    const auto recording = read_text("1 {\"a\":1}\n2 {\"b\":");
    EXPECT_THAT(recording.messages,
                ElementsAre(Read{Kind::Frame, 1, "", R"({"a":1})"}, Read{Kind::Frame, 2, "", R"({"b":)"}));
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, NamesLineAndByteOfABadLineAfterAllBeforeIt) {
    const auto recording = read_text("1 {\"a\":1}\n\n2 {}\nx {}\n3 {}\n");
    EXPECT_EQ(recording.messages.size(), 2U);
    EXPECT_EQ(recording.line, 4U);
    EXPECT_EQ(recording.offset, 16U);
    EXPECT_THAT(recording.error, HasSubstr("recording: line 4, byte 16: the line does not begin with a receive time"));
}

TEST_F(RecordingReaderTest, SaysWhatIsWrongWithALine) {
    const auto hft = RecordingFormat::Hft;
    EXPECT_THAT(read_text("{}\n", hft).error, HasSubstr("line 1, byte 0: the line does not begin with a receive time"));
    EXPECT_THAT(read_text("-1 {}\n", hft).error, HasSubstr("receive time"));
    EXPECT_THAT(read_text("99999999999999999999 {}\n", hft).error, HasSubstr("receive time"));
    EXPECT_THAT(read_text("12{}\n", hft).error, HasSubstr("receive time"));
    EXPECT_THAT(read_text("12 \n", hft).error, HasSubstr("the line holds no message"));
    EXPECT_THAT(read_text("{\"ts\":1}\n[]\n").error, HasSubstr("line 2, byte 9: the line is not a JSON object"));
    EXPECT_THAT(read_text("{\"source\":\"x\"}\n").error, HasSubstr("the line is not a JSON object"));
    EXPECT_THAT(read_text("{\"op\":\"x\"}\n").error, HasSubstr("the recording's first message carries no time"));
}

TEST_F(RecordingReaderTest, SaysWhatIsWrongWithAHeader) {
    const auto own = RecordingFormat::Tickgate;
    EXPECT_THAT(read_text("1 {}\n", own).error, HasSubstr("the first line is not `# tickgate 1 <venue> <start ns>`"));
    EXPECT_THAT(read_text("# tickgate 2 kraken 100\n").error, HasSubstr("another version than 1"));
    EXPECT_THAT(read_text("# tickgate 1 kraken\n").error, HasSubstr("lacks its venue or start time"));
    EXPECT_THAT(read_text("# tickgate 1 kraken x\n").error, HasSubstr("lacks its venue or start time"));
    EXPECT_THAT(read_text("# tickgate 1  100\n").error, HasSubstr("lacks its venue or start time"));
    EXPECT_THAT(read_text("# tickgate 1 kraken 100 more\n").error, HasSubstr("lacks its venue or start time"));
}

TEST_F(RecordingReaderTest, SaysThatAFileIsEmptyUnknownOrMissing) {
    EXPECT_THAT(read_text("").error, HasSubstr("recording: the file is empty"));
    EXPECT_THAT(read_text(tests::gzip("")).error, HasSubstr("the file is empty"));
    EXPECT_THAT(read_text("GIF89a\n").error, HasSubstr("line 1, byte 0: the first line shows no known"));
    EXPECT_EQ(read("/nonexistent/file").error, "/nonexistent/file: No such file or directory");
}

TEST_F(RecordingReaderTest, SaysThatAFileHoldsNothingOfItsFormat) {
    const std::string hft = "1723161253937085768 {}\n1723161253937085769 {}\n";
    EXPECT_THAT(read_text(hft, RecordingFormat::Cf).error,
                HasSubstr("recording: line 2, byte 23: no line up to here is a message of this format"));
    for (const auto format : {RecordingFormat::Hft, RecordingFormat::Cf, RecordingFormat::Jsonl}) {
        EXPECT_THAT(read_text("\n\n", format).error, HasSubstr("no line up to here is a message of this format"));
    }
    EXPECT_EQ(read_text("# tickgate 1 kraken 1\n").error, "") << "nothing came while it was recorded";
}

TEST_F(RecordingReaderTest, DeliversAllWholeLinesOfACutCompressedFileThenSaysWhereItEnds) {
    std::string text;
    while (text.size() < 1'000'000) text += std::to_string(text.size() * 7'919 + 1) + " {\"some\":\"message\"}\n";
    for (const auto compression : {Compression::Gzip, Compression::Zstd}) {
        const std::string whole = tests::compressed(text, compression);
        const auto recording = read_text(whole.substr(0, whole.size() * 3 / 4));
        EXPECT_GT(recording.messages.size(), 10'000U);
        EXPECT_THAT(recording.error, HasSubstr(" data is cut off"));
        EXPECT_EQ(recording.line, recording.messages.size() + 1);
        std::size_t whole_lines = 0;
        for (const auto& message : recording.messages) {
            whole_lines += std::to_string(message.nanos).size() + 1 + message.payload.size() + 1;
        }
        EXPECT_GE(recording.offset, whole_lines);
        EXPECT_LT(recording.offset, whole_lines + 40);
    }
}

TEST_F(RecordingReaderTest, KnowsFormatsByName) {
    EXPECT_EQ(feeds::recording_format_named("auto"), RecordingFormat::Auto);
    EXPECT_EQ(feeds::recording_format_named("tickgate"), RecordingFormat::Tickgate);
    EXPECT_EQ(feeds::recording_format_named("hft"), RecordingFormat::Hft);
    EXPECT_EQ(feeds::recording_format_named("cf"), RecordingFormat::Cf);
    EXPECT_EQ(feeds::recording_format_named("cbcap"), RecordingFormat::Cbcap);
    EXPECT_EQ(feeds::recording_format_named("jsonl"), RecordingFormat::Jsonl);
    EXPECT_EQ(feeds::recording_format_named("pcap"), std::nullopt);
}

TEST_F(RecordingReaderTest, MergesFilesByTimeTheFirstNamedFirstAtEqualTimes) {
    const auto first = directory_.write("first", "10 a\n20 b\n20 c\n40 d\n");
    const auto second = directory_.write("second", tests::gzip("5 e\n20 f\n30 g\n25 h\n"));
    const auto recording = read_merged({first, second});
    std::string order;
    for (const auto& message : recording.messages) order += message.payload;
    EXPECT_EQ(order, "eabcfghd");
    EXPECT_EQ(recording.error, "");
}

TEST_F(RecordingReaderTest, EndsAMergeWhereOneFileIsDamaged) {
    const auto first = directory_.write("first", "10 a\n20 b\nbad\n");
    const auto second = directory_.write("second", "5 e\n15 f\n20 g\n30 h\n");
    const auto recording = read_merged({first, second});
    std::string order;
    for (const auto& message : recording.messages) order += message.payload;
    EXPECT_EQ(order, "eafb");
    EXPECT_THAT(recording.error, HasSubstr("first: line 3, byte 10: "));
}

TEST_F(RecordingReaderTest, RefusesToMergeDifferentVenues) {
    const auto plain = directory_.write("plain", "1 {}\n");
    const auto kraken = directory_.write("kraken", "# tickgate 1 kraken 1\n");
    const auto okx = directory_.write("okx", "# tickgate 1 okx 1\n");
    EXPECT_EQ((MergedRecording{std::vector{plain, kraken}}.venue()), "kraken");
    EXPECT_THAT(read_merged({kraken, plain, okx}).error,
                HasSubstr("okx: line 1, byte 0: the file is of another venue"));
}

}  // namespace
}  // namespace tickgate
