#include "feeds/synthetic_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/feeds/event_collector.hpp"

namespace tickgate {
namespace {

using book::Event;
using book::EventKind;
using book::EventQueue;
using book::FeedId;
using book::Side;
using book::UnixNanos;
using feeds::parse_synthetic_options;
using feeds::SyntheticBook;
using feeds::SyntheticFeed;
using feeds::SyntheticOptions;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr UnixNanos at(std::int64_t millis) {
    return UnixNanos{milliseconds{millis}};
}

/// A book as anybody would write it.
struct PlainBook {
    std::map<std::int64_t, std::int64_t, std::greater<>> bids;
    std::map<std::int64_t, std::int64_t> asks;

    void apply(const Event& event) {
        if (event.kind == EventKind::Clear) *this = {};
        if (event.kind != EventKind::Level) return;
        const auto set = [&](auto& side) {
            if (event.quantity.is_zero()) {
                EXPECT_EQ(side.erase(event.price.mantissa()), 1U) << "a level that was not held is removed";
            } else {
                side[event.price.mantissa()] = event.quantity.mantissa();
            }
        };
        event.side == Side::Bid ? set(bids) : set(asks);
    }
    /// 0 where no level is held.
    [[nodiscard]] std::int64_t quantity_at(const Event& event) const {
        const auto get = [&](const auto& side) {
            const auto found = side.find(event.price.mantissa());
            return found == side.end() ? 0 : found->second;
        };
        return event.side == Side::Bid ? get(bids) : get(asks);
    }
    [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> best_five() const {
        std::vector<std::pair<std::int64_t, std::int64_t>> best;
        std::copy_n(bids.begin(), std::min<std::size_t>(5, bids.size()), std::back_inserter(best));
        std::copy_n(asks.begin(), std::min<std::size_t>(5, asks.size()), std::back_inserter(best));
        return best;
    }
};

class SyntheticFeedTest : public testing::Test {
protected:
    void open(const SyntheticOptions& options, std::size_t capacity = EventQueue::kDefaultCapacity) {
        feed_.reset();
        registry_.emplace();
        queue_.emplace(capacity);
        collector_.emplace(*queue_);
        feed_.emplace(FeedId{2}, options, *registry_, *queue_);
    }
    void open_and_start(const SyntheticOptions& options, UnixNanos now) {
        open(options);
        for (int turn = 0; turn < 1'000 && !feed_->ready(); ++turn) {
            (void)feed_->do_work(now);
            collector_->take();
        }
        ASSERT_TRUE(feed_->ready());
        taken_ = collector_->events().size();
    }
    /// Turns the feed at `now` until it does nothing more; returns what it made.
    std::vector<Event> run_at(UnixNanos now) {
        while (feed_->do_work(now) != 0) collector_->take();
        const auto& all = collector_->events();
        std::vector<Event> fresh(all.begin() + static_cast<std::ptrdiff_t>(taken_), all.end());
        taken_ = all.size();
        return fresh;
    }
    static std::size_t updates(const std::vector<Event>& events) {
        return static_cast<std::size_t>(std::ranges::count_if(events, &Event::is_last));
    }
    static std::size_t count(const std::vector<Event>& events, EventKind kind) {
        return static_cast<std::size_t>(std::ranges::count(events, kind, &Event::kind));
    }

    std::optional<book::InstrumentRegistry> registry_;
    std::optional<EventQueue> queue_;
    std::optional<tests::EventCollector> collector_;
    std::optional<SyntheticFeed> feed_;
    std::size_t taken_ = 0;
};

TEST_F(SyntheticFeedTest, StartsEverySymbolWithASnapshotAndTheStateLive) {
    open_and_start({.symbols = 300, .rate = 10}, at(1'000));
    const auto& events = collector_->events();
    ASSERT_EQ(events.size(), 300U * (1 + 1 + 200 + 1));
    for (std::size_t symbol = 0; symbol < 300; ++symbol) {
        const Event* first = &events[symbol * 203];
        ASSERT_EQ(first[0].kind, EventKind::Listed);
        const auto& instrument = first[0].listed_instrument();
        EXPECT_EQ(instrument.symbol, "SYN:S" + std::to_string(symbol));
        EXPECT_EQ(instrument.venue_symbol, "S" + std::to_string(symbol));
        EXPECT_EQ(instrument.scales, (book::Scales{.price = 2, .quantity = 5}));
        EXPECT_EQ(instrument.feed, FeedId{2});
        EXPECT_EQ(first[1].kind, EventKind::Clear);
        EXPECT_EQ(updates({first, first + 203}), 1U);
        EXPECT_TRUE(first[201].is_last());
        EXPECT_EQ(first[202].kind, EventKind::Status);
        EXPECT_EQ(first[202].state, book::SymbolState::Live);
        PlainBook book;
        std::for_each(first, first + 203, [&](const Event& event) { book.apply(event); });
        EXPECT_EQ(book.bids.size(), 100U);
        EXPECT_EQ(book.asks.size(), 100U);
    }
}

TEST_F(SyntheticFeedTest, IsReadyOnlyOnceItsSnapshotsAreInTheQueue) {
    open({.symbols = 100, .rate = 10}, 256);
    while (feed_->do_work(at(1'000)) != 0) {
    }
    EXPECT_FALSE(feed_->ready());
    EXPECT_EQ(feed_->next_due(), book::kNoTime);
    while (!feed_->ready()) {
        collector_->take();
        (void)feed_->do_work(at(1'000));
    }
    collector_->take();
    EXPECT_EQ(collector_->events().size(), 100U * 203U);
}

TEST_F(SyntheticFeedTest, UpdatesTheNextSymbolsOfEachTickRoundRobin) {
    // 7 symbols at 50 a second in ticks of 10 ms: 3.5 updates a tick.
    open_and_start({.symbols = 7, .rate = 50}, at(1'000));
    EXPECT_TRUE(run_at(at(1'009)).empty());
    EXPECT_EQ(feed_->next_due(), at(1'010));
    std::vector<std::uint32_t> order;
    std::vector<std::size_t> sizes;
    for (int now = 1'010; now < 1'050; now += 10) {
        const auto events = run_at(at(now));
        sizes.push_back(updates(events));
        for (const Event& event : events) {
            EXPECT_EQ(event.venue_time, at(now));
            if (event.is_last()) order.push_back(static_cast<std::uint32_t>(event.instrument));
        }
    }
    EXPECT_THAT(sizes, testing::ElementsAre(3, 4, 3, 4));
    EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6));
}

TEST_F(SyntheticFeedTest, MakesTheUpdatesAndTradesThatItsRateSays) {
    open_and_start({.symbols = 20, .rate = 100, .levels = 6}, at(1'000));
    std::map<book::InstrumentId, int> updates;
    std::map<book::InstrumentId, int> trades;
    std::map<book::InstrumentId, std::uint64_t> last_trade;
    int levels = 0;
    int ticks = 0;
    for (int now = 1'001; now <= 11'000; ++now) {
        for (const Event& event : run_at(at(now))) {
            levels += event.kind == EventKind::Level ? 1 : 0;
            updates[event.instrument] += event.is_last() ? 1 : 0;
            if (event.kind == EventKind::Tick) {
                ++ticks;
                EXPECT_EQ(event.receive_time, at(now));
                EXPECT_EQ(now % 50, 0);
                EXPECT_EQ(event.feed(), FeedId{2});
            }
            if (event.kind == EventKind::Trade) {
                ++trades[event.instrument];
                EXPECT_EQ(event.id.number(), ++last_trade[event.instrument]);
                EXPECT_GT(event.quantity.mantissa(), 0);
            }
        }
    }
    EXPECT_EQ(ticks, 200);
    EXPECT_EQ(levels, 20 * 1'000 * 6);
    EXPECT_EQ(trades.size(), 20U);
    for (const auto& [instrument, number] : trades) {
        EXPECT_EQ(number, 100);
        EXPECT_EQ(updates[instrument], 1'000);
    }
    EXPECT_EQ(feed_->dropped_ticks(), 0U);
}

TEST_F(SyntheticFeedTest, DropsTicksThatComeTooLate) {
    open_and_start({.symbols = 10, .rate = 100}, at(1'000));
    EXPECT_EQ(updates(run_at(at(1'019))), 10U);
    EXPECT_EQ(feed_->dropped_ticks(), 0U);
    EXPECT_EQ(feed_->next_due(), at(1'020));
    const auto events = run_at(at(1'275));
    EXPECT_EQ(updates(events), 10U);
    EXPECT_EQ(feed_->dropped_ticks(), 25U);
    EXPECT_EQ(count(events, EventKind::Tick), 1U);
    EXPECT_EQ(events.front().receive_time, at(1'250));
    EXPECT_EQ(events.back().venue_time, at(1'270));
    EXPECT_EQ(feed_->next_due(), at(1'280));
}

TEST_F(SyntheticFeedTest, WaitsForRoomThenGoesOnAndDropsTheTicksMissed) {
    open({.symbols = 100, .rate = 100, .levels = 10}, 256);  // a tick is more than fits
    while (!feed_->ready()) {
        (void)feed_->do_work(at(1'000));
        collector_->take();
    }
    collector_->take();
    const std::size_t before = collector_->events().size();
    for (int now = 1'010; now <= 1'040; now += 10) (void)feed_->do_work(at(now));
    EXPECT_EQ(feed_->next_due(), book::kNoTime);
    while (feed_->next_due() == book::kNoTime) {
        collector_->take();
        (void)feed_->do_work(at(1'045));
    }
    collector_->take();
    const auto& all = collector_->events();
    const std::vector<Event> events(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
    EXPECT_EQ(updates(events), 200U);  // the ticks of 1010 and, since 1020 and 1030 were missed, 1040
    EXPECT_EQ(feed_->dropped_ticks(), 2U);
}

TEST_F(SyntheticFeedTest, WithoutARateMakesTheNextTickWhenTheQueueIsEmpty) {
    open_and_start({.symbols = 10, .rate = {}}, at(1'000));
    EXPECT_EQ(feed_->next_due(), book::kNoTime);
    EXPECT_GT(feed_->do_work(at(1'000)), 0);
    EXPECT_EQ(feed_->do_work(at(1'000)), 0);
    collector_->take();
    EXPECT_GT(feed_->do_work(at(1'000)), 0);
    collector_->take();
    const auto& all = collector_->events();
    EXPECT_EQ(updates({all.begin() + static_cast<std::ptrdiff_t>(taken_), all.end()}), 20U);
}

TEST_F(SyntheticFeedTest, MakesTheSamePricesFromTheSameSeedHoweverItIsTurned) {
    const auto prices = [&](std::uint64_t seed, std::uint32_t symbols, int step) {
        open_and_start({.symbols = symbols, .rate = 100, .seed = seed}, at(1'000));
        std::vector<std::string> made;
        for (int now = 1'000; made.size() < 2'000; now += step) {
            for (const Event& event : run_at(at(now))) {
                if (event.instrument != book::InstrumentId{1} || event.kind == EventKind::Tick) continue;
                made.push_back(std::to_string(event.price.mantissa()) + ':' +
                               std::to_string(event.quantity.mantissa()));
            }
        }
        made.resize(2'000);
        return made;
    };
    const auto expected = prices(1, 3, 10);
    EXPECT_TRUE(prices(1, 3, 1) == expected);
    EXPECT_TRUE(prices(1, 30, 17) == expected);
    EXPECT_FALSE(prices(2, 3, 10) == expected);
}

TEST(RandomNumbers, AreSplitmix64) {
    // The first numbers of its published implementation for this seed.
    feeds::RandomNumbers random{1'234'567};
    EXPECT_EQ(random.next(), 6'457'827'717'110'365'317U);
    EXPECT_EQ(random.next(), 3'203'168'211'198'807'973U);
}

class SyntheticBookTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SyntheticBookTest, ChangesWhatItSaysAndNeverCrosses) {
    const std::uint32_t levels = GetParam();
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SyntheticBook synthetic{book::InstrumentId{7}, seed};
        PlainBook plain;
        std::vector<Event> events;
        synthetic.write_snapshot({at(1), at(2)}, events);
        for (const Event& event : events) plain.apply(event);
        const std::int64_t start = plain.bids.begin()->first;
        std::set<std::int64_t> best_bids;

        for (int update = 0; update < 5'000; ++update) {
            events.clear();
            synthetic.update(levels, {at(3), at(4)}, events);
            const auto best_five = plain.best_five();
            std::set<std::pair<Side, std::int64_t>> changed;
            for (const Event& event : events) {
                if (event.kind == EventKind::Trade) {
                    const auto best = event.side == Side::Bid ? *plain.asks.begin() : *plain.bids.begin();
                    ASSERT_EQ(event.price.mantissa(), best.first);
                    ASSERT_LE(event.quantity.mantissa(), best.second);
                    continue;
                }
                changed.emplace(event.side, event.price.mantissa());
                ASSERT_NE(plain.quantity_at(event), event.quantity.mantissa()) << "a level does not change";
                plain.apply(event);
            }
            ASSERT_EQ(changed.size(), levels);
            ASSERT_TRUE(events.back().is_last());
            ASSERT_NE(plain.best_five(), best_five);
            ASSERT_LT(plain.bids.begin()->first, plain.asks.begin()->first);
            ASSERT_GT(plain.bids.rbegin()->first, 0);
            for (const std::size_t size : {plain.bids.size(), plain.asks.size()}) {
                ASSERT_GE(size, 90U);
                ASSERT_LE(size, 110U);
            }
            best_bids.insert(plain.bids.begin()->first - start);
        }
        EXPECT_GT(best_bids.size(), 5U) << "the price does not walk";
    }
}

INSTANTIATE_TEST_SUITE_P(Levels, SyntheticBookTest, testing::Values(1, 2, 4, 50));

TEST(SyntheticOptionsTest, AreReadInAnyOrderWithTheirDefaults) {
    EXPECT_EQ(parse_synthetic_options("symbols=100,rate=10"),
              (SyntheticOptions{.symbols = 100, .rate = 10, .levels = 4, .tick = milliseconds{10}, .seed = 1}));
    EXPECT_EQ(parse_synthetic_options("seed=9,tick_ms=5,rate=max,levels=2,symbols=3"),
              (SyntheticOptions{.symbols = 3, .rate = {}, .levels = 2, .tick = milliseconds{5}, .seed = 9}));
}

TEST(SyntheticOptionsTest, SayWhatIsWrong) {
    const auto error = [](std::string_view text) {
        try {
            (void)parse_synthetic_options(text);
        } catch (const std::invalid_argument& fault) {
            return std::string{fault.what()};
        }
        return std::string{"none"};
    };
    EXPECT_EQ(error("rate=10"), "synthetic: `symbols` is missing");
    EXPECT_EQ(error("symbols=1"), "synthetic: `rate` is missing");
    EXPECT_EQ(error(""), "synthetic: `symbols` is missing");
    EXPECT_EQ(error("symbols=0,rate=1"), "synthetic: `symbols` must be an integer from 1 to 100000, not `0`");
    EXPECT_EQ(error("symbols=1,rate=fast"),
              "synthetic: `rate` must be an integer from 1 to 1000000, or `max`, not `fast`");
    EXPECT_THAT(error("symbols=1,rate=1,levels=51"), HasSubstr("`levels` must be an integer from 1 to 50"));
    EXPECT_THAT(error("symbols=1,rate=1,tick_ms="), HasSubstr("`tick_ms` must be an integer from 1 to 60000, not ``"));
    EXPECT_THAT(error("symbols=1,rate=1,seed=-1"), HasSubstr("`seed` must be an integer"));
    EXPECT_THAT(error("symbols=1,rate=1,color=red"), HasSubstr("`color` is none of symbols, rate"));
    EXPECT_THAT(error("symbols=1,symbols=2,rate=1"), HasSubstr("`symbols` is given twice"));
    EXPECT_THAT(error("symbols=1,,rate=1"), HasSubstr("`` is not `key=value`"));
}

}  // namespace
}  // namespace tickgate
