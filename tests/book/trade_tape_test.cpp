#include "book/trade_tape.hpp"

#include <gtest/gtest.h>

namespace tickgate::book {
namespace {

Trade trade(std::int64_t price) {
    Trade made;
    made.price = Price{price};
    made.quantity = Quantity{2 * price};
    made.aggressor = Side::Ask;
    made.id = VenueId{static_cast<std::uint64_t>(price)};
    return made;
}

TEST(TradeTape, IsEmptyBeforeTheFirstTrade) {
    const TradeTape tape{4};
    EXPECT_EQ(tape.size(), 0U);
    EXPECT_EQ(tape.last(), Sequence{0});
    EXPECT_EQ(tape.first(), Sequence{1});
    EXPECT_EQ(tape.capacity(), 4U);
}

TEST(TradeTape, NumbersTradesFromOneWithoutHoles) {
    TradeTape tape{4};
    for (int i = 1; i <= 3; ++i) tape.add(trade(i));
    EXPECT_EQ(tape.first(), Sequence{1});
    EXPECT_EQ(tape.last(), Sequence{3});
    for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(tape.at(Sequence{i}).id.number(), i);
    EXPECT_EQ(tape.at(Sequence{2}).price, Price{2});
    EXPECT_EQ(tape.at(Sequence{2}).quantity, Quantity{4});
    EXPECT_EQ(tape.at(Sequence{2}).aggressor, Side::Ask);
}

TEST(TradeTape, ForgetsTheOldestWhenItIsFull) {
    TradeTape tape{4};
    for (int i = 1; i <= 11; ++i) tape.add(trade(i));
    EXPECT_EQ(tape.size(), 4U);
    EXPECT_EQ(tape.first(), Sequence{8});
    EXPECT_EQ(tape.last(), Sequence{11});
    for (std::uint64_t i = 8; i <= 11; ++i) EXPECT_EQ(tape.at(Sequence{i}).id.number(), i);
}

TEST(TradeTape, GoesOnWithItsNumbersAtAnotherScale) {
    TradeTape tape{2};
    for (int i = 1; i <= 3; ++i) tape.add(trade(i));
    tape.rescale(10, 100);
    EXPECT_EQ(tape.last(), Sequence{3});
    EXPECT_EQ(tape.at(Sequence{3}).price, Price{30});
    EXPECT_EQ(tape.at(Sequence{3}).quantity, Quantity{600});
    EXPECT_EQ(tape.at(Sequence{2}).price, Price{20});
}

TEST(TradeTape, ForgetsUpToATradeThatDoesNotFitTheNewScale) {
    TradeTape tape{8};
    tape.add(trade(1));
    tape.add(trade(std::int64_t{1} << 61));
    tape.add(trade(3));
    tape.add(trade(4));
    tape.rescale(10, 1);
    EXPECT_EQ(tape.first(), Sequence{3});
    EXPECT_EQ(tape.last(), Sequence{4});
    EXPECT_EQ(tape.at(Sequence{3}).price, Price{30});
    tape.add(trade(5));
    EXPECT_EQ(tape.first(), Sequence{3});
    EXPECT_EQ(tape.last(), Sequence{5});
    EXPECT_EQ(tape.at(Sequence{4}).price, Price{40});
}

}  // namespace
}  // namespace tickgate::book
