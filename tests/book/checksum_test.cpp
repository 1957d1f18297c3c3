#include "book/checksum.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace tickgate::book {
namespace {

std::uint32_t crc(const std::string& text) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

Level level(std::int64_t price, std::int64_t quantity) {
    return {Price{price}, Quantity{quantity}, Sequence{1}};
}

TEST(WireChecksum, IsTheCrcOfTheTextOfBothSides) {
    const std::vector<Level> bids = {level(6'424'990, 75'000), level(6'425'010, 50'000)};
    const std::vector<Level> asks = {level(6'425'100, 1), level(6'425'020, 120'000)};
    EXPECT_EQ(wire_checksum(bids, asks, {2, 5}),
              crc("64250.10:0.50000,64249.90:0.75000|64250.20:1.20000,64251.00:0.00001"));
}

TEST(WireChecksum, OfAnEmptyBookIsThatOfTheBarAlone) {
    EXPECT_EQ(wire_checksum({}, {}, {2, 5}), crc("|"));
}

TEST(WireChecksum, HasNothingWhereASideIsEmpty) {
    const std::vector<Level> side = {level(-100, 3)};
    EXPECT_EQ(wire_checksum(side, {}, {2, 0}), crc("-1.00:3|"));
    EXPECT_EQ(wire_checksum({}, side, {0, 1}), crc("|-100:0.3"));
}

TEST(WireChecksum, CoversTheBestTenOfEachSideOnly) {
    std::vector<Level> bids;
    std::vector<Level> asks;
    for (int i = 0; i < 15; ++i) {  // worst first
        bids.push_back(level(100 + i, 1 + i));
        asks.push_back(level(300 - i, 1 + i));
    }
    std::string text;
    for (int i = 14; i >= 5; --i) text += std::to_string(100 + i) + ':' + std::to_string(1 + i) + (i > 5 ? "," : "|");
    for (int i = 14; i >= 5; --i) text += std::to_string(300 - i) + ':' + std::to_string(1 + i) + (i > 5 ? "," : "");
    EXPECT_EQ(wire_checksum(bids, asks, {0, 0}), crc(text));

    const std::uint32_t before = wire_checksum(bids, asks, {0, 0});
    bids[4] = level(104, 999);
    EXPECT_EQ(wire_checksum(bids, asks, {0, 0}), before) << "the eleventh does not count";
    bids[5] = level(105, 999);
    EXPECT_NE(wire_checksum(bids, asks, {0, 0}), before) << "the tenth does";
}

TEST(WireChecksum, HoldsTheLongestTextThereIs) {
    constexpr std::int64_t kLongest = 9'223'372'036'854'775'807;
    std::vector<Level> bids;
    std::vector<Level> asks;
    std::string bid_text;
    std::string ask_text;
    for (int i = 0; i < 10; ++i) {
        bids.push_back(level(-kLongest + 9 - i, kLongest));
        asks.push_back(level(-kLongest + i, kLongest));
    }
    for (int i = 0; i < 10; ++i) {
        const std::string comma = i > 0 ? "," : "";
        bid_text += comma + decimal_text(-kLongest + i, 18) + ":9.223372036854775807";
        ask_text += comma + decimal_text(-kLongest + 9 - i, 18) + ":9.223372036854775807";
    }
    EXPECT_EQ(wire_checksum(bids, asks, {18, 18}), crc(bid_text + "|" + ask_text));
}

}  // namespace
}  // namespace tickgate::book
