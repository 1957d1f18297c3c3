// The book agent with a shard and clients behind it: what becomes due when, and in which order it arrives.

#include "gateway/book_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "gateway/idle.hpp"
#include "tests/gateway/core.hpp"

namespace tickgate::gateway {
namespace {

using book::Event;
using book::Side;
using book::StateReason;
using book::SymbolState;
using test::Connection;
using test::Core;
using test::CoreOptions;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kSymbol = "TEST:A-USD";

auto type_is(std::string_view type) {
    return HasSubstr("{\"type\":\"" + std::string{type} + '"');
}
auto delta(std::uint64_t prev, std::uint64_t seq) {
    return HasSubstr("\"prev\":" + std::to_string(prev) + ",\"seq\":" + std::to_string(seq) + ',');
}

class BookAgentTest : public testing::Test {
protected:
    explicit BookAgentTest(CoreOptions options = {})
        : core_{options},
          instrument_{core_.list(std::string{kSymbol}, {1, 0})} {
        core_.settle();
    }

    void status(SymbolState state, StateReason reason = StateReason::None) {
        core_.push(Event::status(instrument_.id, state, reason, core_.now));
    }
    void batch(std::int64_t price, std::int64_t quantity, Side side = Side::Bid) {
        Event level = test::level_event(instrument_.id, side, price, quantity, core_.now);
        level.flags = Event::kLast;
        core_.push(level);
    }
    void snapshot(std::int64_t price, std::int64_t quantity) {
        core_.push(test::clear_event(instrument_.id, core_.now));
        batch(price, quantity);
    }
    void trade() {
        const std::uint64_t number = ++trades_;
        core_.push(test::trade_event(instrument_.id, 100, 1, number, core_.now));
    }
    void go_live() {
        status(SymbolState::Live);
        snapshot(100, 1);
        core_.tick();
        core_.settle();
    }
    void pass_to(std::chrono::milliseconds after_start) {
        core_.now = kStart + after_start;
        core_.tick();
        core_.settle();
    }
    static std::string subscribe(std::string_view fields) {
        return R"({"op":"subscribe","id":1,"symbols":["TEST:A-USD"],)" + std::string{fields} + '}';
    }
    /// Asks, and lets everybody work.
    std::vector<std::string> ask(Connection& client, std::string_view json) {
        client.send(json);
        core_.settle();
        return client.receive();
    }
    /// A client in step, its greeting read.
    void join(Connection& client, std::string_view fields) {
        const auto answers = ask(client, subscribe(fields));
        ASSERT_FALSE(answers.empty());
        ASSERT_THAT(answers.back(),
                    testing::AnyOf(type_is("snapshot"), type_is("bbo"), type_is("ack"), type_is("trades")));
    }
    static std::uint32_t sid_of(const std::string& message) {
        return static_cast<std::uint32_t>(std::stoul(message.substr(message.find("\"sid\":") + 6)));
    }

    static constexpr book::UnixNanos kStart{std::chrono::seconds{1'700'000'000}};
    Core core_;
    const book::Instrument& instrument_;
    std::uint64_t trades_ = 0;
};

TEST_F(BookAgentTest, PublishesAtTheMultiplesOfTheRate) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":100)");
    join(client, R"("channel":"bbo","rate_ms":50)");
    core_.now = kStart + 20ms;
    batch(101, 1);
    core_.settle();
    EXPECT_THAT(client.receive(), IsEmpty());
    pass_to(49ms);
    EXPECT_THAT(client.receive(), IsEmpty());
    pass_to(50ms);
    EXPECT_THAT(client.receive(), ElementsAre(type_is("bbo")));
    pass_to(99ms);
    EXPECT_THAT(client.receive(), IsEmpty());
    pass_to(103ms);  // a late tick counts as the multiple that it has passed
    EXPECT_THAT(client.receive(), ElementsAre(delta(1, 2)));
    pass_to(199ms);
    batch(101, 2);
    core_.settle();
    EXPECT_THAT(client.receive(), IsEmpty()) << "the rate counts from the multiples, not from the last message";
    pass_to(200ms);
    EXPECT_THAT(client.receive(), ElementsAre(type_is("bbo"), delta(2, 3)));
}

TEST_F(BookAgentTest, PublishesARawStreamAfterEveryBatch) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    for (std::int64_t quantity = 2; quantity <= 4; ++quantity) batch(100, quantity);
    static_cast<void>(core_.turn_agent());
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(delta(1, 2), delta(2, 3), delta(3, 4)));
}

TEST_F(BookAgentTest, NeverPublishesHalfABatch) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    join(client, R"("channel":"book","rate_ms":50)");
    core_.push(test::level_event(instrument_.id, Side::Bid, 101, 1, core_.now));
    pass_to(100ms);
    EXPECT_THAT(client.receive(), IsEmpty());
    batch(102, 1, Side::Ask);
    pass_to(200ms);
    EXPECT_THAT(client.receive(),
                testing::Each(AllOf(delta(1, 2), HasSubstr(R"([["10.1","1"]])"), HasSubstr(R"([["10.2","1"]])"))));
}

class SmallTapeTest : public BookAgentTest {
protected:
    SmallTapeTest() : BookAgentTest{{.trades = 8}} {}
};

TEST_F(SmallTapeTest, TradesAreDueAtTheirRateAndWhenHalfATapeIsOwed) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"trades","rate_ms":1000)");
    for (int i = 0; i < 3; ++i) trade();
    core_.settle();
    EXPECT_THAT(client.receive(), IsEmpty());
    trade();
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(delta(0, 4)));
    trade();
    core_.settle();
    EXPECT_THAT(client.receive(), IsEmpty());
    pass_to(1'000ms);
    EXPECT_THAT(client.receive(), ElementsAre(delta(4, 5)));
    trade();
    core_.push(Event::end(Core::kFeed, core_.now));
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(delta(5, 6))) << "the end of a feed leaves nothing owed";
}

TEST_F(BookAgentTest, AJoinerOfASymbolThatIsNotLiveWaits) {
    Connection client{core_};
    EXPECT_THAT(ask(client, subscribe(R"("channel":"book")")),
                ElementsAre(type_is("welcome"), type_is("ack"),
                            AllOf(type_is("status"), HasSubstr(R"("state":"resyncing","why":"connecting")"))));
    status(SymbolState::Live);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("state":"live")")))
        << "the batch that makes it true is to come";
    snapshot(100, 1);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("snapshot")));
}

TEST_F(BookAgentTest, ASnapshotBeforeLiveMakesItTrueAtOnce) {
    Connection client{core_};
    static_cast<void>(ask(client, subscribe(R"("channel":"book")")));
    snapshot(100, 1);
    core_.settle();
    EXPECT_THAT(client.receive(), IsEmpty());
    status(SymbolState::Live);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("state":"live")"), type_is("snapshot")));
}

TEST_F(BookAgentTest, WhatWasOwedComesBeforeResyncingAndNothingUntilItIsLive) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":1000)");
    batch(100, 5);
    status(SymbolState::Resyncing, StateReason::Gap);
    snapshot(101, 7);
    pass_to(5'000ms);
    EXPECT_THAT(client.receive(), ElementsAre(delta(1, 2), HasSubstr(R"("state":"resyncing","why":"gap")")));
    trade();
    status(SymbolState::Live);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("state":"live")"), delta(2, 3)));
}

/// A venue whose checksum is the price of the best bid.
std::uint32_t best_bid(const book::OrderBook& book, book::Scales) noexcept {
    const auto best = book.best(Side::Bid);
    return best ? static_cast<std::uint32_t>(best->price.mantissa()) : 0;
}

TEST_F(BookAgentTest, ABookOfAWrongChecksumIsNotSentNorWhatContinuesIt) {
    const book::Instrument& checked = core_.list("TEST:C-USD", {1, 0}, best_bid);
    const auto batch = [&](std::int64_t price, std::uint64_t checksum) {
        Event level = test::level_event(checked.id, Side::Bid, price, 1, core_.now);
        level.flags = Event::kLast | Event::kChecksum;
        level.id = book::VenueId{checksum};
        core_.push(level);
    };
    core_.push(Event::status(checked.id, SymbolState::Live, StateReason::None, core_.now));
    core_.push(test::clear_event(checked.id, core_.now));
    batch(100, 100);
    core_.settle();
    Connection raw{core_};
    Connection slow{core_};
    const auto join = [&](Connection& client, std::string_view rate) {
        const auto answers = ask(client, fmt::format(R"({{"op":"subscribe","id":1,"symbols":["TEST:C-USD"],)"
                                                     R"("channel":"book","rate_ms":{}}})",
                                                     rate));
        ASSERT_THAT(answers.back(), type_is("snapshot"));
    };
    join(raw, "0");
    join(slow, "1000");
    batch(101, 101);
    batch(102, 7);
    batch(103, 103);
    pass_to(5'000ms);
    EXPECT_THAT(raw.receive(), ElementsAre(delta(1, 2), HasSubstr(R"("state":"resyncing","why":"checksum")")));
    EXPECT_THAT(slow.receive(), ElementsAre(HasSubstr(R"("state":"resyncing","why":"checksum")")));
    Connection late{core_};
    EXPECT_THAT(ask(late, R"({"op":"subscribe","id":1,"symbols":["TEST:C-USD"],"channel":"book"})"),
                Not(testing::Contains(type_is("snapshot"))));

    core_.push(test::clear_event(checked.id, core_.now));
    batch(90, 90);
    core_.settle();
    EXPECT_THAT(raw.receive(), ElementsAre(HasSubstr(R"("state":"live")"), delta(2, 4)));
    EXPECT_THAT(slow.receive(), ElementsAre(HasSubstr(R"("state":"live")"), delta(1, 4)));
    EXPECT_THAT(late.receive(), ElementsAre(HasSubstr(R"("state":"live")"), type_is("snapshot")));
}

TEST_F(BookAgentTest, AStaleBookIsSentAllTheSame) {
    go_live();
    status(SymbolState::Stale, StateReason::NoUpdate);
    core_.settle();
    Connection client{core_};
    EXPECT_THAT(ask(client, subscribe(R"("channel":"book","rate_ms":0)")),
                ElementsAre(type_is("welcome"), type_is("ack"), HasSubstr(R"("state":"stale")"), type_is("snapshot")));
    status(SymbolState::Live);
    batch(100, 9);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("state":"live")"), delta(1, 2)));
}

TEST_F(BookAgentTest, APausedBookNeedsNoSnapshot) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    status(SymbolState::Halted);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("state":"halted")")));
    Connection joiner{core_};
    EXPECT_THAT(ask(joiner, subscribe(R"("channel":"book","rate_ms":0)")),
                ElementsAre(type_is("welcome"), type_is("ack"), HasSubstr(R"("state":"halted")")));
    status(SymbolState::Live);
    core_.settle();
    EXPECT_THAT(joiner.receive(), ElementsAre(HasSubstr(R"("state":"live")"), type_is("snapshot")));
}

TEST_F(BookAgentTest, APauseWithinAResyncDoesNotMakeTheBookTrue) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    status(SymbolState::Resyncing, StateReason::Gap);
    status(SymbolState::Halted);
    status(SymbolState::Live);
    core_.settle();
    Connection joiner{core_};
    EXPECT_THAT(ask(joiner, subscribe(R"("channel":"book","rate_ms":0)")),
                ElementsAre(type_is("welcome"), type_is("ack")));
    snapshot(101, 7);
    core_.settle();
    EXPECT_THAT(joiner.receive(), ElementsAre(type_is("snapshot")));
    EXPECT_THAT(client.receive(),
                ElementsAre(HasSubstr("resyncing"), HasSubstr("halted"), HasSubstr("live"), delta(1, 2)));
}

TEST_F(BookAgentTest, AScaleChangeSendsAllTheirSnapshotAndStartsAnEpoch) {
    go_live();
    trade();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":5000)");
    join(client, R"("channel":"bbo","rate_ms":0)");
    core_.push(Event::scale(instrument_.id, {2, 0}, core_.now));
    core_.settle();
    EXPECT_THAT(client.receive(),
                testing::UnorderedElementsAre(
                    AllOf(type_is("snapshot"), HasSubstr(R"("epoch":"k3.1","seq":2,)"), HasSubstr("10.00")),
                    AllOf(type_is("bbo"), HasSubstr(R"("epoch":"k3.1","seq":2,)"))));
    Connection later{core_};
    EXPECT_THAT(ask(later, subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":1}})")),
                ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":false,"why":"epoch_changed")"),
                            HasSubstr(R"("epoch":"k3.1")")));
}

TEST_F(BookAgentTest, TradesNameTheNewEpochAfterAScaleChangeAlsoWhileNotLive) {
    go_live();
    trade();
    Connection first{core_};
    join(first, R"("channel":"trades")");
    status(SymbolState::Resyncing, StateReason::Gap);
    core_.push(Event::scale(instrument_.id, {2, 0}, core_.now));
    core_.settle();
    Connection second{core_};
    EXPECT_THAT(ask(second, subscribe(R"("channel":"trades")")).back(),
                HasSubstr(R"("epoch":"k3.1","prev":0,"seq":1,)"));
}

TEST_F(BookAgentTest, ResumesFromAnyPositionThatItRemembers) {
    go_live();
    batch(100, 2);
    batch(101, 3);
    core_.settle();
    Connection client{core_};
    EXPECT_THAT(ask(client, subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":1,"depth":0}})")),
                ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})"), delta(1, 3)));
    Connection at_it{core_};
    EXPECT_THAT(ask(at_it, subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":3,"depth":25}})")),
                ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})")))
        << "nothing changed: nothing is sent";
    Connection shallow{core_};
    EXPECT_THAT(
        ask(shallow, subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":3,"depth":10}})")),
        ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":false,"why":"depth_changed")"), type_is("snapshot")));
}

TEST_F(BookAgentTest, OneAheadOfItsStreamWaitsUntilThatIsDue) {
    go_live();
    Connection slow{core_};
    join(slow, R"("channel":"book","rate_ms":1000)");
    batch(100, 2);
    core_.settle();
    Connection ahead{core_};
    EXPECT_THAT(
        ask(ahead, subscribe(R"("channel":"book","rate_ms":1000,"resume":{"TEST:A-USD":{"epoch":"k3","seq":2}})")),
        ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})")));
    core_.now = kStart + 500ms;
    batch(100, 3);
    core_.settle();
    EXPECT_THAT(ahead.receive(), IsEmpty());
    pass_to(1'000ms);
    EXPECT_THAT(ahead.receive(), ElementsAre(delta(2, 3)));
    EXPECT_THAT(slow.receive(), ElementsAre(delta(1, 3)));
}

TEST_F(BookAgentTest, OneAheadOfACutThatDidNotChangeGetsItsSnapshotWhenThatIsDue) {
    go_live();
    batch(90, 1);
    core_.settle();
    Connection slow{core_};
    join(slow, R"("channel":"book","depth":1,"rate_ms":1000)");
    batch(90, 2);
    core_.settle();
    Connection ahead{core_};
    EXPECT_THAT(
        ask(ahead,
            subscribe(
                R"("channel":"book","depth":1,"rate_ms":1000,"resume":{"TEST:A-USD":{"epoch":"k3","seq":3,"depth":5}})")),
        ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})")));
    pass_to(1'000ms);
    EXPECT_THAT(ahead.receive(), ElementsAre(AllOf(type_is("snapshot"), HasSubstr(R"("seq":2,)"))));
    EXPECT_THAT(slow.receive(), IsEmpty());
}

TEST_F(BookAgentTest, OneAheadOfTheBookItselfGetsTheSnapshotAfterTwoSeconds) {
    go_live();
    Connection ahead{core_};
    static_cast<void>(
        ask(ahead, subscribe(R"("channel":"book","rate_ms":100,"resume":{"TEST:A-USD":{"epoch":"k3","seq":900}})")));
    pass_to(1'999ms);
    EXPECT_THAT(ahead.receive(), IsEmpty());
    pass_to(2'000ms);
    EXPECT_THAT(ahead.receive(), ElementsAre(type_is("snapshot")));
}

TEST_F(BookAgentTest, OneAheadOfAllTradesIsToldAndBeginsAnew) {
    go_live();
    for (int i = 0; i < 25; ++i) trade();
    core_.settle();
    Connection ahead{core_};
    EXPECT_THAT(
        ask(ahead, subscribe(R"("channel":"trades","resume":{"TEST:A-USD":{"epoch":"k3","seq":9007199254740991}})")),
        ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":false,"why":"resume_expired")"), delta(5, 25)));
    trade();
    pass_to(2'000ms);
    EXPECT_THAT(ahead.receive(), ElementsAre(delta(25, 26)));
    Connection level{core_};
    EXPECT_THAT(ask(level, subscribe(R"("channel":"trades","resume":{"TEST:A-USD":{"epoch":"k3","seq":26}})")),
                ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})")));
}

TEST_F(BookAgentTest, OneAheadOfASlowStreamOfTradesWaitsUntilThatIsDue) {
    go_live();
    Connection slow{core_};
    join(slow, R"("channel":"trades","rate_ms":1000)");
    for (int i = 0; i < 3; ++i) trade();
    core_.settle();
    Connection ahead{core_};
    EXPECT_THAT(
        ask(ahead, subscribe(R"("channel":"trades","rate_ms":1000,"resume":{"TEST:A-USD":{"epoch":"k3","seq":2}})")),
        ElementsAre(type_is("welcome"), HasSubstr(R"("resumed":true})")));
    pass_to(1'000ms);
    EXPECT_THAT(ahead.receive(), ElementsAre(delta(2, 3)));
}

TEST_F(BookAgentTest, ManyDifferentPositionsAtOnceShareTheSnapshotAndAreCounted) {
    go_live();
    for (std::int64_t quantity = 2; quantity <= 12; ++quantity) batch(100, quantity);
    core_.settle();
    Connection slow{core_};
    join(slow, R"("channel":"book")");
    int busy = 0;
    for (int seq = 1; seq <= 10; ++seq) {
        Connection client{core_};
        const auto answers = ask(client, subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":)" +
                                                   std::to_string(seq) + "}}"));
        busy += answers[1].find(R"("why":"busy")") == std::string::npos ? 0 : 1;
        EXPECT_THAT(answers.back(), busy > 0 ? type_is("snapshot") : type_is("delta"));
    }
    EXPECT_EQ(busy, 2);
    EXPECT_EQ(core_.agent->metrics().busy_snapshots.value(), 2U);
}

TEST_F(BookAgentTest, TradesAreNotSkippedHoweverManyDifferentPositionsAskAtOnce) {
    go_live();
    std::vector<std::unique_ptr<Connection>> clients;
    for (std::uint64_t held = 1; held <= 12; ++held) {
        trade();
        core_.settle();
        Connection& client = *clients.emplace_back(std::make_unique<Connection>(core_));
        const auto answers = ask(client, subscribe(R"("channel":"trades","rate_ms":0)"));
        const std::string sid = std::to_string(sid_of(answers.back()));
        EXPECT_THAT(ask(client, R"({"op":"modify","id":2,"rate_ms":5000,"sid":)" + sid + '}'),
                    ElementsAre(type_is("ack")));
    }
    for (int i = 0; i < 15; ++i) trade();
    pass_to(5'000ms);
    for (std::uint64_t held = 1; held <= clients.size(); ++held) {
        EXPECT_THAT(clients[held - 1]->receive(), ElementsAre(delta(held, 27)));
    }
}

TEST_F(BookAgentTest, ABboGoesOnAtAnotherRateByItsState) {
    go_live();
    Connection client{core_};
    const auto greeting = ask(client, subscribe(R"("channel":"bbo","rate_ms":1000)"));
    batch(101, 1);
    core_.settle();
    const auto answers =
        ask(client, R"({"op":"modify","id":2,"sid":)" + std::to_string(sid_of(greeting.back())) + R"(,"rate_ms":0})");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_THAT(answers[0], AllOf(type_is("ack"), HasSubstr(R"("resumed":false,"was":)")));
    EXPECT_THAT(answers[1], AllOf(type_is("bbo"), HasSubstr(R"("seq":2,)")));
}

TEST_F(BookAgentTest, APositionBeyondTheHorizonIsAnsweredByASnapshotOrAGap) {
    Core core{{.departures = 2, .trades = 8}};
    const book::Instrument& instrument = core.list(std::string{kSymbol}, {1, 0});
    core.push(Event::status(instrument.id, SymbolState::Live, StateReason::None, core.now));
    for (std::int64_t i = 0; i < 20; ++i) {
        core.push(test::level_event(instrument.id, Side::Bid, 100 + i, 1, core.now));
        Event gone = test::level_event(instrument.id, Side::Bid, 99 + i, 0, core.now);
        gone.flags = Event::kLast;
        core.push(gone);
        core.push(test::trade_event(instrument.id, 100, 1, static_cast<std::uint64_t>(i + 1), core.now));
    }
    core.settle();
    Connection client{core};
    client.send(subscribe(R"("channel":"book","resume":{"TEST:A-USD":{"epoch":"k3","seq":3}})"));
    core.settle();
    EXPECT_THAT(client.receive(),
                ElementsAre(type_is("welcome"), HasSubstr(R"("why":"resume_expired")"), type_is("snapshot")));
    client.send(subscribe(R"("channel":"trades","resume":{"TEST:A-USD":{"epoch":"k3","seq":3}})"));
    core.settle();
    EXPECT_THAT(client.receive(),
                ElementsAre(HasSubstr(R"("why":"resume_expired")"), HasSubstr(R"("from":4,"to":12,)"), delta(12, 20)));
}

TEST_F(BookAgentTest, NoMessageIsStampedBeforeWhatItTellsWasReceived) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    Event level = test::level_event(instrument_.id, Side::Bid, 100, 9, kStart + 7us);  // after the turn has begun
    level.flags = Event::kLast;
    core_.push(level);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(HasSubstr(R"("tr":1700000000000007,"ts":1700000000000007})")));
}

class RecordedTest : public BookAgentTest {
protected:
    RecordedTest() : BookAgentTest{{.recorded = true}} {}
};

TEST_F(RecordedTest, MessagesAreStampedWithTheRecordingsOwnTime) {
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    const auto recorded = core_.now + 7us;
    Event level = test::level_event(instrument_.id, Side::Bid, 100, 9, recorded);
    level.flags = Event::kLast;
    core_.push(level);
    core_.pass(3s);
    core_.settle();
    EXPECT_THAT(client.receive(), testing::Contains(HasSubstr(R"("tr":1700000000000007,"ts":1700000000000007})")));
}

class SmallQueueTest : public BookAgentTest {
protected:
    SmallQueueTest() : BookAgentTest{{.shards = 2, .queue_bytes = 8'000}} {}
};

TEST_F(SmallQueueTest, AShardThatIsBehindHoldsUpEverythingAndLosesNothing) {
    go_live();
    Connection first{core_, 0};
    Connection second{core_, 1};
    join(first, R"("channel":"book","rate_ms":0)");
    join(second, R"("channel":"book","rate_ms":0)");
    for (std::int64_t quantity = 2; quantity <= 200; ++quantity) batch(100, quantity);
    for (int i = 0; i < 50; ++i) {
        static_cast<void>(core_.turn_agent());
        static_cast<void>(core_.turn_shard(0));  // the other one does nothing
    }
    EXPECT_GT(core_.agent->metrics().stalls.value(), 0U);
    EXPECT_TRUE(core_.agent->has_work());
    core_.settle();
    for (Connection* client : {&first, &second}) {
        const auto deltas = client->receive();
        ASSERT_EQ(deltas.size(), 199U);
        for (std::uint64_t i = 0; i < deltas.size(); ++i) ASSERT_THAT(deltas[i], delta(i + 1, i + 2));
    }
    EXPECT_FALSE(core_.agent->has_work());
}

TEST_F(SmallQueueTest, ItsThreadSleepsShortlyOnlyWhereAShardIsBehind) {
    const auto turn = [&] { return core_.turn_agent(); };
    go_live();
    Connection client{core_};
    join(client, R"("channel":"book","rate_ms":0)");
    EXPECT_EQ(turn(), 0);
    EXPECT_EQ(idle_patience(*core_.agent, turn), kLongestWait);
    batch(100, 2);  // between that turn and the arming
    EXPECT_EQ(idle_patience(*core_.agent, turn), 0ms);
    EXPECT_FALSE(core_.agent->has_work()) << "it was taken at once";
    for (std::int64_t quantity = 3; quantity <= 200; ++quantity) batch(100, quantity);
    while (turn() > 0) {
    }
    EXPECT_EQ(idle_patience(*core_.agent, turn), kStallWait);
}

TEST_F(BookAgentTest, AStreamEndsWithItsLastSubscriberAndBeginsAnewWithTheNext) {
    go_live();
    Connection first{core_};
    Connection second{core_};
    const std::uint32_t sid = sid_of(ask(first, subscribe(R"("channel":"book")"))[1]);
    EXPECT_EQ(sid_of(ask(second, subscribe(R"("channel":"book")"))[1]), sid) << "one stream for all";
    EXPECT_EQ(core_.agent->metrics().streams.value(), 1);
    const std::string leave = R"({"op":"unsubscribe","id":3,"sids":[)" + std::to_string(sid) + "]}";
    EXPECT_THAT(ask(first, leave), ElementsAre(HasSubstr(R"("ok":[)" + std::to_string(sid) + R"(],"err":[]})")));
    EXPECT_EQ(core_.agent->metrics().streams.value(), 1);
    static_cast<void>(ask(second, leave));
    EXPECT_EQ(core_.agent->metrics().streams.value(), 0);
    EXPECT_NE(sid_of(ask(first, subscribe(R"("channel":"book")"))[0]), sid);
}

}  // namespace
}  // namespace tickgate::gateway
