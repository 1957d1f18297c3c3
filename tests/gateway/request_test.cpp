#include "gateway/request.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tickgate::gateway {
namespace {

/// A message with the padding that the parser wants, exactly as large as that, so that asan sees every step beyond.
class Padded {
public:
    explicit Padded(std::string_view message) : size_{message.size()}, bytes_{message.begin(), message.end()} {
        bytes_.resize(size_ + kRequestPadding, '\xFF');
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

private:
    std::size_t size_;
    std::vector<char> bytes_;
};

class RequestTest : public testing::Test {
protected:
    void accept(std::string_view message) {
        const auto error = parser.parse(Padded{message}.view(), request);
        if (error) ADD_FAILURE() << message << ": " << error->message;
    }
    RequestError refuse(std::string_view message) {
        const auto error = parser.parse(Padded{message}.view(), request);
        if (error) return *error;
        ADD_FAILURE() << "was accepted: " << message;
        return {};
    }

    RequestParser parser{Limits{}};
    Request request;
};

TEST_F(RequestTest, ReadsASubscribeWithEveryField) {
    accept(R"({"op":"subscribe","id":7,"channel":"book","symbols":["BINANCE:BTC-USDT","kraken:btc-usd"],"depth":25,
        "rate_ms":100,"resume":{"BINANCE:BTC-USDT":{"epoch":"k3","seq":88121,"depth":25},
        "KRAKEN:BTC-USD":{"seq":0,"epoch":""}}})");
    EXPECT_EQ(request.op, Op::Subscribe);
    EXPECT_EQ(request.id, "7");
    EXPECT_EQ(request.channel, Channel::Book);
    EXPECT_EQ(request.symbols, (std::vector<std::string>{"BINANCE:BTC-USDT", "kraken:btc-usd"}));
    EXPECT_EQ(request.depth, 25U);
    EXPECT_EQ(request.rate_ms, 100U);
    ASSERT_EQ(request.resume.size(), 2U);
    EXPECT_EQ(request.resume[0].symbol, "BINANCE:BTC-USDT");
    EXPECT_EQ(request.resume[0].epoch, "k3");
    EXPECT_EQ(request.resume[0].seq, book::Sequence{88121});
    EXPECT_EQ(request.resume[0].depth, 25U);
    EXPECT_EQ(request.resume[1].seq, book::Sequence{0});
    EXPECT_EQ(request.resume[1].depth, std::nullopt);
}

TEST_F(RequestTest, ReadsEveryOtherOp) {
    accept(R"({"op":"modify","id":8,"sid":12,"rate_ms":1000})");
    EXPECT_EQ(request.op, Op::Modify);
    EXPECT_EQ(request.sid, 12U);
    EXPECT_EQ(request.rate_ms, 1000U);
    EXPECT_EQ(request.depth, std::nullopt);
    accept(R"({"op":"unsubscribe","id":9,"sids":[12,31]})");
    EXPECT_EQ(request.op, Op::Unsubscribe);
    EXPECT_EQ(request.sids, (std::vector<std::uint32_t>{12, 31}));
    accept(R"({"op":"resync","id":10,"sid":12})");
    EXPECT_EQ(request.op, Op::Resync);
    accept(R"({"op":"list","id":11})");
    EXPECT_EQ(request.op, Op::List);
    accept(R"({"op":"symbols","id":13,"match":"BINANCE:*"})");
    EXPECT_EQ(request.op, Op::Symbols);
    EXPECT_EQ(request.match, "BINANCE:*");
    accept(R"({"op":"symbols","id":13})");
    EXPECT_EQ(request.match, "*");
    accept(R"({"op":"ping","id":12})");
    EXPECT_EQ(request.op, Op::Ping);
    accept(R"({"op":"hello","id":1,"client":"demo/1.0","token":"x","batch":true})");
    EXPECT_EQ(request.op, Op::Hello);
    EXPECT_TRUE(request.batch);
    accept(R"({"op":"hello","id":1,"batch":false})");
    EXPECT_FALSE(request.batch);
}

TEST_F(RequestTest, LeavesNothingOfTheMessageBefore) {
    accept(R"({"op":"subscribe","id":"a","channel":"trades","symbols":["X:Y"],"depth":5,"rate_ms":0,
        "resume":{"X:Y":{"epoch":"k","seq":1}}})");
    accept(R"({"op":"subscribe","id":1,"channel":"book","symbols":["V:W"]})");
    EXPECT_EQ(request.id, "1");
    EXPECT_EQ(request.symbols, std::vector<std::string>{"V:W"});
    EXPECT_EQ(request.depth, std::nullopt);
    EXPECT_EQ(request.rate_ms, std::nullopt);
    EXPECT_TRUE(request.resume.empty());
}

TEST_F(RequestTest, RoundsDepthAndRateUpToTheOfferedClasses) {
    accept(R"({"op":"subscribe","id":1,"channel":"book","symbols":["V:W"],"depth":11,"rate_ms":101})");
    EXPECT_EQ(request.depth, 25U);
    EXPECT_EQ(request.rate_ms, 250U);
    accept(R"({"op":"modify","id":1,"sid":1,"depth":0,"rate_ms":0})");
    EXPECT_EQ(request.depth, 0U);
    EXPECT_EQ(request.rate_ms, 0U);
}

TEST_F(RequestTest, KeepsTheIdAsTheJsonThatIsEchoed) {
    accept(R"({"op":"ping","id":-9223372036854775808})");
    EXPECT_EQ(request.id, "-9223372036854775808");
    accept(R"({"op":"ping","id":9223372036854775807})");
    EXPECT_EQ(request.id, "9223372036854775807");
    accept(R"({"op":"ping","id":"a\u0022\\\n\u00e9"})");
    EXPECT_EQ(request.id, "\"a\\\"\\\\\\n\xC3\xA9\"");
    accept(R"({"op":"ping","id":""})");
    EXPECT_EQ(request.id, "\"\"");
}

TEST_F(RequestTest, CountsTheCharactersOfAnIdAndNotItsBytes) {
    std::string id;
    for (int i = 0; i < 64; ++i) id += "\xE2\x82\xAC";
    accept(R"({"op":"ping","id":")" + id + R"("})");
    EXPECT_EQ(request.id, '"' + id + '"');
    EXPECT_EQ(refuse(R"({"op":"ping","id":")" + id + R"(x"})").field, "id");
}

TEST_F(RequestTest, IgnoresFieldsThatTheOpDoesNotKnow) {
    accept(R"({"x":[1,{"y":null}],"op":"ping","symbols":5,"id":1,"x":2,"depth":-1.5})");
    accept(R"({"op":"modify","id":1,"sid":3,"resume":7})");
}

TEST_F(RequestTest, EchoesTheIdOfARefusedMessageWhereverItStands) {
    const auto error = refuse(R"({"op":"subscribe","channel":"book","symbols":[],"id":"last"})");
    EXPECT_EQ(error.code, ErrorCode::BadRequest);
    EXPECT_EQ(error.field, "symbols");
    EXPECT_EQ(error.id, "\"last\"");
    EXPECT_EQ(error.message, "symbols must name at least one symbol");
}

struct Refused {
    std::string_view message;
    ErrorCode code;
    std::string_view field;
};

TEST_F(RequestTest, RefusesWhatIsMissingIllTypedOrOutsideByCodeAndField) {
    constexpr auto kBad = ErrorCode::BadRequest;
    const Refused table[] = {
        {R"({})", kBad, "id"},
        {R"({"op":"ping"})", kBad, "id"},
        {R"({"op":"ping","id":null})", kBad, "id"},
        {R"({"op":"ping","id":1.5})", kBad, "id"},
        {R"({"op":"ping","id":1e2})", kBad, "id"},
        {R"({"op":"ping","id":true})", kBad, "id"},
        {R"({"op":"ping","id":[1]})", kBad, "id"},
        {R"({"op":"ping","id":9223372036854775808})", kBad, "id"},
        {R"({"op":"ping","id":1,"id":1})", kBad, "id"},
        {R"({"id":1})", kBad, "op"},
        {R"({"id":1,"op":3})", kBad, "op"},
        {R"({"id":1,"op":"ping","op":"ping"})", kBad, "op"},
        {R"({"id":1,"op":"Ping"})", ErrorCode::UnknownOp, "op"},
        {R"({"id":1,"op":""})", ErrorCode::UnknownOp, "op"},
        {R"({"id":1,"op":"subscribe"})", kBad, "channel"},
        {R"({"id":1,"op":"subscribe","channel":1,"symbols":["A:B"]})", kBad, "channel"},
        {R"({"id":1,"op":"subscribe","channel":"l3","symbols":["A:B"]})", ErrorCode::UnknownChannel, "channel"},
        {R"({"id":1,"op":"subscribe","channel":"book"})", kBad, "symbols"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":"A:B"})", kBad, "symbols"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B",1]})", kBad, "symbols"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"symbols":["A:B"]})", kBad, "symbols"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"depth":"25"})", kBad, "depth"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"depth":2.5})", kBad, "depth"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"depth":null})", kBad, "depth"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"depth":-1})", ErrorCode::BadDepth, "depth"},
        {R"({"id":1,"op":"subscribe","channel":"book","symbols":["A:B"],"depth":501})", ErrorCode::BadDepth, "depth"},
        {R"({"id":1,"op":"modify","sid":1,"rate_ms":5001})", ErrorCode::BadRate, "rate_ms"},
        {R"({"id":1,"op":"modify","sid":1,"rate_ms":18446744073709551615})", ErrorCode::BadRate, "rate_ms"},
        {R"({"id":1,"op":"modify","sid":1,"rate_ms":false})", kBad, "rate_ms"},
        {R"({"id":1,"op":"modify","rate_ms":100})", kBad, "sid"},
        {R"({"id":1,"op":"resync"})", kBad, "sid"},
        {R"({"id":1,"op":"resync","sid":-1})", kBad, "sid"},
        {R"({"id":1,"op":"resync","sid":4294967296})", kBad, "sid"},
        {R"({"id":1,"op":"unsubscribe"})", kBad, "sids"},
        {R"({"id":1,"op":"unsubscribe","sids":12})", kBad, "sids"},
        {R"({"id":1,"op":"unsubscribe","sids":[]})", kBad, "sids"},
        {R"({"id":1,"op":"unsubscribe","sids":[1,"2"]})", kBad, "sids"},
        {R"({"id":1,"op":"symbols","match":["*"]})", kBad, "match"},
    };
    for (const Refused& row : table) {
        const auto error = refuse(row.message);
        EXPECT_EQ(error.code, row.code) << row.message;
        EXPECT_EQ(error.field, row.field) << row.message;
        EXPECT_EQ(error.id, row.field == "id" ? "" : "1") << row.message;
    }
}

TEST_F(RequestTest, RefusesAResumeThatIsNoPosition) {
    for (const std::string_view resume : {
             R"(1)",
             R"(["A:B"])",
             R"({"A:B":7})",
             R"({"A:B":{}})",
             R"({"A:B":{"epoch":"k"}})",
             R"({"A:B":{"seq":1}})",
             R"({"A:B":{"epoch":3,"seq":1}})",
             R"({"A:B":{"epoch":"k","seq":-1}})",
             R"({"A:B":{"epoch":"k","seq":1.0}})",
             R"({"A:B":{"epoch":"k","seq":"1"}})",
             R"({"A:B":{"epoch":"k","seq":9007199254740992}})",
             R"({"A:B":{"epoch":"k","seq":1,"seq":1}})",
             R"({"A:B":{"epoch":"k","seq":1,"depth":"25"}})",
             R"({"A:B":{"epoch":"k","seq":1,"depth":-1}})",
             R"({"A:B":{"epoch":"k","seq":1},"A:B":{"epoch":"k","seq":1}})",
         }) {
        const auto error = refuse(R"({"op":"subscribe","id":1,"channel":"book","symbols":["A:B"],"resume":)" +
                                  std::string{resume} + '}');
        EXPECT_EQ(error.code, ErrorCode::BadRequest) << resume;
        EXPECT_EQ(error.field, "resume") << resume;
    }
    accept(R"({"op":"subscribe","id":1,"channel":"book","symbols":["A:B"],
        "resume":{"A:B":{"epoch":"k","seq":9007199254740991}}})");
}

std::string list_of(std::size_t count, std::string_view entry) {
    std::string list = "[";
    for (std::size_t i = 0; i < count; ++i) list.append(i == 0 ? "" : ",").append(entry);
    return list + ']';
}

TEST_F(RequestTest, TakesAsManySymbolsAsAnOpMayNameAndNoMore) {
    const std::string head = R"({"op":"subscribe","id":1,"channel":"bbo","symbols":)";
    accept(head + list_of(200, R"("A:B")") + '}');
    EXPECT_EQ(request.symbols.size(), 200U);
    const auto error = refuse(head + list_of(201, R"("A:B")") + '}');
    EXPECT_EQ(error.code, ErrorCode::BadRequest);
    EXPECT_EQ(error.field, "symbols");
    EXPECT_EQ(error.message, "symbols must have at most 200 entries");
}

TEST_F(RequestTest, TakesNoMoreSidsThanASessionCanHold) {
    accept(R"({"op":"unsubscribe","id":1,"sids":)" + list_of(1000, "1") + '}');
    EXPECT_EQ(refuse(R"({"op":"unsubscribe","id":1,"sids":)" + list_of(1001, "1") + '}').field, "sids");
}

TEST_F(RequestTest, CallsWhatIsNoJsonObjectBadJson) {
    const std::string deep = std::string(60'000, '[');
    for (const std::string_view message : {
             std::string_view{""},
             std::string_view{" "},
             std::string_view{"\0", 1},
             std::string_view{"null"},
             std::string_view{"5"},
             std::string_view{"\"op\""},
             std::string_view{R"([{"op":"ping","id":1}])"},
             std::string_view{R"({"op":"ping","id":1)"},
             std::string_view{R"({"op":"ping","id":1}})"},
             std::string_view{R"({"op":"ping","id":1}{"op":"ping","id":2})"},
             std::string_view{R"({"op":"ping","id":1,})"},
             std::string_view{R"({"op":"ping" "id":1})"},
             std::string_view{R"({"op":"ping","id":01})"},
             std::string_view{R"({"op":"ping","id":1,"x":tru})"},
             std::string_view{R"({"op":"ping","id":1,"x":[1,2})"},
             std::string_view{R"({"op":"ping","id":"\x"})"},
             std::string_view{R"({"op":"ping","id":"\u12"})"},
             std::string_view{R"({"op":"ping","id":"\ud800"})"},
             std::string_view{R"({"op":"ping","id":"\udc00"})"},
             std::string_view{R"({'op':'ping','id':1})"},
             std::string_view{R"({op:"ping",id:1})"},
             std::string_view{"{\"op\":\"ping\",\"id\":\"a\nb\"}"},
             std::string_view{"{\"op\":\"ping\",\"id\":\"\xC3\"}"},
             std::string_view{"{\"op\":\"ping\",\"id\":\"\xED\xA0\x80\"}"},
             std::string_view{"\xFF\xFE{\x00", 4},
             std::string_view{R"({"op":"ping","id":123456789012345678901234567890})"},
             std::string_view{R"({"op":"ping","id":1e999})"},
             std::string_view{deep},
         }) {
        const auto error = refuse(message);
        EXPECT_EQ(error.code, ErrorCode::BadJson) << message.substr(0, 80);
        EXPECT_EQ(error.field, "");
        EXPECT_EQ(error.id, "");
    }
}

constexpr std::string_view kComplete =
    R"({"op":"subscribe","id":"\u00e9","channel":"book","symbols":["A:B","C:*"],"depth":25,"rate_ms":100,)"
    R"("resume":{"A:B":{"epoch":"k3","seq":88121,"depth":25}}})";

TEST_F(RequestTest, RefusesEveryTruncationOfAGoodMessage) {
    accept(kComplete);
    for (std::size_t size = 0; size < kComplete.size(); ++size) {
        EXPECT_EQ(refuse(kComplete.substr(0, size)).code, ErrorCode::BadJson) << size;
    }
}

TEST_F(RequestTest, SurvivesRandomDamageAndGoesOn) {
    std::mt19937 random{20240808};  // fixed: a failure can be repeated
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged{kComplete};
        for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
            damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
        }
        const auto error = parser.parse(Padded{damaged}.view(), request);
        EXPECT_TRUE(!error || !error->message.empty());
    }
    accept(kComplete);
    EXPECT_EQ(request.symbols.size(), 2U);
}

TEST_F(RequestTest, NestsAsDeepAsJsonMayInFieldsThatItIgnores) {
    const std::string nested = std::string(900, '[') + std::string(900, ']');
    accept(R"({"op":"ping","id":1,"x":)" + nested + '}');
}

}  // namespace
}  // namespace tickgate::gateway
