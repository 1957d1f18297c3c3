#include "book/decimal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "tests/support/levels.hpp"

namespace tickgate::book {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Decimal, ReadsTextExactly) {
    struct Case {
        std::string_view text;
        Decimal value;
    };
    const Case cases[] = {
        {"0", {0, 0}},
        {"1", {1, 0}},
        {"-1", {-1, 0}},
        {"1.50", {150, 2}},
        {"-0.25", {-25, 2}},
        {"0.00000001", {1, 8}},
        {"64250.10000000", {6'425'010'000'000, 8}},
        {"9223372036854775807", {kMax, 0}},
        {"-9223372036854775807", {-kMax, 0}},
        {"9.223372036854775807", {kMax, 18}},
        {"0.000000000000000001", {1, 18}},
    };
    for (const Case& c : cases) {
        const Result<Decimal> read = parse_decimal(c.text);
        ASSERT_TRUE(read) << c.text;
        EXPECT_EQ(*read, c.value) << c.text;
    }
}

// Two decimals can be one value; what counts about an exponent is the value at a scale.
TEST(Decimal, ReadsExponentsExactly) {
    struct Case {
        std::string_view text;
        unsigned scale;
        std::int64_t mantissa;
    };
    const Case cases[] = {
        {"2e-8", 8, 2},      {"2E-8", 8, 2},
        {"1.5e-3", 4, 15},   {"1.5e3", 0, 1'500},
        {"1e+2", 0, 100},    {"-1.25e1", 1, -125},
        {"5e0", 0, 5},       {"0e5", 0, 0},
        {"1.000e2", 0, 100}, {"1e18", 0, 1'000'000'000'000'000'000},
        {"1e-18", 18, 1},
    };
    for (const Case& c : cases) {
        const Result<Decimal> read = parse_decimal(c.text);
        ASSERT_TRUE(read) << c.text;
        const Result<std::int64_t> mantissa = rescale(*read, c.scale);
        ASSERT_TRUE(mantissa) << c.text;
        EXPECT_EQ(*mantissa, c.mantissa) << c.text;
    }
}

TEST(Decimal, RefusesWhatIsNoDecimal) {
    for (const std::string_view text :
         {"",      "-",   ".",     "-.",   "1.",  ".5",       "-.5",  "+1",    "--1",   " 1",
          "1 ",    "1,5", "1.2.3", "0x10", "1e",  "1e+",      "1e-",  "1e+-5", "1e-+5", "1e++5",
          "1e1.5", "e5",  "1ee5",  "nan",  "inf", "Infinity", "null", "1a",    "\"1\"", "1\n"}) {
        const Result<Decimal> read = parse_decimal(text);
        ASSERT_FALSE(read) << '"' << text << '"';
        EXPECT_EQ(read.error(), DecimalError::Malformed) << '"' << text << '"';
    }
    EXPECT_EQ(parse_decimal(std::string_view{"1\0002", 3}).error(), DecimalError::Malformed);
}

TEST(Decimal, SaysOverflowInsteadOfWrapping) {
    for (const std::string_view text : {"9223372036854775808", "-9223372036854775808", "-9223372036854775809",
                                        "18446744073709551616", "99999999999999999999999999", "92233720368547758.08123",
                                        "1e19", "10e18", "1e400", "1e99999999999999999999"}) {
        const Result<Decimal> read = parse_decimal(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), DecimalError::Overflow) << text;
    }
}

TEST(Decimal, ReadsMoreDigitsThanFitWhereTheyAreZerosAfterThePoint) {
    for (const std::string_view text : {"64250.00000000000000000000000", "64250.0000000000000000"}) {
        const Result<Decimal> read = parse_decimal(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(rescale(*read, 2).value(), 6'425'000) << text;
    }
}

TEST(Decimal, RescalesWithoutRounding) {
    EXPECT_EQ(rescale({150, 2}, 2).value(), 150);
    EXPECT_EQ(rescale({150, 2}, 4).value(), 15'000);
    EXPECT_EQ(rescale({150, 2}, 1).value(), 15);
    EXPECT_EQ(rescale({-1'000, 3}, 0).value(), -1);
    EXPECT_EQ(rescale({0, 8}, 0).value(), 0);
    EXPECT_EQ(rescale({150, 2}, 0).error(), DecimalError::DigitsBeyondScale);
    EXPECT_EQ(rescale({-1, 18}, 17).error(), DecimalError::DigitsBeyondScale);
    EXPECT_EQ(rescale({kMax, 0}, 1).error(), DecimalError::Overflow);
    EXPECT_EQ(rescale({-kMax, 0}, 18).error(), DecimalError::Overflow);
    EXPECT_EQ(rescale({10, 0}, 18).error(), DecimalError::Overflow);
    EXPECT_EQ(rescale({9, 0}, 18).value(), 9'000'000'000'000'000'000);
}

TEST(Decimal, WritesExactlyTheDigitsOfTheScale) {
    EXPECT_EQ(decimal_text(0, 0), "0");
    EXPECT_EQ(decimal_text(0, 2), "0.00");
    EXPECT_EQ(decimal_text(5, 0), "5");
    EXPECT_EQ(decimal_text(5, 1), "0.5");
    EXPECT_EQ(decimal_text(-5, 3), "-0.005");
    EXPECT_EQ(decimal_text(150, 2), "1.50");
    EXPECT_EQ(decimal_text(-12'345, 2), "-123.45");
    EXPECT_EQ(decimal_text(1, 18), "0.000000000000000001");
    EXPECT_EQ(decimal_text(kMax, 0), "9223372036854775807");
    EXPECT_EQ(decimal_text(kMax, 18), "9.223372036854775807");
    EXPECT_EQ(decimal_text(-kMax, 18), "-9.223372036854775807");
}

TEST(Decimal, StaysWithinTheRoomItAsksFor) {
    std::array<char, kMaxDecimalText + 1> out{};
    for (unsigned scale = 0; scale <= kMaxScale; ++scale) {
        for (const std::int64_t mantissa : {std::int64_t{0}, std::int64_t{-1}, kMax, -kMax}) {
            out.fill('#');
            const char* end = write_decimal(out.data(), mantissa, scale);
            EXPECT_LE(end - out.data(), static_cast<std::ptrdiff_t>(kMaxDecimalText));
            EXPECT_EQ(*end, '#') << "nothing is written behind the end";
        }
    }
}

TEST(Decimal, ReadsBackWhatItWrote) {
    for (unsigned scale = 0; scale <= kMaxScale; ++scale) {
        for (std::int64_t mantissa = 1; mantissa < kMax / 11; mantissa *= 11) {
            for (const std::int64_t signed_mantissa : {mantissa, -mantissa}) {
                const Decimal want{signed_mantissa, static_cast<std::uint8_t>(scale)};
                const Result<Decimal> read = parse_decimal(decimal_text(signed_mantissa, scale));
                ASSERT_TRUE(read);
                EXPECT_EQ(*read, want);
            }
        }
    }
}

}  // namespace
}  // namespace tickgate::book
