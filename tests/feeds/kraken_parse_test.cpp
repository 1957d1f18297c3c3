#include "feeds/kraken/parse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::kraken {
namespace {

using tests::Padded;

constexpr std::string_view kBook1 =
    R"([7,{"a":[["5.10","1.500","1618678132.5"]]},{"b":[["5.00","3.000","1618678132.4"]],"c":"9"},"book-1000","A/B"])";
constexpr std::string_view kSnapshot1 = R"([7,{"as":[["5.10","1.500","1618678132.5"]],"bs":[]},"book-25","A/B"])";
constexpr std::string_view kTrade1 = R"([9,[["5.05","8.500","1618678155.718950","b","m",""]],"trade","A/B"])";
constexpr std::string_view kBook2 =
    R"({"channel":"book","type":"update","data":[{"symbol":"A/B","bids":[{"price":1.50,"qty":2.0}],)"
    R"("asks":[{"qty":0.00000000,"price":1.60}],"checksum":77,"timestamp":"2026-08-01T02:53:53.646219Z"}]})";
constexpr std::string_view kTrade2 =
    R"({"channel":"trade","type":"update","data":[{"symbol":"A/B","side":"sell","price":1.50,"qty":2.0,"ord_type":"limit",)"
    R"("trade_id":5,"timestamp":"2026-08-01T02:53:53.646219Z"}]})";
constexpr std::string_view kAnswer2 =
    R"({"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"A/B"},"success":true})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class KrakenParse : public testing::Test {
protected:
    boost::system::error_code decode(std::string_view text) {
        padded_ = Padded{text};
        return decoder_.decode(padded_.text(), message_);
    }
    template <typename T>
    const T& as(std::string_view text) {
        const auto error = decode(text);
        EXPECT_FALSE(error) << error.message() << ": " << text;
        return std::get<T>(message_);
    }

    Decoder decoder_;
    Padded padded_{""};
    Message message_;
};

TEST_F(KrakenParse, ReadsAnUpdateOfVersion1InTwoObjects) {
    const auto& book = as<BookMessage>(kBook1);
    EXPECT_EQ(book.symbol, "A/B");
    EXPECT_FALSE(book.is_snapshot);
    EXPECT_EQ(book.depth, 1000U);
    EXPECT_EQ(book.checksum, 9U);
    ASSERT_EQ(book.bids.size(), 1U);
    ASSERT_EQ(book.asks.size(), 1U);
    EXPECT_EQ(book.bids[0].price, (book::Decimal{500, 2}));
    EXPECT_EQ(book.asks[0].quantity, (book::Decimal{1'500, 3}));
}

TEST_F(KrakenParse, ReadsASnapshotOfVersion1) {
    const auto& book = as<BookMessage>(kSnapshot1);
    EXPECT_TRUE(book.is_snapshot);
    EXPECT_EQ(book.depth, 25U);
    EXPECT_EQ(book.checksum, std::nullopt);
    EXPECT_TRUE(book.bids.empty());
}

TEST_F(KrakenParse, ReadsABookOfVersion2WhateverTheOrderOfItsKeys) {
    for (const std::string_view text :
         {kBook2,
          std::string_view{R"({"data":[{"timestamp":"2026-08-01T02:53:53.646219Z","asks":[{"price":1.60,)"
                           R"("qty":0.00000000,"new":{"x":[1]}}],"checksum":77,"bids":[{"qty":2.0,"price":1.50}],)"
                           R"("symbol":"A/B"}],"type":"update","channel":"book"})"}}) {
        const auto& book = as<BookMessage>(text);
        EXPECT_EQ(book.symbol, "A/B");
        EXPECT_EQ(book.checksum, 77U);
        ASSERT_EQ(book.bids.size(), 1U);
        EXPECT_EQ(book.bids[0].price, (book::Decimal{150, 2}));
        ASSERT_EQ(book.asks.size(), 1U);
        EXPECT_EQ(book.asks[0].quantity, (book::Decimal{0, 8}));
    }
}

TEST_F(KrakenParse, ReadsWhatWasSubscribedTo) {
    EXPECT_EQ(as<Subscribed>(kAnswer2).depth, 10U);
    EXPECT_TRUE(std::holds_alternative<Subscribed>(message_));
}

struct Malformed {
    std::string text;
    DecodeError error;
};

TEST_F(KrakenParse, NamesWhatIsWrongWithAMalformedMessage) {
    using enum DecodeError;
    const std::vector<Malformed> table{
        {"", InvalidJson},
        {"{", InvalidJson},
        {"[", InvalidJson},
        {"7", NotAnObject},
        {R"("text")", NotAnObject},
        {"[]", MissingField},
        {R"([1,"ticker","A/B"])", MissingField},
        {R"([1,2,3,4,5,"ticker","A/B"])", BadField},
        {std::string{kBook1}.append("]"), InvalidJson},
        {std::string{kBook2}.append("{}"), InvalidJson},
        {replaced(kBook1, R"("A/B")", "7"), BadField},
        {replaced(kBook1, R"("A/B")", R"("")"), BadField},
        {replaced(kBook1, R"("c":"9")", R"("c":9)"), BadField},
        {replaced(kBook1, R"("c":"9")", R"("c":"4294967296")"), BadField},
        {replaced(kBook1, R"("5.10")", "5.10"), BadLevels},
        {replaced(kBook1, R"("1.500")", R"("-1.500")"), BadLevels},
        {replaced(kBook1, R"(,"1618678132.5")", ""), BadLevels},
        {replaced(kBook1, R"("1618678132.5")", R"("now")"), BadLevels},
        {replaced(kBook1, R"("b":)", R"("bs":)"), MissingField},
        {replaced(kSnapshot1, R"({"as":[["5.10","1.500","1618678132.5"]],"bs":[]})", "{}"), MissingField},
        {replaced(kTrade1, R"("b",)", R"("x",)"), BadField},
        {replaced(kTrade1, R"("8.500")", R"("8.5x")"), BadDecimal},
        {replaced(kTrade1, R"(,"b","m","")", ""), MissingField},
        {replaced(kTrade1, R"([["5.05")", R"(["5.05")"), InvalidJson},
        {replaced(kTrade1, R"([["5.05","8.500","1618678155.718950","b","m",""]])", "7"), BadField},
        {replaced(kBook2, R"("symbol":"A/B",)", ""), MissingField},
        {replaced(kBook2, R"("update")", R"("delta")"), BadField},
        {replaced(kBook2, R"("data")", R"("date")"), MissingField},
        {replaced(kBook2, "1.50", R"("1.50")"), BadLevels},
        {replaced(kBook2, R"(,"qty":2.0)", ""), BadLevels},
        {replaced(kBook2, "2.0", "-2.0"), BadLevels},
        {replaced(kBook2, "77", "4294967296"), BadField},
        {replaced(kBook2, "77", R"("77")"), BadField},
        {replaced(kBook2, "02:53:53.646219Z", "25:53:53.646219Z"), BadField},
        {replaced(kBook2, R"(Z"}])", R"(Z"},{}])"), BadLevels},
        {replaced(kTrade2, "sell", "given"), BadField},
        {replaced(kTrade2, R"("trade_id":5,)", ""), MissingField},
        {replaced(kTrade2, R"("symbol":"A/B",)", ""), MissingField},
        {replaced(kTrade2, "1.50", "1.5.0"), BadDecimal},
        {replaced(kAnswer2, "10", "-10"), BadField},
    };
    for (const auto& [text, error] : table) EXPECT_EQ(decode(text), error) << text;
}

TEST_F(KrakenParse, FindsEveryCutOffMessageMalformed) {
    for (const std::string_view whole : {kBook1, kSnapshot1, kTrade1, kBook2, kTrade2, kAnswer2}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_TRUE(decode(whole.substr(0, size))) << whole.substr(0, size);
        }
    }
}

TEST_F(KrakenParse, SurvivesAnyByteChanged) {
    for (const std::string_view whole : {kBook1, kSnapshot1, kTrade1, kBook2, kTrade2, kAnswer2}) {
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
}  // namespace tickgate::feeds::kraken
