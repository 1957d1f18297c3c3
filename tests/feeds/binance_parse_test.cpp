#include "feeds/binance/parse.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::binance {
namespace {

using book::Side;
using book::UnixNanos;
using tests::Padded;

constexpr std::string_view kDepth =
    R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":11,"u":15,)"
    R"("b":[["61737.63000000","0.00000000"],["61730.17","2"]],"a":[["61837.64000000","1.54698000"]]}})";
constexpr std::string_view kFuturesDepth =
    R"({"e":"depthUpdate","E":1723161257440,"T":1723161257434,"s":"ETHUSD_PERP","ps":"ETHUSD","U":20,"u":25,"pu":9,)"
    R"("b":[],"a":[["2682.13","0"]]})";
constexpr std::string_view kTrade =
    R"({"e":"trade","E":1723161256323,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006",)"
    R"("X":"MARKET","m":false})";
constexpr std::string_view kAggregatedTrade =
    R"({"e":"aggTrade","E":123456789,"a":5933014,"s":"BTCUSDT","p":"0.001","q":"100","f":100,"l":105,"T":123456785,)"
    R"("m":true})";
constexpr std::string_view kSpotTicker =
    R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63","B":"3.78826","a":"61837.64","A":"1.54698"})";
constexpr std::string_view kFuturesTicker =
    R"({"u":77,"e":"bookTicker","s":"ETHUSD_PERP","ps":"ETHUSD","b":"2682.17","B":"159","a":"2682.18","A":"3794",)"
    R"("T":1723161257450,"E":1723161257457})";
constexpr std::string_view kSpotSnapshot =
    R"({"lastUpdateId":218,"bids":[["1.5","2"]],"asks":[["1.6","3"],["1.7","4"]]})";
constexpr std::string_view kCoinSnapshot =
    R"({"lastUpdateId":300,"E":1723161257838,"T":1723161257827,"symbol":"ETHUSD_PERP","pair":"ETHUSD","bids":[],)"
    R"("asks":[["2682.17","159"]]})";

UnixNanos at_ms(std::int64_t ms) {
    return UnixNanos{std::chrono::milliseconds{ms}};
}

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class Parse : public testing::Test {
protected:
    boost::system::error_code decode(std::string_view text) {
        padded_ = Padded{text};
        return decoder_.decode(padded_.text(), message_, levels_);
    }

    template <typename T>
    const T& as(std::string_view text) {
        const auto error = decode(text);
        EXPECT_FALSE(error) << error.message() << ": " << text;
        return std::get<T>(message_);
    }

    void expect_ignored(std::string_view text) {
        EXPECT_FALSE(decode(text)) << text;
        EXPECT_TRUE(std::holds_alternative<Ignored>(message_)) << text;
    }

    Decoder decoder_;
    Padded padded_{""};
    Message message_;
    std::vector<PriceLevel> levels_;
};

TEST_F(Parse, ReadsASpotDepthEventThroughItsEnvelope) {
    const auto& update = as<DepthUpdate>(kDepth);
    EXPECT_EQ(update.symbol, "BTCUSDT");
    EXPECT_EQ(update.ids, (UpdateRange{11, 15, std::nullopt}));
    EXPECT_EQ(update.time, at_ms(1'723'161'255'208)) << "E where there is no T";
    ASSERT_EQ(update.bids.size(), 2U);
    EXPECT_EQ(update.bids[0].price, (book::Decimal{6'173'763'000'000, 8}));
    EXPECT_EQ(update.bids[0].quantity, (book::Decimal{0, 8}));
    EXPECT_EQ(update.bids[1].price, (book::Decimal{6'173'017, 2}));
    ASSERT_EQ(update.asks.size(), 1U);
    EXPECT_EQ(update.asks[0].quantity, (book::Decimal{154'698'000, 8}));
}

TEST_F(Parse, ReadsAFuturesDepthEventWithThePreviousId) {
    const auto& update = as<DepthUpdate>(kFuturesDepth);
    EXPECT_EQ(update.symbol, "ETHUSD_PERP");
    EXPECT_EQ(update.ids, (UpdateRange{20, 25, 9}));
    EXPECT_EQ(update.time, at_ms(1'723'161'257'434)) << "T before E";
    EXPECT_TRUE(update.bids.empty());
    EXPECT_EQ(update.asks.size(), 1U);
}

TEST_F(Parse, ReadsTradesWithTheTakersSide) {
    const auto& trade = as<Trade>(kTrade);
    EXPECT_EQ(trade.symbol, "BTCUSDT");
    EXPECT_EQ(trade.id, 5'266'583'935U);
    EXPECT_EQ(trade.price, (book::Decimal{6'180'030, 2}));
    EXPECT_EQ(trade.quantity, (book::Decimal{6, 3}));
    EXPECT_EQ(trade.aggressor, Side::Bid) << "the buyer was not the maker";
    EXPECT_EQ(trade.time, at_ms(1'723'161'256'322));
    EXPECT_EQ(as<Trade>(replaced(kTrade, "false", "true")).aggressor, Side::Ask);
}

TEST_F(Parse, ReadsAggregatedTradesWithTheirOwnId) {
    const auto& trade = as<Trade>(kAggregatedTrade);
    EXPECT_EQ(trade.id, 5'933'014U);
    EXPECT_EQ(trade.aggressor, Side::Ask);
}

TEST_F(Parse, IgnoresTradesThatWereNotOnTheBook) {
    for (const std::string_view origin : {"INSURANCE_FUND", "ADL", "NA"}) {
        expect_ignored(replaced(kTrade, "MARKET", origin));
    }
}

TEST_F(Parse, ReadsTickersOfSpotWithoutATypeAndOfFuturesWithOne) {
    const auto& spot = as<BookTicker>(kSpotTicker);
    EXPECT_EQ(spot.update_id, 50'093'239'212U);
    EXPECT_EQ(spot.time, book::kNoTime);
    EXPECT_EQ(spot.bid.price, (book::Decimal{6'183'763, 2}));
    EXPECT_EQ(spot.ask.quantity, (book::Decimal{154'698, 5}));
    const auto& futures = as<BookTicker>(kFuturesTicker);
    EXPECT_EQ(futures.symbol, "ETHUSD_PERP");
    EXPECT_EQ(futures.time, at_ms(1'723'161'257'450));
}

TEST_F(Parse, ReadsSnapshotsWithAndWithoutASymbol) {
    const auto& spot = as<DepthSnapshot>(kSpotSnapshot);
    EXPECT_EQ(spot.symbol, "");
    EXPECT_EQ(spot.last_update_id, 218U);
    EXPECT_EQ(spot.time, book::kNoTime);
    EXPECT_EQ(spot.bids.size(), 1U);
    EXPECT_EQ(spot.asks.size(), 2U);
    const auto& coin = as<DepthSnapshot>(kCoinSnapshot);
    EXPECT_EQ(coin.symbol, "ETHUSD_PERP");
    EXPECT_EQ(coin.time, at_ms(1'723'161'257'827));
}

TEST_F(Parse, TakesKeysInAnyOrder) {
    std::vector<std::string> fields{
        R"("e":"depthUpdate")",        R"("s":"BTCUSDT")", R"("U":11)", R"("u":15)", R"("b":[["1","2"]])",
        R"("a":[["3","4"],["5","6"]])"};
    std::sort(fields.begin(), fields.end());
    do {
        std::string text = "{";
        for (const auto& field : fields) text.append(text.size() > 1 ? "," : "").append(field);
        const auto& update = as<DepthUpdate>(text + '}');
        ASSERT_EQ(update.ids, (UpdateRange{11, 15, std::nullopt})) << text;
        ASSERT_EQ(update.bids.size(), 1U) << text;
        ASSERT_EQ(update.asks.size(), 2U) << text;
    } while (std::next_permutation(fields.begin(), fields.end()));
    const auto inner = std::string{kTrade};
    EXPECT_EQ(as<Trade>(R"({"data":)" + inner + R"(,"stream":"btcusdt@trade"})").id, 5'266'583'935U);
}

TEST_F(Parse, SkipsUnknownKeysWhateverTheyHold) {
    const auto text = replaced(kTrade, R"("m":)", R"("z":{"e":"kline","b":[[1]]},"st":1,"zz":[{"u":1}],"":null,"m":)");
    EXPECT_EQ(as<Trade>(text).id, 5'266'583'935U);
}

TEST_F(Parse, AllowsSpaceBetweenTokens) {
    const auto& update = as<DepthUpdate>(
        " { \"e\" : \"depthUpdate\" , \"s\" : \"A\" ,\n\"U\" : 1 , \"u\" : 2 , \"b\" : [ [ \"1\" , \"2\" ] ,\t[ \"3\" "
        ", \"4\" ] ] , \"a\" : [ ] } \r\n");
    EXPECT_EQ(update.bids.size(), 2U);
    EXPECT_EQ(update.ids.last, 2U);
}

TEST_F(Parse, IgnoresWellFormedMessagesOfOtherKinds) {
    expect_ignored(R"({"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"o":"0.1"}}})");
    expect_ignored(R"({"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","T":1})");
    expect_ignored(R"({"result":null,"id":1})");
    expect_ignored(R"({"stream":"!ticker@arr","data":[{"e":"24hrTicker","s":"BTCUSDT"}]})");
    expect_ignored(R"([{"e":"24hrTicker","s":"BTCUSDT"}])");
    expect_ignored("{}");
}

TEST_F(Parse, IgnoresPartialDepthStreamsWhichAreNoDifferences) {
    expect_ignored(replaced(kDepth, "@depth@100ms", "@depth20@100ms"));
    expect_ignored(std::string{R"({"stream":"btcusdt@depth5","data":)"}.append(kSpotSnapshot).append("}"));
}

struct Malformed {
    std::string text;
    DecodeError error;
};

TEST_F(Parse, NamesWhatIsWrongWithAMalformedMessage) {
    using enum DecodeError;
    const std::vector<Malformed> table{
        {"", InvalidJson},
        {"   ", InvalidJson},
        {"hello", InvalidJson},
        {"{", InvalidJson},
        {R"({"e":})", InvalidJson},
        {R"({"e" "trade"})", InvalidJson},
        {R"({"e":"trade",})", InvalidJson},
        {R"({"e":"trade"} {})", InvalidJson},
        {R"({"e":"trade"}])", InvalidJson},
        {std::string{kTrade}.append("x"), InvalidJson},
        {"{\"e\":\"\xff\xfe\"}", InvalidJson},
        {"{\"e\":\"tra\nde\"}", InvalidJson},
        {"7", NotAnObject},
        {"null", NotAnObject},
        {R"("text")", NotAnObject},
        {R"({"stream":"x","data":7})", NotAnObject},
        {R"({"e":7})", BadField},
        {replaced(kDepth, R"("s":"BTCUSDT",)", ""), MissingField},
        {replaced(kDepth, R"("U":11,)", ""), MissingField},
        {replaced(kDepth, R"("u":15,)", ""), MissingField},
        {replaced(kDepth, R"("b":[["61737.63000000","0.00000000"],["61730.17","2"]],)", ""), MissingField},
        {replaced(kDepth, R"("s":"BTCUSDT")", R"("s":7)"), BadField},
        {replaced(kDepth, R"("s":"BTCUSDT")", R"("s":"")"), BadField},
        {replaced(kDepth, R"("s":"BTCUSDT")", R"("s":"B\u0054C")"), BadField},
        {replaced(kDepth, R"("U":11)", R"("U":"11")"), BadField},
        {replaced(kDepth, R"("U":11)", R"("U":-11)"), BadField},
        {replaced(kDepth, R"("U":11)", R"("U":11.5)"), BadField},
        {replaced(kDepth, R"("U":11)", R"("U":16)"), BadField},
        {replaced(kDepth, R"("U":11)", R"("U":null)"), BadField},
        {replaced(kDepth, R"("u":15)", R"("u":99999999999999999999999)"), BadField},
        {replaced(kDepth, R"("E":1723161255208)", R"("E":"now")"), BadField},
        {replaced(kDepth, R"("E":1723161255208)", R"("E":9999999999999999999)"), BadField},
        {replaced(kDepth, R"("E":1723161255208)", R"("E":7258118400001)"), BadField},
        {replaced(kFuturesDepth, R"("pu":9)", R"("pu":[])"), BadField},
        {replaced(kDepth, R"("61730.17")", R"("61x")"), BadLevels},
        {replaced(kDepth, R"("61730.17","2")", R"("61730.17")"), BadLevels},
        {replaced(kDepth, R"("61730.17","2")", R"("61730.17","2","3")"), BadLevels},
        {replaced(kDepth, R"("61730.17","2")", R"(61730.17,"2")"), BadLevels},
        {replaced(kDepth, R"("61730.17","2")", R"("61730.17","-2")"), BadLevels},
        {replaced(kDepth, R"(["61730.17","2"])", R"({"p":1})"), BadLevels},
        {replaced(kDepth, R"(,["61730.17","2"])", ","), BadLevels},
        {replaced(kDepth, R"("a":[["61837.64000000","1.54698000"]])", R"("a":"61837.64")"), BadLevels},
        {replaced(kDepth, R"("a":[["61837.64000000","1.54698000"]])", R"("a":null)"), BadLevels},
        {replaced(kTrade, R"("t":5266583935,)", ""), MissingField},
        {replaced(kTrade, R"("p":"61800.30",)", ""), MissingField},
        {replaced(kTrade, R"("q":"0.006",)", ""), MissingField},
        {replaced(kTrade, R"(,"m":false)", ""), MissingField},
        {replaced(kTrade, R"("m":false)", R"("m":"no")"), BadField},
        {replaced(kTrade, R"("61800.30")", "61800.30"), BadDecimal},
        {replaced(kTrade, R"("61800.30")", R"("61,800")"), BadDecimal},
        {replaced(kTrade, R"("0.006")", R"("-0.006")"), BadDecimal},
        {replaced(kTrade, R"("0.006")", R"("99999999999999999999")"), BadDecimal},
        {replaced(kAggregatedTrade, R"("a":5933014,)", ""), MissingField},
        {replaced(kSpotTicker, R"("B":"3.78826",)", ""), MissingField},
        {replaced(kSpotTicker, R"("b":"61837.63")", R"("b":[])"), BadDecimal},
        {replaced(kSpotSnapshot, R"("bids":[["1.5","2"]],)", ""), MissingField},
        {replaced(kSpotSnapshot, "218", R"("218")"), BadField},
        {replaced(kSpotSnapshot, R"([["1.5","2"]])", R"([["1.5","2"])"), InvalidJson},
        {replaced(kCoinSnapshot, R"("symbol":"ETHUSD_PERP")", R"("symbol":1)"), BadField},
    };
    for (const auto& [text, error] : table) EXPECT_EQ(decode(text), error) << text;
}

TEST_F(Parse, FindsEveryCutOffMessageMalformed) {
    for (const std::string_view whole : {kDepth, kFuturesDepth, kTrade, kSpotTicker, kCoinSnapshot}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_TRUE(decode(whole.substr(0, size))) << whole.substr(0, size);
        }
    }
}

TEST_F(Parse, SurvivesAnyByteChanged) {
    for (const std::string_view whole : {kDepth, kFuturesDepth, kTrade, kSpotTicker, kCoinSnapshot}) {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const char byte : {'"', '[', ']', '{', '}', ',', ':', '\\', '0', 'x', '\0', '\x80', ' '}) {
                std::string text{whole};
                text[at] = byte;
                static_cast<void>(decode(text));
            }
        }
    }
}

}  // namespace
}  // namespace tickgate::feeds::binance
