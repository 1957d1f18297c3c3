#include "book/order_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/levels.hpp"

namespace tickgate::book {
namespace {

using test::level;
using test::quantities;
using testing::ElementsAre;
using testing::IsEmpty;

using Changes = std::vector<LevelChange>;

void apply(OrderBook& book, const Changes& bids, const Changes& asks, BatchKind kind = BatchKind::Exact) {
    book.begin(book.sequence().next(), kind);
    book.apply(Side::Bid, bids);
    book.apply(Side::Ask, asks);
}

Cut cut_of(const OrderBook& book, std::size_t depth) {
    Cut cut;
    book.copy_cut(depth, cut);
    return cut;
}

BookDelta changes_now(const OrderBook& book, std::uint64_t since, std::size_t depth) {
    BookDelta delta;
    book.changes_since(Sequence{since}, cut_of(book, depth), book.sequence(), depth, delta);
    return delta;
}

BookDelta difference_of(const OrderBook& before, const OrderBook& after, std::size_t depth) {
    BookDelta delta;
    difference(cut_of(before, depth), cut_of(after, depth), depth, delta);
    return delta;
}

TEST(OrderBook, IsEmptyBeforeItsFirstBatch) {
    const OrderBook book;
    EXPECT_EQ(book.sequence(), Sequence{0});
    EXPECT_FALSE(book.best(Side::Bid));
    EXPECT_FALSE(book.best(Side::Ask));
    EXPECT_FALSE(book.crossed());
    EXPECT_TRUE(book.remembers(Sequence{0}));
}

TEST(OrderBook, KeepsTheBestLevelAtTheEndOfEachSide) {
    OrderBook book;
    apply(book, {level(100, 1), level(102, 2), level(101, 3)}, {level(105, 4), level(103, 5), level(104, 6)});
    EXPECT_THAT(quantities(book.side(Side::Bid).levels()), ElementsAre(level(100, 1), level(101, 3), level(102, 2)));
    EXPECT_THAT(quantities(book.side(Side::Ask).levels()), ElementsAre(level(105, 4), level(104, 6), level(103, 5)));
    EXPECT_EQ(book.best(Side::Bid)->price, Price{102});
    EXPECT_EQ(book.best(Side::Ask)->price, Price{103});
}

TEST(OrderBook, CountsTheLevelsThatReallyChanged) {
    OrderBook book;
    book.begin(Sequence{1});
    const auto applied = [&book](const Changes& changes) { return book.apply(Side::Bid, changes); };
    EXPECT_EQ(applied({level(100, 1)}), 1U);
    EXPECT_EQ(applied({level(100, 2)}), 1U);
    EXPECT_EQ(applied({level(100, 2)}), 0U);
    EXPECT_EQ(applied({level(100, 0)}), 1U);
    EXPECT_EQ(applied({level(100, 0)}), 0U);
    EXPECT_EQ(applied({level(102, 1), level(101, 0), level(100, 3)}), 2U);
}

TEST(OrderBook, AppliesABatchInTheOrderGivenWhateverThatIs) {
    OrderBook book;
    apply(book, {level(1, 1), level(3, 3), level(2, 2), level(3, 0), level(3, 4), level(2, 5)}, {});
    EXPECT_THAT(quantities(book.side(Side::Bid).levels()), ElementsAre(level(1, 1), level(2, 5), level(3, 4)));
}

// What stands between moves towards the best, towards the worst, and not at all.
TEST(OrderBook, MakesRoomForAllLevelsOfABatchAtOnce) {
    OrderBook book;
    apply(book, {level(80, 1), level(70, 1), level(60, 1), level(50, 1), level(40, 1), level(30, 1), level(20, 1)}, {});
    apply(book, {level(81, 2), level(70, 0), level(60, 0), level(50, 0), level(45, 2), level(35, 2), level(10, 2)}, {});
    EXPECT_THAT(quantities(book.side(Side::Bid).levels()),
                ElementsAre(level(10, 2), level(20, 1), level(30, 1), level(35, 2), level(40, 1), level(45, 2),
                            level(80, 1), level(81, 2)));
}

TEST(OrderBook, RemembersWhenEachLevelLastChanged) {
    OrderBook book;
    apply(book, {level(100, 1), level(101, 1)}, {});
    apply(book, {level(100, 2), level(101, 1)}, {});
    EXPECT_EQ(book.sequence(), Sequence{2});
    EXPECT_EQ(book.side(Side::Bid).levels()[0].changed, Sequence{2});
    EXPECT_EQ(book.side(Side::Bid).levels()[1].changed, Sequence{1}) << "the same quantity again is no change";
}

TEST(OrderBook, ABatchThatChangesNothingStillCounts) {
    OrderBook book;
    apply(book, {}, {});
    EXPECT_EQ(book.sequence(), Sequence{1});
}

TEST(OrderBook, KnowsWhenItIsCrossedOrLocked) {
    OrderBook book;
    apply(book, {level(100, 1)}, {level(101, 1)});
    EXPECT_FALSE(book.crossed());
    apply(book, {level(101, 1)}, {});
    EXPECT_TRUE(book.crossed()) << "bid at ask";
    apply(book, {}, {level(101, 0), level(90, 1)});
    EXPECT_TRUE(book.crossed());
    apply(book, {level(101, 0), level(100, 0)}, {});
    EXPECT_FALSE(book.crossed()) << "one side is empty";
}

TEST(OrderBook, CutsTheBestLevelsOfEachSide) {
    OrderBook book;
    apply(book, {level(98, 1), level(99, 2), level(100, 3)}, {level(101, 4), level(102, 5)});
    EXPECT_THAT(quantities(cut_of(book, 2).bids), ElementsAre(level(99, 2), level(100, 3)));
    EXPECT_THAT(quantities(cut_of(book, 2).asks), ElementsAre(level(102, 5), level(101, 4)));
    EXPECT_EQ(cut_of(book, 0).bids.size(), 3U);
    EXPECT_EQ(cut_of(book, 500).bids.size(), 3U);
    EXPECT_EQ(book.side(Side::Ask).best(1).front().price, Price{101});
}

TEST(OrderBook, AReplacementTouchesOnlyWhatDiffers) {
    OrderBook book;
    apply(book, {level(98, 1), level(99, 2), level(100, 3)}, {});
    book.begin(Sequence{2});
    Changes levels = {level(101, 9), level(97, 0), level(99, 2), level(98, 5)};
    EXPECT_EQ(book.replace(Side::Bid, levels), 3U) << "98 changed, 100 left, 101 came; 97 is no level";
    EXPECT_THAT(quantities(book.side(Side::Bid).levels()), ElementsAre(level(98, 5), level(99, 2), level(101, 9)));
    EXPECT_EQ(book.side(Side::Bid).levels()[1].changed, Sequence{1});
    EXPECT_EQ(book.side(Side::Bid).levels()[2].changed, Sequence{2});
    EXPECT_THAT(changes_now(book, 1, 0).bids, ElementsAre(level(101, 9), level(100, 0), level(98, 5)));
}

TEST(OrderBook, AReplacementByNothingEmptiesTheSide) {
    OrderBook book;
    apply(book, {level(98, 1), level(99, 2)}, {level(101, 1)});
    book.begin(Sequence{2});
    Changes nothing;
    EXPECT_EQ(book.replace(Side::Bid, nothing), 2U);
    EXPECT_THAT(book.side(Side::Bid).levels(), IsEmpty());
    EXPECT_EQ(book.side(Side::Ask).levels().size(), 1U);
}

TEST(ChangesSince, NamesWhatChangedAndWhatLeftBestFirst) {
    OrderBook book;
    apply(book, {level(98, 1), level(99, 1), level(100, 1)}, {level(101, 1), level(102, 1)});
    apply(book, {level(100, 0), level(98, 7)}, {level(103, 2), level(101, 4)});
    const BookDelta delta = changes_now(book, 1, 0);
    EXPECT_THAT(delta.bids, ElementsAre(level(100, 0), level(98, 7)));
    EXPECT_THAT(delta.asks, ElementsAre(level(101, 4), level(103, 2)));
    EXPECT_TRUE(changes_now(book, 2, 0).empty());
}

TEST(ChangesSince, BringsUpWhatWasBelowTheCut) {
    OrderBook book;
    apply(book, {level(97, 1), level(98, 1), level(99, 1), level(100, 1)}, {});
    apply(book, {level(100, 0)}, {});
    EXPECT_THAT(changes_now(book, 1, 2).bids, ElementsAre(level(100, 0), level(98, 1)))
        << "98 did not change, but a client of depth 2 never had it";
}

TEST(ChangesSince, LeavesOutDeparturesBelowTheCut) {
    OrderBook book;
    apply(book, {level(97, 1), level(98, 1), level(99, 1), level(100, 1)}, {});
    apply(book, {level(97, 0)}, {});
    EXPECT_TRUE(changes_now(book, 1, 2).empty());
}

TEST(ChangesSince, AnswersForACutOfThePast) {
    OrderBook book;
    apply(book, {level(99, 1), level(100, 1)}, {});
    apply(book, {level(100, 2)}, {});
    const Cut sent = cut_of(book, 2);
    apply(book, {level(99, 0)}, {});
    BookDelta delta;
    book.changes_since(Sequence{1}, sent, Sequence{2}, 2, delta);
    EXPECT_THAT(delta.bids, ElementsAre(level(100, 2))) << "99 left after the cut";
}

TEST(OrderBook, ForgetsBeyondItsHorizonAndSaysSo) {
    OrderBook book{2};
    apply(book, {level(1, 1), level(2, 1), level(3, 1), level(4, 1)}, {});
    apply(book, {level(1, 0)}, {});
    apply(book, {level(2, 0)}, {});
    EXPECT_TRUE(book.remembers(Sequence{0}));
    apply(book, {level(3, 0)}, {});  // the departure at 2 is forgotten
    EXPECT_FALSE(book.remembers(Sequence{1}));
    EXPECT_TRUE(book.remembers(Sequence{2}));
    EXPECT_TRUE(book.remembers(Sequence{4}));
}

TEST(OrderBook, TheHorizonIsThatOfTheSideThatForgotMore) {
    OrderBook book{1};
    apply(book, {level(1, 1)}, {level(5, 1), level(6, 1)});
    apply(book, {}, {level(5, 0)});
    apply(book, {}, {level(6, 0)});
    EXPECT_FALSE(book.remembers(Sequence{1}));
    EXPECT_TRUE(book.remembers(Sequence{2}));
}

TEST(OrderBook, InsideAHoleNobodyCanBeBroughtOn) {
    OrderBook book;
    apply(book, {level(1, 1)}, {});
    book.add_hole(Sequence{1}, Sequence{9});
    book.begin(Sequence{9});
    Changes levels = {level(2, 2)};
    book.replace(Side::Bid, levels);
    EXPECT_TRUE(book.remembers(Sequence{1}));
    EXPECT_FALSE(book.remembers(Sequence{2}));
    EXPECT_FALSE(book.remembers(Sequence{8}));
    EXPECT_TRUE(book.remembers(Sequence{9}));
}

TEST(OrderBook, AMergedBatchCountsEveryPriceItNames) {
    OrderBook book;
    apply(book, {level(1, 1), level(2, 1)}, {});
    book.begin(Sequence{5}, BatchKind::Merged);
    // One left and came back meanwhile, the other came and went.
    book.apply(Side::Bid, Changes{level(1, 1), level(3, 0)});
    EXPECT_THAT(changes_now(book, 3, 0).bids, ElementsAre(level(3, 0), level(1, 1)));
}

TEST(OrderBook, ARescaledBookGoesOnWithItsNumbersAndForgetsTheRest) {
    OrderBook book;
    apply(book, {level(10, 3)}, {level(11, 4)});
    apply(book, {level(9, 3)}, {});
    ASSERT_TRUE(book.rescale(10, 100));
    EXPECT_EQ(book.sequence(), Sequence{2});
    EXPECT_EQ(book.best(Side::Bid)->price, Price{100});
    EXPECT_EQ(book.best(Side::Bid)->quantity, Quantity{300});
    EXPECT_EQ(book.best(Side::Ask)->price, Price{110});
    EXPECT_FALSE(book.remembers(Sequence{1}));
    EXPECT_TRUE(book.remembers(Sequence{2}));
    apply(book, {level(100, 0)}, {});
    EXPECT_THAT(changes_now(book, 2, 0).bids, ElementsAre(level(100, 0)));
}

TEST(OrderBook, RefusesAScaleThatDoesNotFitAndStaysAsItWas) {
    OrderBook book;
    apply(book, {level(10, 3)}, {level(std::int64_t{1} << 62, 4)});
    EXPECT_FALSE(book.rescale(10, 1));
    EXPECT_FALSE(book.rescale(1, std::int64_t{1} << 62));
    EXPECT_EQ(book.best(Side::Bid)->price, Price{10});
    EXPECT_TRUE(book.remembers(Sequence{0}));
}

// A book remembers a bounded number of holes; what it gives up instead is everything before the one it forgets.
TEST(OrderBook, AForgottenHoleStaysForgotten) {
    OrderBook book{1'000};
    std::vector<Sequence> inside;
    for (int i = 0; i < 100; ++i) {  // each leaves a level or a departure, and a hole of two sequences
        apply(book, {level(5, i % 2)}, {});
        const std::uint64_t now = book.sequence().value();
        book.add_hole(Sequence{now}, Sequence{now + 3});
        book.begin(Sequence{now + 3});
        inside.push_back(Sequence{now + 1});
    }
    for (std::int64_t i = 0; i < 2'000; ++i) {  // the log turns round, past the oldest departures
        apply(book, {level(6, i % 2)}, {});
        for (const Sequence sequence : inside) ASSERT_FALSE(book.remembers(sequence)) << sequence.value();
    }
}

TEST(Difference, IsExactlyWhatChangedBestFirst) {
    OrderBook before;
    apply(before, {level(98, 1), level(99, 1), level(100, 1)}, {level(101, 1), level(103, 1)});
    OrderBook after;
    apply(after, {level(97, 1), level(99, 1), level(100, 5)}, {level(102, 2), level(103, 1)});
    const BookDelta delta = difference_of(before, after, 0);
    EXPECT_THAT(delta.bids, ElementsAre(level(100, 5), level(98, 0), level(97, 1)));
    EXPECT_THAT(delta.asks, ElementsAre(level(101, 0), level(102, 2)));
    EXPECT_TRUE(difference_of(after, after, 0).empty());
}

TEST(Difference, LeavesToTheClientsCutWhatOnlyFellBelowIt) {
    OrderBook before;
    apply(before, {level(98, 1), level(99, 1)}, {});
    OrderBook after;
    apply(after, {level(98, 1), level(99, 1), level(100, 1)}, {});
    EXPECT_THAT(difference_of(before, after, 2).bids, ElementsAre(level(100, 1)));
    EXPECT_THAT(difference_of(after, before, 2).bids, ElementsAre(level(100, 0), level(98, 1)));
}

TEST(Difference, OverwritesWhatItIsGiven) {
    const OrderBook empty;
    BookDelta delta{.bids = {level(1, 1)}, .asks = {level(2, 2)}};
    difference(cut_of(empty, 1), cut_of(empty, 1), 1, delta);
    EXPECT_TRUE(delta.empty());
}

}  // namespace
}  // namespace tickgate::book
