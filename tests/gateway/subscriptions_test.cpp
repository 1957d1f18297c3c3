#include "gateway/subscriptions.hpp"

#include <gtest/gtest.h>

namespace tickgate::gateway {
namespace {

constexpr StreamKey kKey{.instrument = book::InstrumentId{3}, .channel = Channel::Book, .depth = 10, .rate_ms = 100};
constexpr std::uint32_t kSid = 12;

Position at(std::uint64_t sequence) {
    return Position{book::Sequence{sequence}};
}

class SubscriptionsTest : public testing::Test {
protected:
    SubscriptionIndex add(SessionIndex session, Position since = {}) {
        if (first_.size() <= session) first_.resize(session + 1, kNoIndex);
        return subscriptions_.add(session, kKey, kSid, since, first_[session]);
    }
    void remove(SubscriptionIndex index) { subscriptions_.remove(index, first_[subscriptions_[index].session]); }
    ShardStream& stream() { return *subscriptions_.stream(kSid); }

    Subscriptions subscriptions_;
    std::vector<SubscriptionIndex> first_;
};

TEST_F(SubscriptionsTest, ANewOneWaitsAndItsQuestionIsOnItsWay) {
    const SubscriptionIndex index = add(0, at(5));
    EXPECT_FALSE(subscriptions_[index].in_step);
    EXPECT_TRUE(subscriptions_[index].asked);
    EXPECT_EQ(subscriptions_.position(index), at(5));
    EXPECT_EQ(stream().waiting.size(), 1U);
}

TEST_F(SubscriptionsTest, OneInStepIsWhereItsStreamIs) {
    const SubscriptionIndex index = add(0);
    subscriptions_.put_in_step(index);
    stream().at = at(9);
    EXPECT_EQ(subscriptions_.position(index), at(9));
    EXPECT_TRUE(stream().waiting.empty());
    EXPECT_FALSE(subscriptions_[index].asked);
}

TEST_F(SubscriptionsTest, OneThatMissesWaitsAtTheFirstThatItMissed) {
    const SubscriptionIndex index = add(0);
    subscriptions_.put_in_step(index);
    subscriptions_.miss(index, at(7), 100);
    subscriptions_.miss(index, at(8), 200);
    EXPECT_EQ(subscriptions_.position(index), at(7));
    EXPECT_EQ(subscriptions_[index].waits_since, 100U);
    EXPECT_FALSE(subscriptions_[index].asked) << "nobody has asked for it yet";
}

TEST_F(SubscriptionsTest, ForgetsThePositionOfThoseWhoseQuestionWasAnsweredSo) {
    const SubscriptionIndex asked = add(0, at(5));
    const SubscriptionIndex elsewhere = add(1, at(6));
    const SubscriptionIndex not_asked = add(2);
    subscriptions_.put_in_step(not_asked);
    subscriptions_.miss(not_asked, at(5), 1);
    subscriptions_.forget(stream(), at(5));
    EXPECT_TRUE(subscriptions_.position(asked).is_nothing());
    EXPECT_TRUE(subscriptions_[asked].asked);
    EXPECT_EQ(subscriptions_.position(elsewhere), at(6));
    EXPECT_EQ(subscriptions_.position(not_asked), at(5));
}

TEST_F(SubscriptionsTest, GivesBackWhatThoseThatLeftHadNeeded) {
    const SubscriptionIndex stays = add(0, at(5));
    const SubscriptionIndex leaves = add(1);
    const SubscriptionIndex stays_too = add(2);
    for (const SubscriptionIndex index : {leaves, add(3), add(4)}) remove(index);
    subscriptions_.shrink();
    EXPECT_EQ(subscriptions_.size(), 2U);
    EXPECT_EQ(subscriptions_.position(stays), at(5));
    EXPECT_EQ(add(1), leaves) << "a hole is filled first";
    EXPECT_EQ(add(3), stays_too + 1) << "the end was given back";
    EXPECT_EQ(stream().waiting.size(), 4U);
}

TEST_F(SubscriptionsTest, OneThatRestartsHoldsNothingWhereverItStood) {
    const SubscriptionIndex in_step = add(0);
    subscriptions_.put_in_step(in_step);
    const SubscriptionIndex waiting = add(1, at(4));
    for (const SubscriptionIndex index : {in_step, waiting}) {
        subscriptions_.restart(index, 1);
        EXPECT_TRUE(subscriptions_.position(index).is_nothing());
        EXPECT_FALSE(subscriptions_[index].asked);
    }
}

TEST_F(SubscriptionsTest, BlockingASessionLeavesTheOthersInStep) {
    const SubscriptionIndex ours = add(0);
    const SubscriptionIndex other = add(1);
    subscriptions_.put_in_step(ours);
    subscriptions_.put_in_step(other);
    stream().at = at(3);
    subscriptions_.block(first_[0], 1);
    stream().at = at(4);
    EXPECT_EQ(subscriptions_.position(ours), at(3));
    EXPECT_EQ(subscriptions_.position(other), at(4));
}

TEST_F(SubscriptionsTest, AnyOfManyCanGoWithoutTheOthersLosingTheirPlace) {
    std::vector<SubscriptionIndex> all;
    for (SessionIndex session = 0; session < 9; ++session) all.push_back(add(session, at(session)));
    for (const std::size_t i : {1U, 3U, 5U, 6U}) subscriptions_.put_in_step(all[i]);
    for (const std::size_t i : {0U, 3U, 8U}) remove(all[i]);
    EXPECT_EQ(stream().waiting.size(), 3U);
    ASSERT_EQ(stream().in_step.size(), 3U);
    for (const ShardStream::Member& member : stream().in_step) {
        EXPECT_EQ(all[member.session], member.subscription);
        EXPECT_TRUE(subscriptions_[member.subscription].in_step);
    }
    for (std::uint32_t place = 0; place < 3; ++place) {
        EXPECT_EQ(subscriptions_[stream().waiting[place]].place, place);
        EXPECT_EQ(subscriptions_[stream().in_step[place].subscription].place, place);
    }
    EXPECT_EQ(subscriptions_.size(), 6U);
}

TEST_F(SubscriptionsTest, TheLastOneTakesItsStreamAlong) {
    const SubscriptionIndex first = add(0);
    const SubscriptionIndex second = add(1);
    remove(first);
    EXPECT_NE(subscriptions_.stream(kSid), nullptr);
    remove(second);
    EXPECT_EQ(subscriptions_.stream(kSid), nullptr);
    subscriptions_.for_each_stream_of(kKey.instrument, [](ShardStream&) { FAIL() << "its symbol still names it"; });
    EXPECT_EQ(subscriptions_.size(), 0U);
    EXPECT_TRUE(first_[0] == kNoIndex && first_[1] == kNoIndex);
}

TEST_F(SubscriptionsTest, ASessionSeesAllOfItsOwn) {
    first_.resize(1, kNoIndex);
    const SubscriptionIndex first = subscriptions_.add(0, kKey, 1, {}, first_[0]);
    const SubscriptionIndex second = subscriptions_.add(0, kKey, 2, {}, first_[0]);
    const SubscriptionIndex third = subscriptions_.add(0, kKey, 3, {}, first_[0]);
    subscriptions_.remove(second, first_[0]);
    std::vector<SubscriptionIndex> seen;
    subscriptions_.for_each_of(first_[0], [&](SubscriptionIndex index) { seen.push_back(index); });
    EXPECT_EQ(seen, (std::vector<SubscriptionIndex>{third, first}));
}

}  // namespace
}  // namespace tickgate::gateway
