#include "feeds/deribit/parse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::deribit {
namespace {

using tests::Padded;

constexpr std::string_view kChange =
    R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.A-PERPETUAL.raw","data":{"type":"change",)"
    R"("timestamp":1626993724318,"prev_change_id":11,"instrument_name":"A-PERPETUAL","change_id":12,)"
    R"("bids":[["delete",0.0015,7.0]],"asks":[["new",1e-4,2.6],["change",-2.5,10]]}}})";
constexpr std::string_view kTrade =
    R"({"params":{"data":[{"trade_id":"ETH-26","timestamp":1626993724318,"price":-0.5,"amount":10.0,"direction":"sell",)"
    R"("instrument_name":"A-PERPETUAL","trade_seq":3,"combo_id":"x"}],"channel":"trades.A-PERPETUAL.100ms"},)"
    R"("method":"subscription","jsonrpc":"2.0"})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), with);
}

class DeribitParse : public testing::Test {
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

TEST_F(DeribitParse, ReadsAChangeWithItsActions) {
    const auto& book = as<BookMessage>(kChange);
    EXPECT_EQ(book.instrument, "A-PERPETUAL");
    EXPECT_EQ(book.change_id, 12U);
    EXPECT_EQ(book.previous, 11U);
    ASSERT_EQ(book.bids.size(), 1U);
    EXPECT_EQ(book.bids[0].price, (book::Decimal{15, 4}));
    EXPECT_EQ(book.bids[0].quantity.mantissa, 0) << "deleted, whatever the amount says";
    ASSERT_EQ(book.asks.size(), 2U);
    EXPECT_EQ(book.asks[0].price, (book::Decimal{1, 4}));
    EXPECT_EQ(book.asks[1].price, (book::Decimal{-25, 1}));
}

TEST_F(DeribitParse, WithoutAPredecessorItIsTheWholeBook) {
    EXPECT_EQ(as<BookMessage>(replaced(kChange, R"("prev_change_id":11,)", "")).previous, std::nullopt);
    EXPECT_EQ(as<BookMessage>(replaced(kChange, ":11,", ":0,")).previous, std::nullopt);
    EXPECT_EQ(as<BookMessage>(replaced(kChange, ":11,", ":null,")).previous, std::nullopt);
    EXPECT_EQ(as<BookMessage>(replaced(kChange, "change", "snapshot")).previous, std::nullopt);
    EXPECT_EQ(as<BookMessage>(replaced(kChange, R"("type":"change",)", "")).previous, 11U);
}

TEST_F(DeribitParse, ReadsATradeWithWhateverId) {
    const auto& trades = as<TradesMessage>(kTrade);
    ASSERT_EQ(trades.trades.size(), 1U);
    EXPECT_EQ(trades.trades[0].trade.aggressor, book::Side::Ask);
    EXPECT_EQ(trades.trades[0].trade.price, (book::Decimal{-5, 1}));
    EXPECT_FALSE(trades.trades[0].trade.id.is_number());
}

struct Malformed {
    std::string text;
    DecodeError error;
};

TEST_F(DeribitParse, NamesWhatIsWrongWithAMalformedMessage) {
    using enum DecodeError;
    const std::vector<Malformed> table{
        {"", InvalidJson},
        {"[]", NotAnObject},
        {std::string{kChange}.append("{}"), InvalidJson},
        {R"({"method":"subscription"})", MissingField},
        {R"({"method":"subscription","params":7})", BadField},
        {R"({"method":"subscription","params":{"channel":"book.A.raw"}})", MissingField},
        {R"({"method":"subscription","params":{"channel":"book.A.raw","data":7}})", BadLevels},
        {replaced(kChange, R"("instrument_name":"A-PERPETUAL",)", ""), MissingField},
        {replaced(kChange, R"("bids")", R"("bid")"), MissingField},
        {replaced(kChange, R"("change",)", R"("other",)"), BadField},
        {replaced(kChange, R"("change_id":12)", R"("change_id":"12")"), BadField},
        {replaced(kChange, R"("change_id":12,)", ""), MissingField},
        {replaced(kChange, ":11,", ":-1,"), BadField},
        {replaced(kChange, R"("new")", R"("add")"), BadLevels},
        {replaced(kChange, "2.6", "-2.6"), BadLevels},
        {replaced(kChange, "2.6", R"("2.6")"), BadLevels},
        {replaced(kChange, ",2.6", ""), BadLevels},
        {replaced(kChange, "1626993724318", "99999999999999"), BadField},
        {replaced(kTrade, "sell", "zero"), BadField},
        {replaced(kTrade, R"("direction":"sell",)", ""), MissingField},
        {replaced(kTrade, R"("ETH-26")", "26"), BadField},
        {replaced(kTrade, "10.0", "-10.0"), BadDecimal},
        {replaced(kTrade, R"("instrument_name":"A-PERPETUAL",)", ""), MissingField},
        {replaced(kTrade, R"("data":[)", R"("data":7,"x":[)"), BadField},
    };
    for (const auto& [text, error] : table) EXPECT_EQ(decode(text), error) << text;
}

TEST_F(DeribitParse, FindsEveryCutOffMessageMalformedAndSurvivesAnyByteChanged) {
    for (const std::string_view whole : {kChange, kTrade}) {
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
}  // namespace tickgate::feeds::deribit
