#include "feeds/coinbase/parse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::coinbase {
namespace {

using tests::Padded;

constexpr std::string_view kSnapshot =
    R"({"type":"snapshot","product_id":"A-USD","asks":[["5.10","1.5"]],"bids":[["5.00","3.0"],["4.90","1"]]})";
constexpr std::string_view kUpdate =
    R"({"type":"l2update","product_id":"A-USD","changes":[["sell","5.20","0.0"]],"time":"2021-04-17T16:43:37.078325Z"})";
constexpr std::string_view kMatch =
    R"({"type":"match","trade_id":7,"maker_order_id":"x","side":"sell","size":"2.5","price":"5.10","product_id":"A-USD",)"
    R"("sequence":9,"time":"2021-04-17T16:43:38.078325Z"})";
constexpr std::string_view kBooks =
    R"({"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:01.456789Z","sequence_num":4,"events":[)"
    R"({"type":"snapshot","product_id":"A-USD","updates":[{"side":"bid","event_time":"1970-01-01T00:00:00Z",)"
    R"("price_level":"5.00","new_quantity":"2.5"}]},{"updates":[{"new_quantity":"0","price_level":"1.5","side":"offer"}],)"
    R"("product_id":"B-USD","type":"update"}]})";
constexpr std::string_view kTrades =
    R"({"channel":"market_trades","client_id":"","timestamp":"2026-04-07T14:30:02.789012Z","sequence_num":5,"events":[)"
    R"({"type":"update","trades":[{"trade_id":"99","product_id":"A-USD","price":"5.10","size":"0.5","side":"BUY",)"
    R"("time":"2026-04-07T14:30:02.789012Z"}]}]})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class CoinbaseParse : public testing::Test {
protected:
    boost::system::error_code decode(std::string_view text) {
        padded_ = Padded{text};
        return decoder_.decode(padded_.text(), message_);
    }
    template <typename T>
    const T& as(std::string_view text) {
        const auto error = decode(text);
        EXPECT_FALSE(error) << error.message() << ": " << text;
        return std::get<T>(message_.said);
    }

    Decoder decoder_;
    Padded padded_{""};
    Message message_;
};

TEST_F(CoinbaseParse, ReadsASnapshotOfExchange) {
    const auto& said = as<BooksMessage>(kSnapshot);
    ASSERT_EQ(said.books.size(), 1U);
    EXPECT_EQ(said.time, book::kNoTime);
    EXPECT_EQ(message_.sequence, std::nullopt);
    EXPECT_TRUE(said.books[0].is_snapshot);
    EXPECT_EQ(said.books[0].product, "A-USD");
    ASSERT_EQ(said.books[0].bids.size(), 2U);
    EXPECT_EQ(said.books[0].bids[0].price, (book::Decimal{500, 2}));
    ASSERT_EQ(said.books[0].asks.size(), 1U);
}

TEST_F(CoinbaseParse, ReadsSeveralBooksOfOneMessageOfAdvancedTrade) {
    const auto& said = as<BooksMessage>(kBooks);
    EXPECT_EQ(message_.sequence, 4U);
    ASSERT_EQ(said.books.size(), 2U);
    EXPECT_TRUE(said.books[0].is_snapshot);
    ASSERT_EQ(said.books[0].bids.size(), 1U);
    EXPECT_EQ(said.books[0].bids[0].quantity, (book::Decimal{25, 1}));
    EXPECT_TRUE(said.books[0].asks.empty());
    EXPECT_EQ(said.books[1].product, "B-USD");
    EXPECT_TRUE(said.books[1].bids.empty());
    ASSERT_EQ(said.books[1].asks.size(), 1U);
    EXPECT_EQ(said.books[1].asks[0].price, (book::Decimal{15, 1}));
}

TEST_F(CoinbaseParse, ABuyingMakerMeansASellingTaker) {
    EXPECT_EQ(as<MatchMessage>(kMatch).match.trade.aggressor, book::Side::Bid) << "the maker sold";
    EXPECT_EQ(as<TradesMessage>(kTrades).trades[0].trade.aggressor, book::Side::Ask) << "the maker bought";
}

struct Malformed {
    std::string text;
    DecodeError error;
};

TEST_F(CoinbaseParse, NamesWhatIsWrongWithAMalformedMessage) {
    using enum DecodeError;
    const std::vector<Malformed> table{
        {"", InvalidJson},
        {"[]", NotAnObject},
        {std::string{kUpdate}.append("{}"), InvalidJson},
        {replaced(kSnapshot, R"("product_id":"A-USD",)", ""), MissingField},
        {replaced(kSnapshot, "bids", "bid"), MissingField},
        {replaced(kSnapshot, R"("1.5")", "1.5"), BadLevels},
        {replaced(kSnapshot, R"("1.5")", R"("0.-10000")"), BadLevels},
        {replaced(kUpdate, R"("0.0")", R"("0.-10000")"), BadLevels},
        {replaced(kUpdate, R"("0.0")", R"("-1")"), BadLevels},
        {replaced(kUpdate, R"("sell")", R"("sold")"), BadLevels},
        {replaced(kUpdate, R"(,"0.0")", ""), BadLevels},
        {replaced(kUpdate, "changes", "change"), MissingField},
        {replaced(kUpdate, "04-17T", "04-17 "), BadField},
        {replaced(kMatch, R"("sell")", R"("SELL")"), BadField},
        {replaced(kMatch, "7,", R"("7",)"), BadField},
        {replaced(kMatch, R"("size":"2.5",)", ""), MissingField},
        {replaced(kMatch, "5.10", "5.1.0"), BadDecimal},
        {replaced(kBooks, R"("sequence_num":4,)", ""), MissingField},
        {replaced(kBooks, R"("sequence_num":4)", R"("sequence_num":-4)"), BadField},
        {replaced(kBooks, R"("snapshot")", R"("whole")"), BadField},
        {replaced(kBooks, R"("product_id":"A-USD",)", ""), MissingField},
        {replaced(kBooks, R"("side":"bid",)", ""), BadLevels},
        {replaced(kBooks, R"("offer")", R"("ask")"), BadLevels},
        {replaced(kBooks, R"(,"new_quantity":"2.5")", ""), BadLevels},
        {replaced(kBooks, "events", "event"), MissingField},
        {replaced(kTrades, R"("99")", "99"), BadField},
        {replaced(kTrades, "BUY", "buy"), BadField},
        {replaced(kTrades, "update", "more"), BadField},
        {replaced(kTrades, R"("trades")", R"("trade")"), MissingField},
        {replaced(kTrades, R"("product_id":"A-USD",)", ""), MissingField},
    };
    for (const auto& [text, error] : table) EXPECT_EQ(decode(text), error) << text;
}

TEST_F(CoinbaseParse, FindsEveryCutOffMessageMalformedAndSurvivesAnyByteChanged) {
    for (const std::string_view whole : {kSnapshot, kUpdate, kMatch, kBooks, kTrades}) {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            EXPECT_TRUE(decode(whole.substr(0, at))) << whole.substr(0, at);
            for (const char byte : {'"', '[', ']', '{', '}', ',', ':', '\\', '0', 'x', '\0', '\x80', ' '}) {
                std::string text{whole};
                text[at] = byte;
                static_cast<void>(decode(text));
            }
        }
    }
}

}  // namespace
}  // namespace tickgate::feeds::coinbase
