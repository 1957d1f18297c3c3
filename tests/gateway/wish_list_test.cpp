#include "gateway/wish_list.hpp"

#include <gtest/gtest.h>

namespace tickgate::gateway {
namespace {

constexpr book::InstrumentId kFirst{1};
constexpr book::InstrumentId kSecond{2};
constexpr StreamKey kLike{.channel = Channel::Book, .depth = 25, .rate_ms = 100};

StreamKey key_of(book::InstrumentId instrument, std::uint16_t depth = kLike.depth) {
    StreamKey key = kLike;
    key.instrument = instrument;
    key.depth = depth;
    return key;
}

TEST(WishList, HoldsEachStreamOnceInTheOrderAdded) {
    WishList wishes{kLike, 10};
    wishes.add(kSecond);
    wishes.add(kFirst);
    wishes.add(kSecond);
    EXPECT_EQ(wishes.new_ones(), 2U);
    const std::vector<WishedStream> taken = wishes.take();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].key, key_of(kSecond));
    EXPECT_EQ(taken[1].key, key_of(kFirst));
}

TEST(WishList, KnowsWhichStreamsAreHeldAndCountsOnlyTheOthers) {
    WishList wishes{kLike, 1};
    wishes.hold(key_of(kFirst), 12);
    wishes.hold(key_of(kSecond, 50), 13);
    wishes.add(kFirst);
    wishes.add(kSecond);
    EXPECT_EQ(wishes.new_ones(), 1U);
    EXPECT_FALSE(wishes.is_too_long());
    EXPECT_TRUE(wishes.find(kFirst)->held);
    EXPECT_EQ(wishes.find(kFirst)->sid, 12U);
    EXPECT_FALSE(wishes.find(kSecond)->held) << "held at another depth";
    EXPECT_EQ(wishes.find(book::InstrumentId{3}), nullptr);
}

TEST(WishList, IsTooLongWithOneMoreThanThereIsRoomFor) {
    WishList wishes{kLike, 1};
    wishes.add(kFirst);
    EXPECT_FALSE(wishes.is_too_long());
    wishes.add(kFirst);
    EXPECT_FALSE(wishes.is_too_long());
    wishes.add(kSecond);
    EXPECT_TRUE(wishes.is_too_long());
}

}  // namespace
}  // namespace tickgate::gateway
