#include "gateway/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core.hpp"

namespace tickgate::gateway {
namespace {

using book::Event;
using book::Sequence;
using book::Side;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = StreamAnswer::Kind;

constexpr book::UnixNanos kNow{std::chrono::seconds{1}};

Position at(std::uint64_t sequence) {
    return Position{Sequence{sequence}};
}

class StreamTest : public testing::Test {
protected:
    struct LevelSet {
        Side side;
        std::int64_t price;
        std::int64_t quantity;
    };

    void batch(std::initializer_list<LevelSet> levels) {
        std::vector<Event> events;
        for (const LevelSet& set : levels) {
            events.push_back(test::level_event(instrument_.id, set.side, set.price, set.quantity, kNow));
        }
        events.back().flags = Event::kLast;
        static_cast<void>(book_.apply(events));
    }
    void trades(std::size_t count) {
        for (; count > 0; --count) {
            const std::uint64_t number = book_.trades().last().value() + 1;
            const Event trade = test::trade_event(instrument_.id, 100, 1, number, kNow);
            static_cast<void>(book_.apply({&trade, 1}));
        }
    }
    std::unique_ptr<Stream> start(Channel channel, std::uint16_t depth = 0) {
        auto stream = make_stream({instrument_.id, channel, depth, 0}, 12, 1);
        stream->add_member(0);
        stream->start(source());
        return stream;
    }
    StreamSource source() { return {book_, wire_, checksum_}; }
    StreamAnswer answer(Stream& stream, Position since = {}) { return stream.answer(since, source(), kNow); }
    bool publish(Stream& stream) { return stream.publish(source(), kNow, outputs_); }

    /// Payloads of what was published since the last call.
    std::vector<std::string> published() {
        std::vector<std::string> payloads;
        ShardRecord record;
        while (queue_.pop(record))
            payloads.emplace_back(record.frame.data() + record.header_size, record.frame.size() - record.header_size);
        queue_.release();
        return payloads;
    }

    book::Instrument instrument_{.id = book::InstrumentId{0},
                                 .feed = book::FeedId{0},
                                 .symbol = "TEST:A-USD",
                                 .venue_symbol = "AUSD",
                                 .scales = {1, 0}};
    book::SymbolBook book_{instrument_, 6, 64};
    SymbolWire wire_{"TEST:A-USD", "k3", {1, 0}};
    TopTenChecksum checksum_;
    ShardQueue queue_{20'000};
    ShardOutputs outputs_{{&queue_}};
};

TEST_F(StreamTest, SaysExactlyWhatChangedInItsCut) {
    batch({{Side::Bid, 100, 1}, {Side::Bid, 99, 2}, {Side::Bid, 98, 3}, {Side::Ask, 101, 4}});
    const auto stream = start(Channel::Book, 5);
    batch({{Side::Bid, 100, 0}, {Side::Bid, 98, 9}, {Side::Ask, 102, 7}});
    batch({{Side::Ask, 102, 0}});
    EXPECT_TRUE(stream->owes(book_));
    ASSERT_TRUE(publish(*stream));
    EXPECT_FALSE(stream->owes(book_));
    EXPECT_THAT(published(), ElementsAre(HasSubstr(R"("prev":1,"seq":3,"bids":[["10.0","0"],["9.8","9"]],"asks":[])")));
    EXPECT_EQ(stream->at(), Sequence{3});
}

TEST_F(StreamTest, SaysNothingWhileItsCutDoesNotChange) {
    batch({{Side::Bid, 100, 1}, {Side::Bid, 99, 2}});
    const auto stream = start(Channel::Book, 1);
    const auto bbo = start(Channel::Bbo);
    batch({{Side::Bid, 99, 5}});
    for (Stream* each : {stream.get(), bbo.get()}) {
        EXPECT_TRUE(each->owes(book_));
        ASSERT_TRUE(publish(*each));
        EXPECT_FALSE(each->owes(book_)) << "it has looked";
        EXPECT_EQ(each->at(), Sequence{1}) << "the sequence stays";
    }
    EXPECT_THAT(published(), IsEmpty());
}

TEST_F(StreamTest, GivesANewSubscriberTheCutSentLast) {
    batch({{Side::Bid, 100, 1}});
    const auto stream = start(Channel::Book, 5);
    batch({{Side::Bid, 100, 2}});
    const StreamAnswer snapshot = answer(*stream);
    ASSERT_EQ(snapshot.kind, Kind::Frame);
    EXPECT_TRUE(snapshot.prev.is_nothing());
    EXPECT_THAT(*snapshot.frame, HasSubstr(R"("seq":1,"depth":5,"bids":[["10.0","1"]],"asks":[])"));
}

TEST_F(StreamTest, EncodesOneAnswerForAllWhoWaitAtOnePosition) {
    for (std::int64_t quantity = 1; quantity <= 3; ++quantity) batch({{Side::Bid, 100, quantity}});
    const auto stream = start(Channel::Book, 5);
    const StreamAnswer first = answer(*stream, at(1));
    const StreamAnswer again = answer(*stream, at(1));
    EXPECT_EQ(first.frame, again.frame);
    EXPECT_EQ(first.prev, at(1));
    EXPECT_THAT(*first.frame, HasSubstr(R"("prev":1,"seq":3,)"));
    EXPECT_EQ(answer(*stream).frame, answer(*stream).frame);
    EXPECT_EQ(stream->encoded(), 2U) << "one delta and one snapshot";
}

TEST_F(StreamTest, AnswersEightPositionsAndTheRestShareTheSnapshot) {
    for (std::int64_t quantity = 1; quantity <= 12; ++quantity) batch({{Side::Bid, 100, quantity}});
    const auto stream = start(Channel::Book, 5);
    for (std::uint64_t since = 1; since <= 8; ++since) EXPECT_EQ(answer(*stream, at(since)).kind, Kind::Frame);
    EXPECT_EQ(answer(*stream, at(9)).kind, Kind::Busy);
    EXPECT_EQ(answer(*stream, at(8)).kind, Kind::Frame) << "it has that one";
    EXPECT_EQ(answer(*stream).kind, Kind::Frame) << "the snapshot is not one of the eight";
    EXPECT_EQ(stream->encoded(), 9U);
    batch({{Side::Bid, 100, 50}});
    ASSERT_TRUE(publish(*stream));
    EXPECT_EQ(answer(*stream, at(9)).kind, Kind::Frame) << "eight others at each position of the stream";
}

TEST_F(StreamTest, EncodesAfreshOnceItHasMovedOn) {
    batch({{Side::Bid, 100, 1}});
    const auto stream = start(Channel::Book, 5);
    EXPECT_THAT(*answer(*stream).frame, HasSubstr(R"([["10.0","1"]])"));
    batch({{Side::Bid, 100, 2}});
    ASSERT_TRUE(publish(*stream));
    EXPECT_THAT(*answer(*stream).frame, HasSubstr(R"([["10.0","2"]])"));
}

TEST_F(StreamTest, KnowsWhoIsInStepAheadAndBeyondTheHorizon) {
    for (std::int64_t i = 0; i < 20; ++i) batch({{Side::Bid, 100 + i, 1}, {Side::Bid, 99 + i, 0}});
    const auto stream = start(Channel::Book, 5);
    batch({{Side::Bid, 50, 1}});
    EXPECT_EQ(answer(*stream, at(20)).kind, Kind::InStep);
    EXPECT_EQ(answer(*stream, at(21)).kind, Kind::Ahead);
    EXPECT_EQ(answer(*stream, at(19)).kind, Kind::Frame);
    EXPECT_EQ(answer(*stream, at(2)).kind, Kind::Nothing);
}

TEST_F(StreamTest, ABboCatchesUpByItsState) {
    batch({{Side::Bid, 100, 1}});
    batch({{Side::Bid, 100, 2}});
    const auto stream = start(Channel::Bbo);
    const StreamAnswer state = answer(*stream, at(1));
    ASSERT_EQ(state.kind, Kind::Frame);
    EXPECT_EQ(state.prev, at(1));
    EXPECT_THAT(*state.frame, HasSubstr(R"("seq":2,"bid":["10.0","2"],"ask":null)"));
}

TEST_F(StreamTest, TradesBeginWithTheLastTwentyAndGoOnWithAll) {
    trades(30);
    const auto stream = start(Channel::Trades);
    const StreamAnswer first = answer(*stream);
    EXPECT_TRUE(first.prev.is_nothing()) << "whoever misses it holds nothing still";
    EXPECT_THAT(*first.frame, HasSubstr(R"("prev":10,"seq":30,"trades":[["11",)"));
    EXPECT_THAT(*answer(*stream, at(3)).frame, HasSubstr(R"("prev":3,"seq":30,"trades":[["4",)"));
    trades(2);
    ASSERT_TRUE(publish(*stream));
    EXPECT_THAT(published(), ElementsAre(HasSubstr(R"("prev":30,"seq":32,"trades":[["31",)")));
}

TEST_F(StreamTest, AnswersAnyNumberOfPositionsWithTheirTrades) {
    trades(30);
    const auto stream = start(Channel::Trades);
    for (std::uint64_t since = 1; since <= 20; ++since) {
        const StreamAnswer missed = answer(*stream, at(since));
        ASSERT_EQ(missed.kind, Kind::Frame) << since;
        EXPECT_EQ(missed.prev, at(since));
        EXPECT_THAT(*missed.frame, HasSubstr("\"prev\":" + std::to_string(since) + ",\"seq\":30"));
    }
}

TEST_F(StreamTest, TradesThatAreGoneAreSkippedByTheAnswerItself) {
    trades(100);  // of which 64 are held
    const auto stream = start(Channel::Trades);
    const StreamAnswer rest = answer(*stream, at(3));
    ASSERT_EQ(rest.kind, Kind::Frame);
    EXPECT_EQ(rest.prev, at(36));
}

TEST_F(StreamTest, WithoutTradesANewSubscriberIsInStep) {
    const auto stream = start(Channel::Trades);
    EXPECT_EQ(answer(*stream).kind, Kind::InStep);
}

TEST_F(StreamTest, ANewEpochIsInAllThatItSaysFromThen) {
    batch({{Side::Bid, 100, 1}});
    trades(3);
    std::vector<std::unique_ptr<Stream>> streams;
    streams.push_back(start(Channel::Book, 5));
    streams.push_back(start(Channel::Bbo));
    streams.push_back(start(Channel::Trades));
    for (const auto& stream : streams) EXPECT_THAT(*answer(*stream).frame, HasSubstr(R"("epoch":"k3",)"));
    const Event scale = Event::scale(instrument_.id, {2, 0}, kNow);
    static_cast<void>(book_.apply({&scale, 1}));
    wire_ = {"TEST:A-USD", "k3.1", {2, 0}};
    for (const auto& stream : streams) {
        ASSERT_TRUE(stream->publish_afresh(source(), kNow, outputs_));
        EXPECT_THAT(*answer(*stream).frame, HasSubstr(R"("epoch":"k3.1",)")) << name_of(stream->key().channel);
    }
    EXPECT_THAT(published(), ElementsAre(HasSubstr(R"("type":"snapshot")"), HasSubstr(R"("type":"bbo")")));
}

TEST_F(StreamTest, WhereAQueueHasNoRoomNothingIsDone) {
    batch({{Side::Bid, 100, 1}});
    const auto stream = start(Channel::Book, 5);
    trades(1);
    const auto tape = start(Channel::Trades);
    batch({{Side::Bid, 100, 2}});
    trades(1);
    char* const fill = queue_.reserve(20'000);
    ASSERT_NE(fill, nullptr);
    queue_.push(ShardRecord{}, 20'000);
    EXPECT_FALSE(publish(*stream));
    EXPECT_FALSE(publish(*tape));
    EXPECT_EQ(stream->at(), Sequence{1});
    EXPECT_EQ(tape->at(), Sequence{1});
    static_cast<void>(published());
    EXPECT_TRUE(publish(*stream));
    EXPECT_TRUE(publish(*tape));
    EXPECT_THAT(published(), ElementsAre(HasSubstr(R"("prev":1,"seq":2,"bids":[["10.0","2"]])"),
                                         HasSubstr(R"("prev":1,"seq":2,"trades":[["2")")));
}

TEST_F(StreamTest, KnowsWhichShardsItsSubscribersAreIn) {
    const auto stream = make_stream({instrument_.id, Channel::Book, 5, 0}, 1, 3);
    EXPECT_FALSE(stream->has_members());
    stream->add_member(2);
    stream->add_member(2);
    stream->add_member(0);
    EXPECT_EQ(stream->shards(), 0b101U);
    stream->remove_member(2);
    stream->remove_member(0);
    EXPECT_EQ(stream->shards(), 0b100U);
    stream->remove_member(2);
    EXPECT_FALSE(stream->has_members());
}

TEST_F(StreamTest, TheChecksumIsOfTheCutItself) {
    batch({{Side::Bid, 100, 1}, {Side::Bid, 99, 2}, {Side::Ask, 101, 4}});
    const auto shallow = start(Channel::Book, 1);
    const auto deep = start(Channel::Book, 10);
    const auto ck = [&](Stream& stream) {
        const std::string& frame = *answer(stream).frame;
        const std::size_t begin = frame.find("\"ck\":") + 5;
        return frame.substr(begin, frame.find(',', begin) - begin);
    };
    // CRC-32 of `10.0:1|10.1:4` and of `10.0:1,9.9:2|10.1:4`.
    EXPECT_EQ(ck(*shallow), "2873479389");
    EXPECT_EQ(ck(*deep), "4027470024");
}

}  // namespace
}  // namespace tickgate::gateway
