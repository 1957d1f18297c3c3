#include "feeds/replay_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/feeds/event_collector.hpp"
#include "tests/feeds/temporary_files.hpp"

namespace tickgate {
namespace {

using book::Event;
using book::EventKind;
using book::EventQueue;
using book::FeedId;
using book::UnixNanos;
using feeds::RawMessage;
using feeds::ReplayFeed;
using feeds::ReplayOptions;
using feeds::ReplaySpeed;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::HasSubstr;

/// A venue whose message is `<symbol> <number of levels>`; a message's venue time is 1 ms before it was received.
class LevelsSession final : public feeds::VenueSession {
public:
    explicit LevelsSession(book::InstrumentRegistry& registry) : registry_{&registry} {}

    void list_symbols(const RawMessage& message, std::vector<Event>& out) override { (void)listed(message, out); }

    void on_message(const RawMessage& message, std::vector<Event>& out) override {
        ++counters_.messages;
        if (message.kind == RawMessage::Kind::Connected) return;
        Event level;
        level.kind = EventKind::Level;
        level.instrument = listed(message, out);
        level.receive_time = message.receive_time;
        level.venue_time = message.payload.ends_with('!') ? book::kNoTime : recorded(message) - milliseconds{1};
        const int levels = std::stoi(std::string{message.payload.substr(message.payload.find(' ') + 1)});
        for (int i = 1; i <= levels; ++i) {
            level.price = book::Price{i};
            level.flags = i == levels ? Event::kLast : std::uint8_t{0};
            out.push_back(level);
        }
    }

    void on_time(UnixNanos now, std::vector<Event>&) override { asked_at.push_back(now); }
    void restart() override { ++restarts; }
    [[nodiscard]] const feeds::VenueCounters& counters() const noexcept override { return counters_; }

    int restarts = 0;
    std::vector<UnixNanos> asked_at;
    nanoseconds pass_length{0};  // by which the venue's own times stay behind in each further pass

private:
    [[nodiscard]] UnixNanos recorded(const RawMessage& message) const {
        return message.receive_time - restarts * pass_length;
    }
    book::InstrumentId listed(const RawMessage& message, std::vector<Event>& out) {
        const std::string symbol{message.payload.substr(0, message.payload.find(' '))};
        const auto [entry, fresh] = known_.try_emplace(symbol);
        if (fresh) {
            const auto& instrument = registry_->add(FeedId{3}, "TEST:" + symbol, symbol, {});
            out.push_back(Event::listed(instrument, message.receive_time));
            entry->second = instrument.id;
        }
        return entry->second;
    }

    book::InstrumentRegistry* registry_;
    std::map<std::string, book::InstrumentId> known_;
    feeds::VenueCounters counters_;
};

constexpr UnixNanos at(std::int64_t millis) {
    return UnixNanos{milliseconds{millis}};
}

/// A recording line of this time.
std::string line(std::int64_t millis, std::string_view payload) {
    return std::to_string(millis * 1'000'000) + " " + std::string{payload} + "\n";
}

class ReplayFeedTest : public testing::Test {
protected:
    void open(std::string_view text, ReplaySpeed speed = ReplaySpeed::max(), bool loop = false,
              std::size_t capacity = EventQueue::kDefaultCapacity) {
        feed_.reset();
        queue_.emplace(capacity);
        collector_.emplace(*queue_);
        ReplayOptions options{.files = {directory_.write("recording", text)}, .speed = speed, .loop = loop};
        const auto make = [this](std::string_view venue) {
            venue_ = venue;
            auto session = std::make_unique<LevelsSession>(registry_);
            session_ = session.get();
            return session;
        };
        feed_.emplace(FeedId{3}, options, make, EventQueue::Producer{*queue_});
    }

    /// Turns the feed at `now` until it does nothing more, taking its events.
    void run_at(UnixNanos now) {
        while (feed_->do_work(now) != 0) collector_->take();
    }

    /// All events taken so far as text, one word each; times in ms.
    [[nodiscard]] std::vector<std::string> words() const { return collector_->words(); }

    tests::TemporaryDirectory directory_;
    book::InstrumentRegistry registry_;
    std::optional<EventQueue> queue_;
    std::optional<tests::EventCollector> collector_;
    std::optional<ReplayFeed> feed_;
    LevelsSession* session_ = nullptr;
    std::string venue_;
};

TEST_F(ReplayFeedTest, ListsAllSymbolsFirstAndTicksAtMultiplesOfRecordedTime) {
    open(line(1'010, "A 1") + line(1'050, "B 2") + line(1'160, "A 1"));
    EXPECT_FALSE(feed_->ready());
    run_at(at(7));
    EXPECT_TRUE(feed_->ready());
    EXPECT_THAT(words(), ElementsAre("listed:A@1010", "listed:B@1050", "level@1010.", "tick@1050", "level@1050",
                                     "level@1050.", "tick@1100", "tick@1150", "level@1160.", "end@1160"));
    EXPECT_EQ(feed_->next_due(), std::nullopt);
    EXPECT_EQ(feed_->error(), std::nullopt);
    EXPECT_EQ(session_->counters().messages, 3U);
}

TEST_F(ReplayFeedTest, TellsTheSessionTheTimeAtEveryRecordedSecond) {
    open(line(990, "A 1") + line(3'010, "A 1"));
    run_at(at(0));
    EXPECT_THAT(session_->asked_at, ElementsAre(at(1'000), at(2'000), at(3'000)));
}

TEST_F(ReplayFeedTest, PutsTheFirstTickAfterAFirstMessageThatStandsOnTheGrid) {
    open(line(1'000, "A 1") + line(1'050, "A 1"));
    run_at(at(0));
    EXPECT_THAT(words(), ElementsAre("listed:A@1000", "level@1000.", "tick@1050", "level@1050.", "end@1050"));
}

TEST_F(ReplayFeedTest, PlaysEachMessageAndTickWhenItIsDue) {
    open(line(1'000, "A 1") + line(1'030, "A 1") + line(1'080, "A 1"), ReplaySpeed{2});
    EXPECT_EQ(feed_->next_due(), book::kNoTime);
    run_at(at(500));
    EXPECT_THAT(words(), ElementsAre("listed:A@1000", "level@1000."));
    EXPECT_EQ(feed_->next_due(), at(515));
    run_at(at(514));
    EXPECT_EQ(words().size(), 2U);
    run_at(at(515));
    EXPECT_EQ(words().back(), "level@1030.");
    EXPECT_EQ(feed_->next_due(), at(525));
    run_at(at(525));
    EXPECT_EQ(words().back(), "tick@1050");
    EXPECT_EQ(feed_->next_due(), at(540));
    run_at(at(540));
    EXPECT_EQ(words().back(), "end@1080");
}

TEST_F(ReplayFeedTest, GivesTheSameEventsAtEverySpeedHoweverItIsTurned) {
    std::string text;
    std::uint32_t state = 5;
    std::int64_t time = 1'000;
    const auto random = [&](std::uint32_t below) { return (state = state * 1'664'525U + 1'013'904'223U) % below; };
    for (int i = 0; i < 500; ++i) {
        time += random(5) == 0 ? random(400) : random(30);
        text += line(time, std::string{"ABC"[random(3)]} + ' ' + std::to_string(1 + random(20)));
    }
    open(text);
    run_at(at(0));
    const auto expected = words();
    ASSERT_GT(expected.size(), 1'000U);

    for (const double speed : {0.3, 1.0, 7.0}) {
        open(text, ReplaySpeed{speed});
        UnixNanos now = at(77'777);
        for (int turn = 0; feed_->next_due() && turn < 1'000'000; ++turn) {
            (void)feed_->do_work(now);
            if (random(3) == 0) collector_->take();
            now += milliseconds{random(60)};
        }
        collector_->take();
        EXPECT_TRUE(words() == expected) << "at speed " << speed;
    }
}

TEST_F(ReplayFeedTest, WaitsForRoomInTheQueueAndGoesOnWithoutLoss) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += line(1'000 + i, "A 7");
    open(text);
    run_at(at(0));
    const auto expected = words();

    open(text, ReplaySpeed::max(), false, 256);
    while (feed_->do_work(at(0)) != 0) {
    }
    EXPECT_EQ(feed_->do_work(at(0)), 0);
    EXPECT_EQ(feed_->next_due(), book::kNoTime);
    EXPECT_LT(collector_->take(), expected.size());
    while (feed_->next_due()) {
        (void)feed_->do_work(at(0));
        collector_->take(50);
    }
    collector_->take();
    EXPECT_TRUE(words() == expected);
}

TEST_F(ReplayFeedTest, PushesABatchThatIsLargerThanTheQueueInPieces) {
    open(line(1'000, "A 5000") + line(1'001, "A 1"), ReplaySpeed::max(), false, 256);
    while (feed_->next_due()) {
        (void)feed_->do_work(at(0));
        collector_->take();
    }
    ASSERT_EQ(words().size(), 1U + 5'000U + 1U + 1U);
    EXPECT_EQ(words()[4'999], "level@1000");
    EXPECT_EQ(words()[5'000], "level@1000.");
    EXPECT_EQ(words()[5'001], "level@1001.");
}

TEST_F(ReplayFeedTest, DoesABoundedPieceOfWorkATurn) {
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += line(1'000, "A 1");
    open(text + line(101'000, "A 1"));
    EXPECT_EQ(feed_->do_work(at(0)), 1 + 256);
    EXPECT_EQ(feed_->do_work(at(0)), 256);
    run_at(at(0));
    EXPECT_EQ(words().size(), 1U + 1'000U + 2'000U + 1U + 1U);
}

TEST_F(ReplayFeedTest, GoesOnInTimeWhenItLoops) {
    const std::string text = line(1'010, "A 1") + line(1'060, "A 1!");
    open(text, ReplaySpeed{1}, true);
    session_->pass_length = milliseconds{150};
    run_at(at(0));
    run_at(at(50));
    EXPECT_EQ(feed_->loops(), 1U);
    EXPECT_EQ(feed_->next_due(), at(90));
    EXPECT_EQ(session_->restarts, 1);
    for (int now = 51; now <= 350; ++now) run_at(at(now));
    EXPECT_THAT(words(), ElementsAre("listed:A@1010", "level@1010.", "tick@1050", "level@1060.",           //
                                     "tick@1100", "tick@1150", "level@1160.", "tick@1200", "level@1210.",  //
                                     "tick@1250", "tick@1300", "level@1310.", "tick@1350", "level@1360."));
    std::vector<std::int64_t> lags;
    for (const Event& event : collector_->events()) {
        if (event.kind != EventKind::Level || event.venue_time == book::kNoTime) continue;
        lags.push_back((event.receive_time - event.venue_time) / nanoseconds{1'000'000});
    }
    EXPECT_THAT(lags, ElementsAre(1, 1, 1));  // the venue's time is shifted like ours, and a missing one stays missing
}

TEST_F(ReplayFeedTest, EndsALoopWhoseTimesWouldLeaveEveryCalendar) {
    const std::int64_t year_2199 = 7'258'118'400'000 - 86'400'000;
    open(line(0, "A 1") + line(year_2199, "A 1"), ReplaySpeed::max(), true);
    run_at(at(0));
    EXPECT_EQ(words().back(), "end@" + std::to_string(year_2199));
    ASSERT_TRUE(feed_->error());
    EXPECT_THAT(*feed_->error(), HasSubstr("its times would go on for more than 60 years"));
    EXPECT_EQ(feed_->loops(), 0U);
    EXPECT_EQ(feed_->next_due(), std::nullopt);
}

TEST_F(ReplayFeedTest, LoopsForDecadesThenEnds) {
    const std::int64_t start = 1'700'000'000'000;
    const std::int64_t years_25 = 25LL * 365 * 86'400'000;
    open(line(start, "A 1") + line(start + years_25, "A 1"), ReplaySpeed::max(), true);
    run_at(at(0));
    EXPECT_EQ(feed_->loops(), 2U);
    EXPECT_EQ(words().back(), "end@" + std::to_string(start + 3 * years_25 + 200));
    EXPECT_TRUE(feed_->error());
}

TEST_F(ReplayFeedTest, PlaysUpToDamageThenSaysWhyAndEnds) {
    open(line(1'000, "A 1") + line(1'010, "B 1") + "damage\n" + line(1'020, "A 1"), ReplaySpeed::max(), true);
    run_at(at(0));
    EXPECT_THAT(words(), ElementsAre("listed:A@1000", "listed:B@1010", "level@1000.", "level@1010.", "end@1010"));
    ASSERT_TRUE(feed_->error());
    EXPECT_THAT(*feed_->error(), HasSubstr("line 3, byte 30: the line does not begin with a receive time"));
    EXPECT_EQ(feed_->next_due(), std::nullopt);
}

TEST_F(ReplayFeedTest, EndsARecordingThatHoldsNoMessageAlsoInALoop) {
    open("# tickgate 1 kraken 1\n", ReplaySpeed{1}, true);
    EXPECT_EQ(venue_, "kraken");
    run_at(at(0));
    EXPECT_TRUE(feed_->ready());
    EXPECT_THAT(collector_->events(), testing::SizeIs(1));
    EXPECT_EQ(collector_->events()[0].kind, EventKind::End);
    EXPECT_EQ(collector_->events()[0].feed(), FeedId{3});
    EXPECT_EQ(feed_->next_due(), std::nullopt);
}

TEST_F(ReplayFeedTest, JumpsOverTheTicksOfASilenceOfHours) {
    const std::int64_t later = 1'000 + 2 * 3'600'000 + 70;
    open(line(1'000, "A 1") + line(later, "A 1") + line(later + 50, "A 1"));
    run_at(at(0));
    EXPECT_THAT(words(), ElementsAre("listed:A@1000", "level@1000.", "tick@7201000", "tick@7201050", "level@7201070.",
                                     "tick@7201100", "level@7201120.", "end@7201120"));
    EXPECT_THAT(session_->asked_at, ElementsAre(at(7'201'000))) << "who is stale";
}

TEST_F(ReplayFeedTest, KeepsTheOrderOfARecordingWhoseTimesGoBack) {
    open(line(1'060, "A 1") + line(1'010, "A 1") + line(1'110, "A 1"));
    run_at(at(0));
    EXPECT_THAT(words(),
                ElementsAre("listed:A@1060", "level@1060.", "level@1010.", "tick@1100", "level@1110.", "end@1110"));
}

TEST_F(ReplayFeedTest, RefusesToStartWithoutItsFileOrVenue) {
    EXPECT_THROW(open(""), feeds::RecordingError);
    const auto path = directory_.write("recording", line(1, "A 1"));
    const auto no_venue = [](std::string_view) -> std::unique_ptr<feeds::VenueSession> {
        throw std::invalid_argument{"no venue"};
    };
    EventQueue queue;
    EXPECT_THROW((ReplayFeed{FeedId{0}, {.files = {path}}, no_venue, EventQueue::Producer{queue}}),
                 std::invalid_argument);
}

TEST(ReplayClock, MapsRecordedTimeToTheWallClockByItsSpeed) {
    feeds::ReplayClock clock{ReplaySpeed::parse("2.5")};
    clock.start(at(1'000), at(5'000));
    EXPECT_EQ(clock.due_at(at(1'000)), at(5'000));
    EXPECT_EQ(clock.due_at(at(1'250)), at(5'100));
    EXPECT_EQ(clock.due_at(at(900)), at(5'000));

    feeds::ReplayClock fastest{ReplaySpeed::parse("max")};
    fastest.start(at(1'000), at(5'000));
    EXPECT_EQ(fastest.due_at(at(9'000'000)), book::kNoTime);

    feeds::ReplayClock slowest{ReplaySpeed{1e-12}};
    slowest.start(at(1'000), at(5'000));
    EXPECT_EQ(slowest.due_at(at(9'000'000)), UnixNanos::max());
}

TEST(ReplaySpeed, IsAPositiveNumberOrMax) {
    EXPECT_EQ(ReplaySpeed::parse("1").factor(), 1.0);
    EXPECT_EQ(ReplaySpeed::parse("0.25").factor(), 0.25);
    EXPECT_TRUE(ReplaySpeed::parse("max").is_max());
    for (const char* bad : {"", "0", "-1", "fast", "1x", "inf", "nan", "1e999", " 1"}) {
        EXPECT_THROW((void)ReplaySpeed::parse(bad), std::invalid_argument) << bad;
    }
}

}  // namespace
}  // namespace tickgate
