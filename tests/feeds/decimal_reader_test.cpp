#include "feeds/decimal_reader.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "feeds/scaling.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/seed.hpp"

namespace tickgate::feeds {
namespace {

using tests::Padded;

/// What is read, and that all of `text` was taken.
std::optional<book::Decimal> read(std::string_view text) {
    const Padded padded{text};
    const char* at = padded.text().data();
    book::Decimal value;
    if (!read_quoted_decimal(at, value)) return std::nullopt;
    EXPECT_EQ(at, padded.text().data() + padded.text().size()) << text;
    return value;
}

TEST(DecimalReader, ReadsDigitsAsWritten) {
    const auto decimal = [](std::int64_t mantissa, std::uint8_t scale) { return book::Decimal{mantissa, scale}; };
    EXPECT_EQ(read(R"("0")"), decimal(0, 0));
    EXPECT_EQ(read(R"("61737.63000000")"), decimal(6'173'763'000'000, 8));
    EXPECT_EQ(read(R"("0.00000000")"), decimal(0, 8));
    EXPECT_EQ(read(R"("2682.17")"), decimal(268'217, 2));
    EXPECT_EQ(read(R"("12345678.12345678")"), decimal(1'234'567'812'345'678, 8));
    EXPECT_EQ(read(R"("123456789")"), decimal(123'456'789, 0)) << "more than eight digits";
    EXPECT_EQ(read(R"("123456789.5")"), decimal(1'234'567'895, 1));
    EXPECT_EQ(read(R"("1.123456789")"), decimal(1'123'456'789, 9));
    EXPECT_EQ(read(R"("-1.50")"), decimal(-150, 2));
    EXPECT_EQ(read(R"("9223372036854775807")"), decimal(std::numeric_limits<std::int64_t>::max(), 0));
}

TEST(DecimalReader, RefusesWhatIsNoDecimalThatFits) {
    for (const std::string_view text : {R"("")",
                                        R"(".5")",
                                        R"("5.")",
                                        R"("1.2.3")",
                                        R"("1,5")",
                                        R"("abc")",
                                        R"("1a")",
                                        R"("1.5x")",
                                        R"(" 1")",
                                        R"("1 ")",
                                        R"("-")",
                                        R"("--1")",
                                        R"("+1")",
                                        R"("1)",
                                        R"("1.5)",
                                        "1.5",
                                        "[1]",
                                        R"("9223372036854775808")",
                                        R"("0.1234567890123456789")",
                                        "\"1\\u0030\"",
                                        "\"\xff\""}) {
        EXPECT_EQ(read(text), std::nullopt) << text;
    }
}

TEST(DecimalReader, AgreesWithTheExactParserOnRandomDigits) {
    test::Random random{test::random_seed()};
    const auto digits = [&random](std::int64_t least, std::int64_t most) {
        std::string text;
        for (auto n = random.between(least, most); n > 0; --n) text += static_cast<char>('0' + random.between(0, 9));
        return text;
    };
    for (int i = 0; i < 20'000; ++i) {
        std::string text = digits(1, 12);
        if (random.chance(70)) text += '.' + digits(1, 12);
        const auto expected = book::parse_decimal(text);
        const auto value = read('"' + text + '"');
        ASSERT_EQ(value, expected ? std::optional{*expected} : std::nullopt) << text;
    }
}

TEST(Scaling, RaisesAScaleOnlyForDigitsThatAreNotZero) {
    EXPECT_EQ(raised_scale(2, {150, 2}), 2);
    EXPECT_EQ(raised_scale(2, {1'500, 3}), 2) << "1.500";
    EXPECT_EQ(raised_scale(2, {1'501, 3}), 3) << "1.501";
    EXPECT_EQ(raised_scale(2, {15, 1}), 2);
    EXPECT_EQ(raised_scale(0, {0, 8}), 0);
}

TEST(Scaling, GivesTheMantissaWhereItFits) {
    EXPECT_EQ(mantissa_at(2, {15, 1}), 150);
    EXPECT_EQ(mantissa_at(2, {1'500, 3}), 150);
    EXPECT_EQ(mantissa_at(2, {1'501, 3}), std::nullopt);
    EXPECT_EQ(mantissa_at(18, {10, 0}), std::nullopt) << "10 has no 18 digits after the point in 63 bits";
}

}  // namespace
}  // namespace tickgate::feeds
