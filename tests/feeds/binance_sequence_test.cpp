#include "feeds/binance/sequence.hpp"

#include <gtest/gtest.h>

namespace tickgate::feeds::binance {
namespace {

constexpr UpdateRange spot(std::uint64_t first, std::uint64_t last) {
    return {first, last, std::nullopt};
}

constexpr UpdateRange futures(std::uint64_t previous, std::uint64_t first, std::uint64_t last) {
    return {first, last, previous};
}

DepthSequence after_snapshot(ChainRule rule, std::uint64_t id) {
    DepthSequence sequence{rule};
    sequence.on_snapshot(id);
    return sequence;
}

TEST(DepthSequence, BuffersUntilTheSnapshotArrives) {
    DepthSequence sequence{ChainRule::Spot};
    EXPECT_EQ(sequence.on_delta(spot(1, 5)), DeltaAction::Buffer);
    EXPECT_EQ(sequence.on_delta(spot(9, 9)), DeltaAction::Buffer) << "a hole is found when they are joined";
    EXPECT_FALSE(sequence.joined());
    sequence.on_snapshot(5);
    EXPECT_TRUE(sequence.joined());
}

TEST(DepthSequence, SpotSkipsWhatTheSnapshotHolds) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    EXPECT_EQ(sequence.on_delta(spot(90, 99)), DeltaAction::Skip);
    EXPECT_EQ(sequence.on_delta(spot(95, 100)), DeltaAction::Skip) << "u <= lastUpdateId";
    EXPECT_EQ(sequence.on_delta(spot(101, 103)), DeltaAction::Apply);
}

TEST(DepthSequence, SpotsFirstEventOverlapsTheSnapshot) {
    EXPECT_EQ(after_snapshot(ChainRule::Spot, 100).on_delta(spot(90, 101)), DeltaAction::Apply);
    EXPECT_EQ(after_snapshot(ChainRule::Spot, 100).on_delta(spot(101, 101)), DeltaAction::Apply);
    EXPECT_EQ(after_snapshot(ChainRule::Spot, 100).on_delta(spot(102, 110)), DeltaAction::Gap);
}

TEST(DepthSequence, SpotChainsByTheNextId) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    ASSERT_EQ(sequence.on_delta(spot(99, 105)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(spot(106, 106)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(spot(107, 120)), DeltaAction::Apply);
    EXPECT_EQ(sequence.last_update_id(), 120U);
    EXPECT_EQ(sequence.on_delta(spot(122, 125)), DeltaAction::Gap) << "121 is missing";
}

TEST(DepthSequence, SpotAcceptsNoOverlapOnceChained) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    ASSERT_EQ(sequence.on_delta(spot(101, 105)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(spot(105, 110)), DeltaAction::Gap);
}

TEST(DepthSequence, RepeatsAreSkippedAndBreakNothing) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    ASSERT_EQ(sequence.on_delta(spot(101, 105)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(spot(101, 105)), DeltaAction::Skip);
    EXPECT_EQ(sequence.on_delta(spot(106, 107)), DeltaAction::Apply);

    auto by_previous = after_snapshot(ChainRule::Futures, 100);
    ASSERT_EQ(by_previous.on_delta(futures(80, 90, 105)), DeltaAction::Apply);
    EXPECT_EQ(by_previous.on_delta(futures(80, 90, 105)), DeltaAction::Skip);
    EXPECT_EQ(by_previous.on_delta(futures(105, 200, 210)), DeltaAction::Apply);
}

TEST(DepthSequence, FuturesSkipOnlyWhatIsBeforeTheSnapshot) {
    auto sequence = after_snapshot(ChainRule::Futures, 100);
    EXPECT_EQ(sequence.on_delta(futures(80, 90, 99)), DeltaAction::Skip);
    EXPECT_EQ(sequence.on_delta(futures(99, 100, 100)), DeltaAction::Apply) << "u < lastUpdateId, not <=";
}

TEST(DepthSequence, FuturesFirstEventCoversTheSnapshotsId) {
    EXPECT_EQ(after_snapshot(ChainRule::Futures, 100).on_delta(futures(80, 100, 110)), DeltaAction::Apply);
    EXPECT_EQ(after_snapshot(ChainRule::Futures, 100).on_delta(futures(90, 101, 110)), DeltaAction::Gap)
        << "101 = id + 1 is no overlap where ids are shared by all symbols";
    EXPECT_EQ(after_snapshot(ChainRule::Futures, 100).on_delta(futures(100, 150, 160)), DeltaAction::Apply)
        << "but the snapshot's id as `pu` is";
}

TEST(DepthSequence, FuturesChainByIdentityNeverByTheNextId) {
    auto sequence = after_snapshot(ChainRule::Futures, 100);
    ASSERT_EQ(sequence.on_delta(futures(80, 90, 110)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(futures(110, 500, 510)), DeltaAction::Apply) << "ids jump";
    EXPECT_EQ(sequence.on_delta(futures(509, 511, 520)), DeltaAction::Gap)
        << "U = u + 1, yet another event was between";
}

TEST(DepthSequence, AFuturesEventWithoutAPreviousIdBreaksTheChain) {
    auto sequence = after_snapshot(ChainRule::Futures, 100);
    ASSERT_EQ(sequence.on_delta(futures(80, 90, 110)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(spot(111, 120)), DeltaAction::Gap);
}

TEST(DepthSequence, AfterAGapBuffersUntilTheNextSnapshot) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    ASSERT_EQ(sequence.on_delta(spot(110, 111)), DeltaAction::Gap);
    EXPECT_FALSE(sequence.joined());
    EXPECT_EQ(sequence.on_delta(spot(112, 113)), DeltaAction::Buffer);
    sequence.on_snapshot(111);
    EXPECT_EQ(sequence.on_delta(spot(112, 113)), DeltaAction::Apply);
}

TEST(DepthSequence, CanStartWithTheNextEventWhateverItsIds) {
    DepthSequence sequence{ChainRule::Futures};
    sequence.start_with_next();
    EXPECT_FALSE(sequence.joined());
    EXPECT_EQ(sequence.on_delta(futures(80, 90, 110)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(futures(110, 120, 130)), DeltaAction::Apply);
    EXPECT_EQ(sequence.on_delta(futures(131, 140, 150)), DeltaAction::Gap);
}

TEST(DepthSequence, RestartForgetsTheSnapshot) {
    auto sequence = after_snapshot(ChainRule::Spot, 100);
    sequence.restart();
    EXPECT_EQ(sequence.on_delta(spot(101, 102)), DeltaAction::Buffer);
}

}  // namespace
}  // namespace tickgate::feeds::binance
