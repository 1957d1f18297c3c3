#include "book/symbol_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/levels.hpp"

namespace tickgate::book {
namespace {

using test::level;
using test::quantities;
using testing::ElementsAre;
using testing::IsEmpty;

using Events = std::vector<Event>;

UnixNanos at(std::int64_t nanos) {
    return UnixNanos{std::chrono::nanoseconds{nanos}};
}

Event book_event(EventKind kind, Side side, std::int64_t price, std::int64_t quantity) {
    Event event;
    event.kind = kind;
    event.side = side;
    event.price = Price{price};
    event.quantity = Quantity{quantity};
    return event;
}

Event bid(std::int64_t price, std::int64_t quantity) {
    return book_event(EventKind::Level, Side::Bid, price, quantity);
}
Event ask(std::int64_t price, std::int64_t quantity) {
    return book_event(EventKind::Level, Side::Ask, price, quantity);
}
Event clear() {
    return book_event(EventKind::Clear, Side::Bid, 0, 0);
}

/// Ends the run as the last event of a venue message with this update id.
Events last(Events run, std::uint64_t id = 1) {
    run.back().flags |= Event::kLast;
    run.back().id = VenueId{id};
    return run;
}

Events ticker(std::uint64_t id, std::int64_t bid_price, std::int64_t ask_price) {
    return last(
        {book_event(EventKind::Touch, Side::Bid, bid_price, 1), book_event(EventKind::Touch, Side::Ask, ask_price, 1)},
        id);
}

Events partial_snapshot(Events levels, std::uint64_t id = 1) {
    levels.insert(levels.begin(), clear());
    levels.front().flags |= Event::kPartialSnapshot;
    return last(std::move(levels), id);
}

class SymbolBookTest : public testing::Test {
protected:
    Applied apply(const Events& run) { return book_.apply(run); }
    std::vector<LevelChange> bids() const { return quantities(book_.book().side(Side::Bid).levels()); }
    std::vector<LevelChange> asks() const { return quantities(book_.book().side(Side::Ask).levels()); }
    Sequence sequence() const { return book_.book().sequence(); }

    const Instrument instrument_{.symbol = "BINANCE:BTC-USDT", .venue_symbol = "BTCUSDT", .scales = {2, 5}};
    SymbolBook book_{instrument_};
};

TEST_F(SymbolBookTest, AppliesABatchAsAWhole) {
    const Applied applied = apply(last({bid(100, 1), ask(101, 2)}));
    EXPECT_EQ(applied.kind, Applied::Kind::Batch);
    EXPECT_FALSE(applied.snapshot);
    EXPECT_EQ(applied.changes, 2U);
    EXPECT_EQ(sequence(), Sequence{1});
    EXPECT_THAT(bids(), ElementsAre(level(100, 1)));
    EXPECT_THAT(asks(), ElementsAre(level(101, 2)));
}

TEST_F(SymbolBookTest, HoldsABatchUntilItsLastEventHasCome) {
    EXPECT_EQ(apply({bid(100, 1)}).kind, Applied::Kind::Nothing);
    EXPECT_EQ(apply({bid(99, 1), ask(101, 1)}).kind, Applied::Kind::Nothing);
    EXPECT_EQ(sequence(), Sequence{0});
    EXPECT_THAT(bids(), IsEmpty());
    EXPECT_EQ(apply(last({ask(102, 1)})).changes, 4U);
    EXPECT_EQ(sequence(), Sequence{1});
    EXPECT_THAT(bids(), ElementsAre(level(99, 1), level(100, 1)));

    EXPECT_EQ(apply(last({bid(98, 1)})).changes, 1U) << "the held batch is done with";
    EXPECT_EQ(apply(last({clear(), bid(98, 1)})).kind, Applied::Kind::Batch);
    EXPECT_EQ(sequence(), Sequence{3});
    EXPECT_EQ(book_.dropped_batches(), 0U);
}

TEST_F(SymbolBookTest, CountsOnlyLevelsThatReallyChanged) {
    apply(last({bid(100, 1)}));
    const Applied applied = apply(last({bid(100, 1), bid(99, 0)}));
    EXPECT_EQ(applied.kind, Applied::Kind::Batch);
    EXPECT_EQ(applied.changes, 0U);
    EXPECT_EQ(sequence(), Sequence{2}) << "a batch that changes nothing is one all the same";
}

TEST_F(SymbolBookTest, DropsABrokenOffBatchWhole) {
    apply(last({bid(100, 1)}));
    apply({bid(90, 9), ask(200, 9)});
    const Applied applied = apply(last({clear(), bid(100, 2)}));
    EXPECT_EQ(applied.kind, Applied::Kind::Batch);
    EXPECT_EQ(book_.dropped_batches(), 1U);
    EXPECT_EQ(sequence(), Sequence{2});
    EXPECT_THAT(bids(), ElementsAre(level(100, 2)));
    EXPECT_THAT(asks(), IsEmpty());
}

TEST_F(SymbolBookTest, DropsABrokenOffSnapshotWhole) {
    apply(last({bid(100, 1)}));
    apply({clear(), bid(90, 9)});
    apply(last({clear(), bid(80, 8)}));
    EXPECT_EQ(book_.dropped_batches(), 1U);
    EXPECT_THAT(bids(), ElementsAre(level(80, 8)));
}

TEST_F(SymbolBookTest, ATradeDoesNotBreakABatchOff) {
    apply({bid(100, 1)});
    apply({book_event(EventKind::Trade, Side::Bid, 100, 5)});
    apply(last({bid(101, 1)}));
    EXPECT_EQ(book_.dropped_batches(), 0U);
    EXPECT_THAT(bids(), ElementsAre(level(100, 1), level(101, 1)));
}

TEST_F(SymbolBookTest, AppliesASnapshotAsTheDifference) {
    apply(last({bid(98, 1), bid(99, 2), ask(101, 3)}));
    const Applied applied = apply(last({clear(), bid(99, 2), bid(100, 7), ask(101, 3)}));
    EXPECT_TRUE(applied.snapshot);
    EXPECT_EQ(applied.changes, 2U) << "98 left, 100 came";
    EXPECT_THAT(bids(), ElementsAre(level(99, 2), level(100, 7)));
    EXPECT_EQ(book_.book().side(Side::Bid).levels()[0].changed, Sequence{1});
    EXPECT_EQ(book_.book().side(Side::Ask).levels()[0].changed, Sequence{1});
    EXPECT_TRUE(book_.book().remembers(Sequence{1}));
}

TEST_F(SymbolBookTest, AnEmptySnapshotEmptiesTheBook) {
    apply(last({bid(98, 1), ask(101, 3)}));
    const Applied applied = apply(last({clear()}));
    EXPECT_TRUE(applied.snapshot);
    EXPECT_EQ(applied.changes, 2U);
    EXPECT_THAT(bids(), IsEmpty());
    EXPECT_THAT(asks(), IsEmpty());
}

TEST_F(SymbolBookTest, KeepsIdAndTimesOfTheNewestBatch) {
    Events run = last({bid(100, 1), bid(99, 1)}, 4'711);
    run.back().venue_time = at(5);
    run.back().receive_time = at(6);
    apply(run);
    apply({bid(98, 1)});
    EXPECT_EQ(book_.venue_id().number(), 4'711U);
    EXPECT_EQ(book_.venue_time(), at(5));
    EXPECT_EQ(book_.receive_time(), at(6));
}

TEST_F(SymbolBookTest, PutsTradesOnTheTape) {
    Event trade = book_event(EventKind::Trade, Side::Ask, 6'425'010, 100);
    trade.id = VenueId{std::uint64_t{77}};
    trade.venue_time = at(5);
    trade.receive_time = at(6);
    EXPECT_EQ(apply({trade}).kind, Applied::Kind::Trade);
    EXPECT_EQ(sequence(), Sequence{0}) << "trades have numbers of their own";
    ASSERT_EQ(book_.trades().last(), Sequence{1});
    const Trade& taped = book_.trades().at(Sequence{1});
    EXPECT_EQ(taped.price, Price{6'425'010});
    EXPECT_EQ(taped.quantity, Quantity{100});
    EXPECT_EQ(taped.aggressor, Side::Ask);
    EXPECT_EQ(taped.id.number(), 77U);
    EXPECT_EQ(taped.venue_time, at(5));
    EXPECT_EQ(taped.receive_time, at(6));
}

TEST_F(SymbolBookTest, CountsChangesOfState) {
    EXPECT_EQ(book_.status().state, SymbolState::Starting);
    EXPECT_EQ(book_.status().changes, 0U);
    EXPECT_EQ(apply({Event::status({}, SymbolState::Live, StateReason::Snapshot, at(1))}).kind, Applied::Kind::Status);
    apply({Event::status({}, SymbolState::Resyncing, StateReason::Gap, at(2))});
    EXPECT_EQ(book_.status().state, SymbolState::Resyncing);
    EXPECT_EQ(book_.status().reason, StateReason::Gap);
    EXPECT_EQ(book_.status().since, at(2));
    EXPECT_EQ(book_.status().changes, 2U);
    EXPECT_EQ(apply({Event::status({}, SymbolState::Resyncing, StateReason::Gap, at(3))}).kind, Applied::Kind::Nothing);
    EXPECT_EQ(book_.status().changes, 2U) << "said twice is one change";
    EXPECT_EQ(book_.status().since, at(2));
}

TEST_F(SymbolBookTest, ANewScaleBeforeAnythingWasNumberedKeepsTheEpoch) {
    const Applied applied = apply({Event::scale({}, {4, 8}, at(1))});
    EXPECT_EQ(applied.kind, Applied::Kind::Rescaled);
    EXPECT_FALSE(applied.new_epoch);
    EXPECT_EQ(book_.epoch(), 0U);
    EXPECT_EQ(book_.scales(), (Scales{4, 8}));
}

TEST_F(SymbolBookTest, ANewScaleStartsAnEpochAndGoesOnWithTheNumbers) {
    apply(last({bid(100, 1), ask(101, 2)}));
    apply(last({bid(99, 1)}));
    apply({book_event(EventKind::Trade, Side::Bid, 101, 5)});
    const Applied applied = apply({Event::scale({}, {3, 7}, at(1))});
    EXPECT_TRUE(applied.new_epoch);
    EXPECT_EQ(book_.epoch(), 1U);
    EXPECT_EQ(sequence(), Sequence{3}) << "one of its own: whoever holds the old text is before the horizon";
    EXPECT_THAT(bids(), ElementsAre(level(990, 100), level(1'000, 100)));
    EXPECT_THAT(asks(), ElementsAre(level(1'010, 200)));
    EXPECT_FALSE(book_.book().remembers(Sequence{2}));
    EXPECT_TRUE(book_.book().remembers(Sequence{3}));
    EXPECT_EQ(book_.trades().at(Sequence{1}).price, Price{1'010});
    EXPECT_EQ(book_.trades().at(Sequence{1}).quantity, Quantity{500});
}

TEST_F(SymbolBookTest, ABookThatDoesNotFitTheNewScaleIsEmptiedAndNotBelieved) {
    apply(last({bid(std::int64_t{1} << 61, 1), bid(99, 1)}));
    const Applied applied = apply({Event::scale({}, {3, 5}, at(1))});
    EXPECT_TRUE(applied.new_epoch);
    EXPECT_THAT(bids(), IsEmpty());
    EXPECT_EQ(book_.status().state, SymbolState::Resyncing);
    EXPECT_EQ(book_.status().reason, StateReason::BadMessage);
    apply({Event::status({}, SymbolState::Live, StateReason::None, at(2))});
    apply(last({clear(), bid(990, 1)}));
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_THAT(bids(), ElementsAre(level(990, 1)));
}

TEST_F(SymbolBookTest, SaysOnceThatTheTouchLeftAPartialSnapshot) {
    apply({Event::status({}, SymbolState::Live, StateReason::Snapshot, at(1))});
    apply(partial_snapshot({bid(100, 1), bid(99, 1), ask(101, 1), ask(102, 1)}));
    EXPECT_FALSE(apply(last({bid(100, 0)})).reason_changed) << "99 was covered";
    EXPECT_FALSE(apply(last({bid(90, 1)})).reason_changed) << "not the touch";
    Events leaving = last({bid(99, 0)});
    leaving.back().receive_time = at(5);
    const Applied applied = apply(leaving);
    EXPECT_TRUE(applied.reason_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_EQ(book_.status().reason, StateReason::OutsideSnapshot);
    EXPECT_EQ(book_.status().since, at(5));
    EXPECT_EQ(book_.status().changes, 2U);
    EXPECT_FALSE(apply(last({bid(90, 2)})).reason_changed);
}

TEST_F(SymbolBookTest, ALaterSnapshotEndsThatTheTouchLeftTheOneBefore) {
    apply({Event::status({}, SymbolState::Live, StateReason::None, at(1))});
    apply(partial_snapshot({bid(100, 1), ask(101, 1)}));
    apply(last({bid(100, 0), bid(90, 1)}));
    ASSERT_EQ(book_.status().reason, StateReason::OutsideSnapshot);
    Events later = partial_snapshot({bid(90, 1), ask(101, 1)});
    later.back().receive_time = at(7);
    EXPECT_TRUE(apply(later).reason_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_EQ(book_.status().reason, StateReason::None);
    EXPECT_EQ(book_.status().since, at(7));
    EXPECT_EQ(book_.status().changes, 3U);
    EXPECT_TRUE(apply(last({bid(90, 0), bid(80, 1)})).reason_changed) << "the later one has a range of its own";
}

TEST_F(SymbolBookTest, WatchesTheAskSideOfAPartialSnapshotToo) {
    apply(partial_snapshot({bid(100, 1), ask(101, 1), ask(102, 1)}));
    apply(last({ask(101, 0), ask(110, 1)}));
    EXPECT_TRUE(apply(last({ask(102, 0)})).reason_changed);
}

TEST_F(SymbolBookTest, AFullSnapshotHasNoRangeToLeave) {
    apply(last({clear(), bid(100, 1), ask(101, 1)}));
    EXPECT_FALSE(apply(last({bid(100, 0), bid(50, 1)})).reason_changed);
}

TEST_F(SymbolBookTest, ChecksItsTouchByTheVenuesTickers) {
    apply(ticker(10, 100, 101));
    EXPECT_EQ(apply(last({bid(100, 1), ask(101, 1)}, 12)).touch_mismatches, 0U);
    EXPECT_EQ(apply(last({bid(100, 2)}, 15)).touch_mismatches, 0U) << "not decided before a ticker of a higher id";
    EXPECT_EQ(apply(ticker(20, 100, 101)).touch_mismatches, 1U) << "the ticker said 1, the book 2";
    EXPECT_EQ(book_.touch_check().ok(), 1U);
    EXPECT_EQ(book_.touch_check().failed(), 1U);
    EXPECT_THAT(bids(), ElementsAre(level(100, 2))) << "a ticker is never merged into the book";
    EXPECT_EQ(sequence(), Sequence{2});
}

TEST_F(SymbolBookTest, NoSnapshotIsCheckedByTickers) {
    apply(ticker(10, 100, 101));
    apply(last({clear(), bid(50, 1), ask(51, 1)}, 12));
    apply(ticker(20, 100, 101));
    EXPECT_EQ(book_.touch_check().failed(), 0U);
    apply(last({bid(52, 1)}, 21));
    EXPECT_EQ(book_.finish_touch_check(), 1U) << "the increment after it is";
}

TEST_F(SymbolBookTest, ChecksItsTouchAlsoWhenTheIdsStartOver) {
    for (const std::uint64_t pass : {1U, 2U}) {
        apply(last({clear(), bid(100, 1), ask(101, 1)}, 8));
        apply(ticker(10, 100, 101));
        apply(last({bid(99, 1)}, 12));
        apply(ticker(20, 100, 101));
        apply(last({bid(99, 2)}, 21));
        apply(ticker(30, 100, 101));
        EXPECT_EQ(book_.touch_check().ok(), 2 * pass);
    }
}

TEST_F(SymbolBookTest, ALaterSnapshotKeepsTheTickersThatCameAhead) {
    apply(last({clear(), bid(99, 1), ask(101, 1)}, 8));
    apply(ticker(14, 100, 101));
    apply(last({clear(), bid(100, 1), ask(101, 1)}, 12));
    apply(last({bid(98, 1)}, 15));
    EXPECT_EQ(book_.finish_touch_check(), 0U);
    EXPECT_EQ(book_.touch_check().ok(), 1U);
}

TEST_F(SymbolBookTest, AResyncForgetsTickersThatWait) {
    apply(ticker(10, 100, 101));
    apply(last({bid(50, 1), ask(51, 1)}, 12));
    apply({Event::status({}, SymbolState::Resyncing, StateReason::Gap, at(1))});
    EXPECT_EQ(book_.finish_touch_check(), 0U);
    EXPECT_EQ(book_.touch_check().failed(), 0U);
}

}  // namespace
}  // namespace tickgate::book
