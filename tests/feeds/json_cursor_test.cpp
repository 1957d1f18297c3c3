#include "feeds/json_cursor.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds {
namespace {

using tests::Padded;

std::optional<std::vector<book::Decimal>> bare_list(std::string_view text) {
    const Padded padded{text};
    JsonCursor cursor{padded.text()};
    std::vector<book::Decimal> values;
    const auto read = [&] { return cursor.read_decimal<DecimalText::Bare>(values.emplace_back()); };
    if (!cursor.read_list(read) || !cursor.at_end()) return std::nullopt;
    return values;
}

std::optional<std::string> raw(std::string_view text) {
    const Padded padded{text};
    JsonCursor cursor{padded.text()};
    std::string_view value;
    if (!cursor.read_raw(value)) return std::nullopt;
    return std::string{value};
}

TEST(JsonCursor, ReadsBareNumbersAsWritten) {
    const auto values = bare_list("[0.00005100, 63004.9 ,2e-8,-1.50,0,1234567890.123456789,1E3]");
    ASSERT_TRUE(values);
    EXPECT_EQ(*values,
              (std::vector<book::Decimal>{
                  {5'100, 8}, {630'049, 1}, {2, 8}, {-150, 2}, {0, 0}, {1'234'567'890'123'456'789, 9}, {1'000, 0}}));
}

TEST(JsonCursor, RefusesWhatIsNoNumber) {
    for (const std::string_view text : {"[1.5x]", R"(["1.5"])", "[null]", "[1,]", "[1 2]", "[.5]", "[5.]", "[1-2]",
                                        "[+1]", "[--1]", "[1", "[99999999999999999999]"}) {
        EXPECT_EQ(bare_list(text), std::nullopt) << text;
    }
}

TEST(JsonCursor, TakesTheTextOfAnyValue) {
    EXPECT_EQ(raw(R"({"a":[1,"]"],"b":"\"}"} ,7)"), R"({"a":[1,"]"],"b":"\"}"})");
    EXPECT_EQ(raw(" true ]"), "true");
    EXPECT_EQ(raw(R"("a,b",1)"), R"("a,b")");
    EXPECT_EQ(raw(R"("cut off)"), std::nullopt);
    EXPECT_EQ(raw("[1,2"), std::nullopt);
    EXPECT_EQ(raw(","), std::nullopt);
    EXPECT_EQ(raw(R"("\)"), std::nullopt) << "not past its end";
}

TEST(JsonCursor, ReadsAnObjectMemberByMember) {
    const Padded padded{R"({ "a" : "x" , "b":{"c":[1]},"d":2.50 })"};
    JsonCursor cursor{padded.text()};
    std::string_view a;
    book::Decimal d;
    EXPECT_TRUE(cursor.read_object([&](std::string_view key) {
        if (key == "a") return cursor.read_text(a);
        if (key == "d") return cursor.read_decimal<DecimalText::Bare>(d);
        return cursor.skip_value();
    }));
    EXPECT_TRUE(cursor.at_end());
    EXPECT_EQ(a, "x");
    EXPECT_EQ(d, (book::Decimal{250, 2}));
}

TEST(JsonCursor, FindsWhoseABrokenMessageIs) {
    EXPECT_EQ(text_after(R"("symbol":)", R"({"data":[{"symbol": "BTC/USD","bids":[{)"), "BTC/USD");
    EXPECT_EQ(text_after(R"("symbol":)", R"({"symbol":7})"), "");
    EXPECT_EQ(text_after(R"("symbol":)", R"({"symbol":"BTC)"), "");
}

}  // namespace
}  // namespace tickgate::feeds
