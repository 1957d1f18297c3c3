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
    EXPECT_FALSE(apply(last({bid(100, 0)})).status_changed) << "99 was covered";
    EXPECT_FALSE(apply(last({bid(90, 1)})).status_changed) << "not the touch";
    Events leaving = last({bid(99, 0)});
    leaving.back().receive_time = at(5);
    const Applied applied = apply(leaving);
    EXPECT_TRUE(applied.status_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_EQ(book_.status().reason, StateReason::OutsideSnapshot);
    EXPECT_EQ(book_.status().since, at(5));
    EXPECT_EQ(book_.status().changes, 2U);
    EXPECT_FALSE(apply(last({bid(90, 2)})).status_changed);
}

TEST_F(SymbolBookTest, ALaterSnapshotEndsThatTheTouchLeftTheOneBefore) {
    apply({Event::status({}, SymbolState::Live, StateReason::None, at(1))});
    apply(partial_snapshot({bid(100, 1), ask(101, 1)}));
    apply(last({bid(100, 0), bid(90, 1)}));
    ASSERT_EQ(book_.status().reason, StateReason::OutsideSnapshot);
    Events later = partial_snapshot({bid(90, 1), ask(101, 1)});
    later.back().receive_time = at(7);
    EXPECT_TRUE(apply(later).status_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_EQ(book_.status().reason, StateReason::None);
    EXPECT_EQ(book_.status().since, at(7));
    EXPECT_EQ(book_.status().changes, 3U);
    EXPECT_TRUE(apply(last({bid(90, 0), bid(80, 1)})).status_changed) << "the later one has a range of its own";
}

TEST_F(SymbolBookTest, WatchesTheAskSideOfAPartialSnapshotToo) {
    apply(partial_snapshot({bid(100, 1), ask(101, 1), ask(102, 1)}));
    apply(last({ask(101, 0), ask(110, 1)}));
    EXPECT_TRUE(apply(last({ask(102, 0)})).status_changed);
}

TEST_F(SymbolBookTest, AFullSnapshotHasNoRangeToLeave) {
    apply(last({clear(), bid(100, 1), ask(101, 1)}));
    EXPECT_FALSE(apply(last({bid(100, 0), bid(50, 1)})).status_changed);
}

/// A snapshot of a book that the venue keeps up to so many levels of each side.
Events snapshot_of_depth(std::int64_t depth, Events levels) {
    levels.insert(levels.begin(), clear());
    levels.front().quantity = Quantity{depth};
    return last(std::move(levels));
}

TEST_F(SymbolBookTest, CutsItsBookToTheDepthThatTheVenueKeeps) {
    apply(snapshot_of_depth(2, {bid(100, 1), bid(99, 1), ask(101, 1), ask(102, 1)}));
    const Sequence before = sequence();
    Cut cut;
    const Applied applied = apply(last({bid(98, 1), ask(100, 2), ask(103, 1)}));
    EXPECT_THAT(bids(), ElementsAre(level(99, 1), level(100, 1)));
    EXPECT_THAT(asks(), ElementsAre(level(101, 1), level(100, 2)));
    EXPECT_EQ(applied.changes, 6U) << "three came, three fell out";
    book_.book().copy_cut(0, cut);
    BookDelta delta;
    book_.book().changes_since(before, cut, sequence(), 0, delta);
    EXPECT_THAT(delta.asks, testing::Contains(level(102, 0))) << "nobody else says that it is gone";
    apply(last({bid(100, 0)}));
    EXPECT_THAT(bids(), ElementsAre(level(99, 1))) << "what fell out does not come back";
}

TEST_F(SymbolBookTest, ALaterSnapshotSaysItsOwnDepth) {
    apply(snapshot_of_depth(1, {bid(100, 1), ask(101, 1)}));
    apply(snapshot_of_depth(0, {bid(100, 1), ask(101, 1)}));
    apply(last({bid(99, 1), bid(98, 1)}));
    EXPECT_EQ(bids().size(), 3U);
}

/// A venue whose checksum is the sum of the best prices.
std::uint32_t sum_of_touch(const OrderBook& book, Scales) noexcept {
    std::int64_t sum = 0;
    for (const Side side : {Side::Bid, Side::Ask}) sum += book.best(side) ? book.best(side)->price.mantissa() : 0;
    return static_cast<std::uint32_t>(sum);
}

class VenueChecksum : public testing::Test {
protected:
    Applied apply(Events run, std::uint64_t checksum) {
        run = last(std::move(run), checksum);
        run.back().flags |= Event::kChecksum;
        run.back().receive_time = at(static_cast<std::int64_t>(++now_));
        return book_.apply(run);
    }
    Applied say(SymbolState state, StateReason reason = StateReason::None) {
        return book_.apply(std::vector{Event::status({}, state, reason, at(1))});
    }
    void go_live() {
        say(SymbolState::Live);
        ASSERT_TRUE(apply({clear(), bid(100, 1), ask(101, 1)}, 201).checksum_ok);
    }
    void fail() { ASSERT_TRUE(apply({bid(99, 1)}, 7).checksum_failed); }

    const Instrument instrument_{.symbol = "X:A-B", .venue_symbol = "AB", .scales = {2, 5}, .checksum = sum_of_touch};
    SymbolBook book_{instrument_};
    std::uint64_t now_ = 1;
};

TEST_F(VenueChecksum, IsVerifiedAtTheEndOfEachBatchThatCarriesOne) {
    go_live();
    EXPECT_TRUE(apply({bid(100, 0), bid(99, 1)}, 200).checksum_ok);
    const Applied without = book_.apply(last({bid(98, 1)}, 7));
    EXPECT_FALSE(without.checksum_ok || without.checksum_failed);
    EXPECT_EQ(book_.checksums_ok(), 2U);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
}

TEST_F(VenueChecksum, ThatFailsMakesTheSymbolResyncUntilTheNextSnapshot) {
    go_live();
    const Applied failed = apply({bid(99, 1)}, 7);
    EXPECT_TRUE(failed.checksum_failed && failed.status_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Resyncing);
    EXPECT_EQ(book_.status().reason, StateReason::Checksum);
    EXPECT_EQ(book_.status().since, at(3));
    const Sequence before = book_.book().sequence();
    EXPECT_EQ(apply({bid(98, 1)}, 201).kind, Applied::Kind::Nothing) << "it continues a wrong book";
    EXPECT_EQ(book_.book().sequence(), before);
    const Applied again = apply({clear(), bid(90, 1), ask(101, 1)}, 191);
    EXPECT_TRUE(again.checksum_ok && again.status_changed);
    EXPECT_EQ(book_.status().state, SymbolState::Live);
    EXPECT_EQ(apply({bid(91, 1)}, 192).kind, Applied::Kind::Batch);
    EXPECT_EQ(book_.checksums_failed(), 1U);
}

TEST_F(VenueChecksum, OfASnapshotMayFailToo) {
    go_live();
    fail();
    EXPECT_TRUE(apply({clear(), bid(90, 1), ask(101, 1)}, 8).checksum_failed);
    EXPECT_EQ(book_.status().state, SymbolState::Resyncing);
    EXPECT_EQ(book_.status().changes, 2U) << "the second time is nothing new";
}

TEST_F(VenueChecksum, ThatFailedIsNotForgottenBecauseTheFeedIsContent) {
    go_live();
    fail();
    EXPECT_EQ(say(SymbolState::Stale, StateReason::NoUpdate).kind, Applied::Kind::Nothing);
    EXPECT_EQ(say(SymbolState::Live).kind, Applied::Kind::Nothing);
    EXPECT_EQ(book_.status().state, SymbolState::Resyncing);
    say(SymbolState::Halted);
    say(SymbolState::Live);
    EXPECT_EQ(book_.status().reason, StateReason::Checksum);
}

TEST_F(VenueChecksum, ThatFailedIsOverWhenTheFeedItselfResyncs) {
    go_live();
    fail();
    say(SymbolState::Resyncing, StateReason::Gap);
    say(SymbolState::Live);
    EXPECT_EQ(book_.status().state, SymbolState::Live) << "the snapshot follows";
    EXPECT_TRUE(apply({clear(), bid(90, 1), ask(101, 1)}, 191).checksum_ok);
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
