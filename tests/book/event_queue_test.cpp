#include "book/event_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "tests/support/seed.hpp"

namespace tickgate::book {
namespace {

/// Event number `number` of producer `producer`, recognisable as such.
Event numbered(std::uint32_t producer, std::uint64_t number) {
    Event event;
    event.kind = EventKind::Level;
    event.instrument = InstrumentId{producer};
    event.id = VenueId{number};
    event.price = Price{static_cast<std::int64_t>(number)};
    return event;
}

std::vector<Event> run_of(std::uint32_t producer, std::uint64_t first, std::size_t count) {
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < count; ++i) events.push_back(numbered(producer, first + i));
    return events;
}

std::vector<Event> drain(EventQueue& queue) {
    std::vector<Event> all;
    std::array<Event, 48> some;
    while (const std::size_t count = queue.pop(some)) all.insert(all.end(), some.begin(), some.begin() + count);
    return all;
}

void expect_numbers(const std::vector<Event>& events, std::uint64_t first) {
    for (const Event& event : events) ASSERT_EQ(event.id.number(), first++);
}

TEST(EventQueue, GivesBackWhatWentInInItsOrder) {
    EventQueue queue{256};
    EventQueue::Producer producer{queue};
    EXPECT_TRUE(queue.empty());
    ASSERT_TRUE(producer.try_push(run_of(0, 0, 100)));
    EXPECT_FALSE(queue.empty());
    const std::vector<Event> events = drain(queue);
    EXPECT_EQ(events.size(), 100U);
    expect_numbers(events, 0);
    EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, PopTakesNoMoreThanThereIsRoomFor) {
    EventQueue queue{256};
    EventQueue::Producer producer{queue};
    ASSERT_TRUE(producer.try_push(run_of(0, 0, 10)));
    std::array<Event, 4> out;
    EXPECT_EQ(queue.pop(out), 4U);
    EXPECT_EQ(queue.pop(out), 4U);
    EXPECT_EQ(queue.pop(out), 2U);
    EXPECT_EQ(queue.pop(out), 0U);
}

TEST(EventQueue, TakesARunWholeOrNotAtAll) {
    EventQueue queue{256};
    EventQueue::Producer producer{queue};
    constexpr std::size_t kRun = 7;
    std::uint64_t pushed = 0;
    while (producer.try_push(run_of(0, pushed, kRun))) pushed += kRun;
    EXPECT_GT(pushed + kRun, 256U) << "as many fit as were asked for";
    EXPECT_LE(pushed, 256U) << "and no more";

    const std::vector<Event> events = drain(queue);
    EXPECT_EQ(events.size(), pushed) << "nothing of the refused run is inside";
    expect_numbers(events, 0);
}

TEST(EventQueue, RefusesARunThatCanNeverFit) {
    EventQueue queue{64};
    EventQueue::Producer producer{queue};
    EXPECT_FALSE(producer.try_push(run_of(0, 0, 100'000)));
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(producer.try_push(run_of(0, 0, 64))) << "the refusal cost no room";
}

TEST(EventQueue, SurvivesRefusalsWhereverTheyFallInItsBlocks) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        test::Random random{seed};
        EventQueue queue{512};
        EventQueue::Producer producer{queue};
        std::array<Event, 300> out;
        std::uint64_t pushed = 0;
        std::uint64_t popped = 0;
        for (int turn = 0; turn < 20; ++turn) {
            const auto run = static_cast<std::size_t>(random.between(1, 1'000));
            if (producer.try_push(run_of(0, pushed, run))) pushed += run;
            const auto room = static_cast<std::size_t>(random.between(1, 300));
            const std::size_t count = queue.pop(std::span{out}.first(room));
            for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i].id.number(), popped++) << "seed " << seed;
        }
        // That it ends well with events left inside is part of what is tested.
    }
}

TEST(EventQueue, HasRoomAgainForAsMuchAsWasTaken) {
    EventQueue queue{128};
    EventQueue::Producer producer{queue};
    std::uint64_t next = 0;
    for (int round = 0; round < 100; ++round) {
        const std::uint64_t first = next;
        ASSERT_TRUE(producer.try_push(run_of(0, next, 128))) << "round " << round;
        next += 128;
        const std::vector<Event> events = drain(queue);
        ASSERT_EQ(events.size(), 128U);
        expect_numbers(events, first);
    }
}

TEST(EventQueue, WrapsRoundWithUnevenRuns) {
    EventQueue queue{512};
    EventQueue::Producer producer{queue};
    test::Random random{7};
    std::array<Event, 400> out;
    std::uint64_t pushed = 0;
    std::uint64_t popped = 0;
    for (int turn = 0; turn < 10'000; ++turn) {
        const auto run = static_cast<std::size_t>(random.between(1, 400));
        if (producer.try_push(run_of(0, pushed, run))) pushed += run;
        const auto room = static_cast<std::size_t>(random.between(1, 400));
        const std::size_t count = queue.pop(std::span{out}.first(room));
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i].id.number(), popped++);
        ASSERT_LE(pushed - popped, 512U);
    }
    EXPECT_GT(popped, 10'000U);
}

TEST(EventQueue, AProducerThatTookAllItsRoomLeavesTheOthersTheirs) {
    EventQueue queue{256, 3};
    EventQueue::Producer busy{queue};
    EventQueue::Producer quiet{queue};
    EventQueue::Producer late{queue};
    while (busy.try_push(run_of(0, 0, 16))) {
    }
    EXPECT_TRUE(quiet.try_push(run_of(1, 0, 256))) << "while it is full";
    (void)drain(queue);
    EXPECT_TRUE(late.try_push(run_of(2, 0, 256))) << "and afterwards";
}

TEST(EventQueue, TakesFromTheProducersInTurn) {
    EventQueue queue{256, 2};
    EventQueue::Producer first{queue};
    EventQueue::Producer second{queue};
    ASSERT_TRUE(first.try_push(run_of(0, 0, 100)));
    ASSERT_TRUE(second.try_push(run_of(1, 0, 100)));
    std::array<Event, 10> out;
    std::array<int, 2> taken{};
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(queue.pop(out), out.size());
        for (const Event& event : out) ++taken[index_of(event.instrument)];
    }
    EXPECT_EQ(taken[0], 50);
    EXPECT_EQ(taken[1], 50);
}

TEST(EventQueue, HasALaneForEachProducerAndNoMore) {
    EventQueue queue{256, 1};
    const EventQueue::Producer first{queue};
    EXPECT_THROW(EventQueue::Producer{queue}, std::length_error);
}

TEST(EventQueue, AMovedProducerGoesOnWhereItWas) {
    EventQueue queue{64};
    EventQueue::Producer first{queue};
    ASSERT_TRUE(first.try_push(run_of(0, 0, 3)));
    EventQueue::Producer second{std::move(first)};
    ASSERT_TRUE(second.try_push(run_of(0, 3, 3)));
    const std::vector<Event> events = drain(queue);
    EXPECT_EQ(events.size(), 6U);
    expect_numbers(events, 0);
}

TEST(EventQueue, AnEmptyRunIsNoWork) {
    EventQueue queue{64};
    EventQueue::Producer producer{queue};
    EXPECT_TRUE(producer.try_push({}));
    EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, KeepsOrderPerProducerAcrossThreads) {
    constexpr std::uint32_t kProducers = 4;
    constexpr std::uint64_t kEvents = 5'000;
    EventQueue queue{256, kProducers};

    const auto produce = [&queue](std::uint32_t self) {
        EventQueue::Producer producer{queue};
        test::Random random{self};
        for (std::uint64_t next = 0; next < kEvents;) {
            const auto left = static_cast<std::int64_t>(kEvents - next);
            const std::vector<Event> run =
                run_of(self, next, static_cast<std::size_t>(std::min(random.between(1, 30), left)));
            while (!producer.try_push(run)) std::this_thread::yield();
            next += run.size();
        }
    };
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < kProducers; ++i) threads.emplace_back(produce, i);

    std::array<std::uint64_t, kProducers> expected{};
    std::array<Event, 100> out;
    for (std::uint64_t taken = 0; taken < kProducers * kEvents;) {
        const std::size_t count = queue.pop(out);
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(out[i].id.number(), expected[index_of(out[i].instrument)]++);
            ASSERT_EQ(static_cast<std::uint64_t>(out[i].price.mantissa()), out[i].id.number());
        }
        taken += count;
        if (count == 0) std::this_thread::yield();
    }
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace tickgate::book
