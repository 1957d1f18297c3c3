#include "book/price.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tickgate::book {
namespace {

std::string price_text(std::int64_t mantissa, unsigned scale) {
    std::array<char, kMaxDecimalText> out;
    return {out.data(), write_price(out.data(), Price{mantissa}, scale)};
}

std::string quantity_text(std::int64_t mantissa, unsigned scale) {
    std::array<char, kMaxDecimalText> out;
    return {out.data(), write_quantity(out.data(), Quantity{mantissa}, scale)};
}

TEST(Price, IsReadAtTheInstrumentsScale) {
    EXPECT_EQ(parse_price("64250.1", 2).value(), Price{6'425'010});
    EXPECT_EQ(parse_price("64250.10000000", 2).value(), Price{6'425'010});
    EXPECT_EQ(parse_price("-37.63", 2).value(), Price{-3'763});
    EXPECT_EQ(parse_price("0", 2).value(), Price{0});
    EXPECT_EQ(parse_price("2e-8", 8).value(), Price{2});
}

TEST(Price, IsNeverRounded) {
    EXPECT_EQ(parse_price("64250.101", 2).error(), DecimalError::DigitsBeyondScale);
    EXPECT_EQ(parse_quantity("0.000000001", 8).error(), DecimalError::DigitsBeyondScale);
}

TEST(Price, RefusesTextThatIsNoDecimal) {
    EXPECT_EQ(parse_price("", 2).error(), DecimalError::Malformed);
    EXPECT_EQ(parse_quantity("1,5", 2).error(), DecimalError::Malformed);
    EXPECT_EQ(parse_price("9223372036854775807", 2).error(), DecimalError::Overflow);
    EXPECT_EQ(parse_quantity("9223372036854775808", 0).error(), DecimalError::Overflow);
}

TEST(Price, HasOneSpelling) {
    EXPECT_EQ(price_text(6'425'010, 2), "64250.10");
    EXPECT_EQ(price_text(0, 2), "0.00");
    EXPECT_EQ(price_text(-5, 2), "-0.05");
    EXPECT_EQ(price_text(7, 0), "7");
}

TEST(Price, IsOrderedByValue) {
    EXPECT_LT(Price{-1}, Price{0});
    EXPECT_GT(Price{2}, Price{1});
    EXPECT_EQ(Price{3}, Price{3});
}

TEST(Quantity, HasOneSpellingAndZeroIsAlwaysZero) {
    EXPECT_EQ(quantity_text(50'000, 5), "0.50000");
    EXPECT_EQ(quantity_text(0, 0), "0");
    EXPECT_EQ(quantity_text(0, 8), "0");
    EXPECT_TRUE(parse_quantity("0.00000000", 5).value().is_zero());
    EXPECT_FALSE(parse_quantity("0.00001", 5).value().is_zero());
}

TEST(DecimalErrors, HaveTextOfTheirOwn) {
    const auto text = [](DecimalError error) { return make_error_code(error).message(); };
    EXPECT_NE(text(DecimalError::Malformed), text(DecimalError::Overflow));
    EXPECT_NE(text(DecimalError::Overflow), text(DecimalError::DigitsBeyondScale));
    EXPECT_FALSE(text(DecimalError::Malformed).empty());
}

}  // namespace
}  // namespace tickgate::book
