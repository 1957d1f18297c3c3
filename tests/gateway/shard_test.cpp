// One shard with clients on socket pairs: its timers, its writes, and what becomes of a client that does not read.

#include "gateway/shard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "tests/gateway/shard_fixture.hpp"

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
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::size_t read_heartbeats(Connection& client) {
    static_cast<void>(client.receive());
    return client.heartbeats();
}

TEST_F(ShardTest, EachSessionHasItsHeartbeatOnceInEachInterval) {
    std::vector<std::unique_ptr<Connection>> clients;
    for (int i = 0; i < 25; ++i) clients.push_back(std::make_unique<Connection>(core_));
    core_.settle();
    for (std::size_t second = 1; second <= 6; ++second) {
        std::size_t most_at_once = 0;
        for (int slot = 0; slot < 10; ++slot) {
            std::size_t before = 0, after = 0;
            for (const auto& client : clients) before += client->heartbeats();
            pass(100ms);
            for (const auto& client : clients) after += read_heartbeats(*client);
            most_at_once = std::max(most_at_once, after - before);
        }
        EXPECT_LE(most_at_once, 6U) << "they are spread over the interval";
    }
    for (const auto& client : clients) {
        EXPECT_GE(client->heartbeats(), 5U);
        EXPECT_LE(client->heartbeats(), 6U);
        EXPECT_EQ(client->pings(), client->heartbeats()) << "a ping goes with it";
    }
}

TEST_F(ShardTest, OneThatHangsUpBehindItsCloseFrameIsAnswered) {
    Connection client{core_};
    core_.settle();
    client.send(subscribe(R"("channel":"book")"));  // what follows waits for it
    client.send(R"({"op":"ping","id":2})");
    client.send_close(1000);
    ::shutdown(client.fd(), SHUT_WR);
    core_.settle();
    EXPECT_THAT(client.receive(), testing::Contains(type_is("pong")));
    EXPECT_EQ(client.close_code(), 1000);
    core_.settle();
    EXPECT_EQ(shard().open_sessions(), 0U);
}

TEST_F(ShardTest, HeartbeatsGoOnAfterAPauseWithoutABurst) {
    Connection client{core_};
    core_.settle();
    static_cast<void>(client.receive());
    const std::size_t before = client.heartbeats();
    core_.pass(2'500ms);
    core_.settle();
    pass(300ms);  // nothing that it could ride with
    static_cast<void>(client.receive());
    EXPECT_EQ(client.heartbeats(), before + 1);
}

TEST_F(ShardTest, AClientThatIsSilentForThreeHeartbeatsIsClosed) {
    Connection silent{core_};
    Connection lively{core_};
    silent.answer_pings(false);
    for (int i = 0; i < 30; ++i) {
        pass(100ms);
        static_cast<void>(silent.receive());
        static_cast<void>(lively.receive());
        EXPECT_FALSE(silent.close_code());
    }
    for (int i = 0; i < 12; ++i) {
        pass(100ms);
        static_cast<void>(silent.receive());
        static_cast<void>(lively.receive());
    }
    EXPECT_EQ(silent.close_code(), 1001);
    EXPECT_FALSE(lively.close_code());
    EXPECT_EQ(shard().open_sessions(), 2U) << "it may still read what was sent";
    pass(2'000ms);
    EXPECT_EQ(shard().open_sessions(), 1U);
}

TEST_F(ShardTest, AClientThatCameAfterATurnBeganIsNotTakenForSilent) {
    pass(100ms);
    const book::UnixNanos began = core_.now + 100ms;
    core_.now = began + 5ms;
    std::vector<std::unique_ptr<Connection>> clients;
    for (int i = 0; i < 25; ++i) clients.push_back(std::make_unique<Connection>(core_));
    core_.now = began;
    core_.settle();
    for (const auto& client : clients) {
        static_cast<void>(client->receive());
        EXPECT_FALSE(client->close_code());
    }
}

TEST_F(ShardTest, AClientThatAcceptsNothingIsClosedAsSlow) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    pass(9'900ms);
    EXPECT_EQ(metrics().closed[4408].value(), 0U) << "while it is blocked its silence does not count";
    pass(1'100ms);
    EXPECT_EQ(metrics().closed[4408].value(), 1U);
    const auto messages = drain(client);
    EXPECT_THAT(messages.back(), AllOf(type_is("error"), HasSubstr(R"("code":"slow_client")")));
    EXPECT_EQ(client.close_code(), 4408);
    EXPECT_EQ(core_.agent->metrics().streams.value(), 0);
}

TEST_F(ShardTest, AClientThatTakesALittleNowAndThenIsNotClosed) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    for (int i = 0; i < 6; ++i) {
        pass(5'000ms);
        static_cast<void>(drain(client));
        block();
    }
    EXPECT_FALSE(client.close_code());
}

TEST_F(ShardTest, ABlockedClientGetsTheRestOfItsFrameAndThenOneDelta) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    for (int i = 0; i < 50; ++i) batch(100, ++quantity_);
    core_.settle();
    const auto messages = drain(client);
    EXPECT_FALSE(client.holds_part());
    ASSERT_GE(messages.size(), 2U);
    EXPECT_THAT(messages, Each(type_is("delta")));
    for (std::size_t i = 1; i < messages.size(); ++i) {
        EXPECT_EQ(number(messages[i], "prev"), number(messages[i - 1], "seq"));
    }
    EXPECT_GE(number(messages.back(), "seq") - number(messages.back(), "prev"), 50U);
    EXPECT_EQ(number(messages.back(), "seq"), static_cast<std::uint64_t>(quantity_));
}

TEST_F(ShardTest, ABlockedClientCostsTheRestOfItsFrameHoweverMuchItMisses) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    const auto& connection = shard().transport()[0];
    const std::size_t kept = connection.blocked->rest.size();
    EXPECT_LE(kept, TurnOutput::kMaxBytes);
    for (int i = 0; i < 5'000; ++i) {
        batch(100, ++quantity_);
        if (i % 50 == 0) core_.settle();
    }
    core_.settle();
    EXPECT_EQ(connection.blocked->rest.size(), kept);
    EXPECT_LE(connection.blocked->rest.capacity(), 2 * TurnOutput::kMaxBytes);
}

TEST_F(ShardTest, ABlockedClientLearnsTheStateAfterwardsAndBeforeItsData) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    core_.push(Event::status(instrument_.id, SymbolState::Resyncing, StateReason::Gap, core_.now));
    core_.settle();
    core_.push(Event::status(instrument_.id, SymbolState::Stale, StateReason::NoUpdate, core_.now));
    core_.push(test::clear_event(instrument_.id, core_.now));
    batch(105, 7);
    core_.settle();
    const auto messages = drain(client);
    ASSERT_GE(messages.size(), 3U);
    EXPECT_THAT(messages[messages.size() - 2], HasSubstr(R"("state":"stale")"))
        << "the state of now, not those between";
    EXPECT_THAT(messages.back(), AllOf(type_is("delta"), HasSubstr(R"(["10.5","7"])")));
    EXPECT_THAT(messages, testing::Not(testing::Contains(HasSubstr("resyncing"))));
}

TEST_F(ShardTest, AClientThatIsBehindForASecondIsToldSoAndWhenItHasCaughtUp) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    pass(900ms);
    EXPECT_THAT(drain(client), testing::Not(testing::Contains(type_is("lag"))));
    block();
    pass(1'200ms);
    const auto messages = drain(client);
    ASSERT_GE(messages.size(), 3U);
    EXPECT_THAT(std::vector(messages.end() - 3, messages.end()),
                ElementsAre(HasSubstr(R"("state":"behind","lag_ms":1200})"), type_is("delta"),
                            HasSubstr(R"("state":"caught_up"})")));
}

TEST_F(ShardTest, CaughtUpComesWithTheMessageThatItEndsOrNotAtAll) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    pass(1'200ms);
    std::vector<std::string> messages;
    const auto take = [&] {
        for (std::string& message : client.receive()) messages.push_back(std::move(message));
    };
    while (metrics().blocked_now.value() > 0) {
        take();
        static_cast<void>(core_.turn_shard(0));
    }
    take();
    ASSERT_THAT(messages.back(), HasSubstr(R"("state":"behind")")) << "the question is on its way";
    constexpr std::string_view kPong{"\x8a\x00", 2};
    while (::send(shard().transport()[0].fd, kPong.data(), kPong.size(), MSG_DONTWAIT) > 0) {
    }
    core_.settle();
    ASSERT_EQ(metrics().blocked_now.value(), 1) << "the answer finds a full socket";
    for (const std::string& message : drain(client)) messages.push_back(message);
    EXPECT_THAT(std::vector(messages.end() - 3, messages.end()),
                ElementsAre(HasSubstr(R"("state":"behind")"), type_is("delta"), HasSubstr(R"("state":"caught_up"})")));
    EXPECT_EQ(number(messages[messages.size() - 2], "seq"), static_cast<std::uint64_t>(quantity_));
}

TEST_F(ShardTest, ABlockedClientIsNotReadUntilItHasDrained) {
    Connection client{core_, 0, 1};
    join(client);
    block();
    const std::uint64_t before = metrics().messages_in.value();
    client.send(R"({"op":"ping","id":7})");
    core_.settle();
    EXPECT_EQ(metrics().messages_in.value(), before);
    EXPECT_THAT(drain(client), testing::Contains(AllOf(type_is("pong"), HasSubstr(R"("id":7)"))));
}

TEST_F(ShardTest, AClientThatAsksForMuchAtOnceIsAnsweredAShareAtATime) {
    for (int i = 0; i < 100; ++i) core_.list("TEST:SYMBOL-NUMBER-" + std::to_string(i), {1, 0});
    core_.settle();
    Connection client{core_, 0, 1};
    core_.settle();
    static_cast<void>(client.receive());
    constexpr std::uint64_t kAsked = 100;
    for (std::uint64_t id = 1; id <= kAsked; ++id) {
        client.send(R"({"op":"symbols","id":)" + std::to_string(id) + '}');
    }
    core_.settle();
    const std::uint64_t answered = metrics().messages_in.value();
    EXPECT_GT(answered, 1U);
    EXPECT_LT(answered, kAsked / 2) << "the rest is not even read while these have not been taken";
    const auto answers = drain(client);
    ASSERT_EQ(answers.size(), kAsked);
    for (std::uint64_t id = 1; id <= kAsked; ++id) {
        EXPECT_THAT(answers[id - 1], testing::StartsWith(R"({"type":"ack","id":)" + std::to_string(id) + ','));
        EXPECT_THAT(answers[id - 1], testing::EndsWith("]}"));
    }
}

TEST_F(ShardTest, AnAckReachesAClientThatBlockedMeanwhileBeforeItsData) {
    Connection client{core_, 0, 1};
    join(client);
    client.send(R"({"op":"subscribe","id":"late","channel":"bbo","symbols":["TEST:A-USD"]})");
    static_cast<void>(core_.turn_shard(0));  // the question is on its way
    for (int i = 0; i < 100; ++i) batch(100, ++quantity_);
    core_.settle();
    ASSERT_EQ(metrics().blocked_now.value(), 1);
    const auto messages = drain(client);
    const auto ack = std::find_if(messages.begin(), messages.end(), [](const std::string& message) {
        return message.find(R"("id":"late")") != std::string::npos;
    });
    ASSERT_NE(ack, messages.end());
    EXPECT_THAT(std::vector(messages.begin(), ack), testing::Not(testing::Contains(type_is("bbo"))));
    EXPECT_THAT(std::vector(ack, messages.end()), testing::Contains(type_is("bbo")));
}

TEST_F(ShardTest, AClientThatWasBlockedAsksForThirtyTwoStreamsAtATime) {
    Connection client{core_, 0, 1};
    client.send(R"({"op":"subscribe","id":1,"channel":"book","symbols":["TEST:A-USD"],"rate_ms":0,"depth":0})");
    for (const std::uint32_t depth : kDepths) {
        for (const int rate : {0, 50, 100, 250, 500}) {
            client.send(subscribe(R"("channel":"book","depth":)" + std::to_string(depth) + R"(,"rate_ms":)" +
                                  std::to_string(rate)));
        }
    }
    core_.settle();
    static_cast<void>(drain(client));
    ASSERT_EQ(metrics().subscriptions.value(), 40);
    const std::uint64_t before = metrics().catch_up_questions.value();
    block();
    const std::uint64_t asked_meanwhile = metrics().catch_up_questions.value();
    EXPECT_EQ(asked_meanwhile, before);
    while (metrics().blocked_now.value() > 0) {
        static_cast<void>(client.receive());
        static_cast<void>(core_.turn_shard(0));
    }
    EXPECT_EQ(metrics().catch_up_questions.value() - before, 32U);
    static_cast<void>(drain(client));
    EXPECT_GE(metrics().catch_up_questions.value() - before, 40U);
}

TEST_F(ShardTest, ASessionGetsItsShareOfATurnAndTheRestAsIfItHadBeenSlow) {
    std::string names;
    for (int i = 0; i < 4; ++i) {
        const book::Instrument& large = core_.list("TEST:L" + std::to_string(i), {1, 0});
        core_.push(Event::status(large.id, SymbolState::Live, StateReason::None, core_.now));
        std::vector<Event> levels{test::clear_event(large.id, core_.now)};
        for (int price = 1; price <= 1'500; ++price) {
            levels.push_back(
                test::level_event(large.id, Side::Bid, 1'000'000'000'000 + price, 1'000'000'000'000'000, core_.now));
        }
        for (std::size_t at = 0; at < levels.size(); at += 100) {
            core_.push(std::span{levels}.subspan(at, std::min<std::size_t>(100, levels.size() - at)));
        }
        Event last = test::level_event(large.id, Side::Ask, 2'000'000'000'000, 1, core_.now);
        last.flags = Event::kLast;
        core_.push(last);
        names += (i == 0 ? "\"" : ",\"") + large.symbol + '"';
    }
    core_.settle();
    Connection client{core_, 0, 212'992};
    client.send(R"({"op":"subscribe","id":1,"channel":"book","depth":0,"symbols":[)" + names + "]}");
    static_cast<void>(core_.turn_shard(0));
    static_cast<void>(client.receive());
    static_cast<void>(core_.turn_agent());
    const std::uint64_t before = metrics().bytes_out.value();
    static_cast<void>(core_.turn_shard(0));
    if (metrics().blocked.value() > 0) GTEST_SKIP() << "a socket of this system does not hold a turn's share";
    EXPECT_LE(metrics().bytes_out.value() - before, TurnOutput::kMaxBytes);
    EXPECT_GT(metrics().bytes_out.value() - before, TurnOutput::kMaxBytes / 2);
    std::vector<std::string> snapshots;
    for (const std::string& message : drain(client)) {
        if (message.starts_with(R"({"type":"snapshot")")) snapshots.push_back(message);
    }
    EXPECT_EQ(snapshots.size(), 4U);
}

TEST_F(ShardTest, AnswersInTheOrderOfTheQuestions) {
    Connection client{core_};
    client.send(R"({"op":"ping","id":1})");
    client.send(R"({"op":"subscribe","id":2,"channel":"book","symbols":["TEST:A-USD"]})");
    client.send(R"({"op":"ping","id":3})");
    client.send(R"({"op":"nonsense","id":4})");
    core_.settle();
    EXPECT_THAT(client.receive(),
                ElementsAre(type_is("welcome"), type_is("pong"), AllOf(type_is("ack"), HasSubstr(R"("id":2)")),
                            type_is("snapshot"), AllOf(type_is("pong"), HasSubstr(R"("id":3)")),
                            AllOf(type_is("error"), HasSubstr("unknown_op"))));
}

TEST_F(ShardTest, AClientThatLeavesBeforeItsAckLeavesNoStreamBehind) {
    {
        Connection client{core_};
        client.send(subscribe(R"("channel":"book")"));
        static_cast<void>(core_.turn_shard(0));
    }
    static_cast<void>(core_.turn_shard(0));
    core_.settle();
    EXPECT_EQ(shard().open_sessions(), 0U);
    EXPECT_EQ(core_.agent->metrics().streams.value(), 0);
    Connection next{core_};
    join(next);
    EXPECT_EQ(metrics().subscriptions.value(), 1);
}

TEST_F(ShardTest, GivesMemoryBackWhenManyHaveLeftAndServesThoseWhoStay) {
    Connection stays{core_};
    join(stays);
    {
        std::vector<std::unique_ptr<Connection>> crowd;
        for (int i = 0; i < 600; ++i) crowd.push_back(std::make_unique<Connection>(core_));
        core_.settle();
        EXPECT_EQ(shard().state().sessions.size(), 601U);
    }
    core_.settle();
    pass(1s);
    EXPECT_EQ(shard().open_sessions(), 1U);
    EXPECT_EQ(shard().state().sessions.size(), 1U);
    Connection comes{core_};
    join(comes);
    static_cast<void>(stays.receive());
    batch(100, 77);
    core_.settle();
    EXPECT_THAT(stays.receive(), ElementsAre(type_is("delta")));
    EXPECT_THAT(comes.receive(), ElementsAre(type_is("delta")));
}

TEST_F(ShardTest, ClosesOneThatSendsNoJsonThreeTimesOrAsksTooOften) {
    Connection garbled{core_};
    for (int i = 0; i < 3; ++i) garbled.send("not json");
    Connection greedy{core_};
    core_.settle();
    std::vector<std::string> to_greedy;
    for (int i = 0; i < 520; ++i) {
        greedy.send(R"({"op":"ping","id":1})");
        static_cast<void>(core_.turn_shard(0));
        for (std::string& message : greedy.receive()) to_greedy.push_back(std::move(message));
    }
    EXPECT_THAT(garbled.receive(),
                ElementsAre(type_is("welcome"), HasSubstr("bad_json"), HasSubstr("bad_json"), HasSubstr("bad_json")));
    EXPECT_EQ(garbled.close_code(), 4400);
    EXPECT_THAT(to_greedy,
                testing::Contains(AllOf(HasSubstr("rate_limited"), HasSubstr(R"("retry_ms":10})"))).Times(20));
    EXPECT_EQ(greedy.close_code(), 4429);
}

TEST_F(ShardTest, AClientThatAskedForItGetsItsTurnAsOneArray) {
    Connection client{core_};
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("welcome")));
    client.send(R"({"op":"hello","id":5,"batch":true})");
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(R"([{"type":"ack","id":5}])"));
    client.send(subscribe(R"("channel":"book","rate_ms":0)"));
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(AllOf(testing::StartsWith(R"([{"type":"ack")"),
                                                    HasSubstr(R"(,{"type":"snapshot")"), testing::EndsWith("}]"))));
    client.send(R"({"op":"hello","id":6})");
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("ack"))) << "the last hello counts";
}

TEST_F(ShardTest, AnArrayThatIsCutIsEndedAndCountsAsSent) {
    std::vector<book::InstrumentId> many;
    for (int i = 0; i < 100; ++i) {
        many.push_back(core_.list("TEST:B" + std::to_string(i), {1, 0}).id);
        core_.push(Event::status(many.back(), SymbolState::Live, StateReason::None, core_.now));
        core_.push(test::clear_event(many.back(), core_.now));
    }
    const auto update_all = [&] {
        ++quantity_;
        for (const book::InstrumentId id : many) {
            Event level = test::level_event(id, Side::Bid, 100, quantity_, core_.now);
            level.flags = Event::kLast;
            core_.push(level);
        }
        core_.settle();
    };
    update_all();
    Connection client{core_, 0, 1};
    client.send(R"({"op":"hello","id":5,"batch":true})");
    client.send(R"({"op":"subscribe","id":1,"symbols":["TEST:B*"],"channel":"book","rate_ms":0})");
    static_cast<void>(drain(client));
    for (int i = 0; i < 100 && metrics().blocked_now.value() == 0; ++i) update_all();
    ASSERT_NE(shard().transport()[0].blocked, nullptr);
    ASSERT_FALSE(shard().transport()[0].blocked->rest.empty()) << "nothing was cut";
    update_all();
    std::map<std::uint64_t, std::uint64_t> held;  // seq by sid
    for (const std::string& message : drain(client)) {
        EXPECT_EQ(message.front(), '[');
        EXPECT_EQ(message.back(), ']');
        for (std::size_t at = 0; (at = message.find(R"({"type":"delta")", at)) != std::string::npos; ++at) {
            const std::string delta = message.substr(at);
            const auto [known, is_first] = held.try_emplace(number(delta, "sid"), number(delta, "prev"));
            EXPECT_EQ(number(delta, "prev"), known->second);
            known->second = number(delta, "seq");
        }
    }
    EXPECT_EQ(held.size(), many.size());
    for (const auto& [sid, seq] : held) EXPECT_EQ(seq, held.begin()->second);
}

TEST_F(ShardTest, AHeartbeatRidesWithWhatItsSessionIsDue) {
    Connection busy{core_};
    Connection idle{core_};
    join(busy);
    std::uint64_t extra_writes = 0;
    for (int i = 0; i < 50; ++i) {
        batch(100, ++quantity_);
        const std::uint64_t before = shard().write_calls();
        core_.pass(100ms);
        core_.settle();
        extra_writes += shard().write_calls() - before - 1;
        static_cast<void>(busy.receive());
        static_cast<void>(idle.receive());
    }
    EXPECT_GE(busy.heartbeats(), 4U);
    EXPECT_GE(idle.heartbeats(), 4U);
    EXPECT_LE(idle.heartbeats(), 5U);
    EXPECT_EQ(extra_writes, idle.heartbeats()) << "the busy one's took no write of their own";
}

TEST_F(ShardTest, ADrainSendsEveryClientAwayWithADelayOfItsOwn) {
    Connection first{core_};
    Connection second{core_};
    join(first);
    core_.settle();
    static_cast<void>(second.receive());
    shard().start_drain(core_.now);
    core_.settle();
    const auto to_first = first.receive();
    const auto to_second = second.receive();
    EXPECT_THAT(to_first, ElementsAre(AllOf(type_is("goaway"), HasSubstr(R"("why":"restart")"))));
    ASSERT_THAT(to_second, ElementsAre(type_is("goaway")));
    EXPECT_NE(number(to_first[0], "retry_ms"), number(to_second[0], "retry_ms"));
    EXPECT_EQ(first.close_code(), 1012);
    EXPECT_TRUE(first.has_ended());
    pass(2'000ms);
    EXPECT_EQ(shard().open_sessions(), 0U);
}

class LimitedShardTest : public ShardTest {
protected:
    LimitedShardTest() : ShardTest{options()} {}
    static CoreOptions options() {
        CoreOptions options = options_with(1'000);
        options.connections.per_address = 1;
        return options;
    }
};

TEST_F(LimitedShardTest, AClientAboveTheLimitIsToldAndSentAway) {
    auto first = std::make_unique<Connection>(core_);
    {
        Connection second{core_};
        core_.settle();
        EXPECT_THAT(second.receive(),
                    ElementsAre(type_is("welcome"), AllOf(HasSubstr("limit_connections"), HasSubstr("retry_ms"))));
        EXPECT_EQ(second.close_code(), 4430);
    }
    core_.settle();
    first.reset();
    core_.settle();
    EXPECT_EQ(shard().open_sessions(), 0U);
    Connection third{core_};
    core_.settle();
    EXPECT_THAT(third.receive(), ElementsAre(type_is("welcome")));
}

class FewSubscriptionsTest : public ShardTest {
protected:
    FewSubscriptionsTest() : ShardTest{options()} {}
    static CoreOptions options() {
        CoreOptions options = options_with(1'000);
        options.shard.limits.subscriptions = 10;
        return options;
    }
};

TEST_F(FewSubscriptionsTest, ASubscribeIsLookedAtOnlyUntilItAsksForMoreThanCanBeGranted) {
    for (int i = 0; i < 100; ++i) core_.list("TEST:B" + std::to_string(i) + "-USD", {1, 0});
    core_.settle();
    Connection client{core_};
    join(client);
    std::string patterns = R"("*")";
    for (int i = 1; i < 200; ++i) patterns += R"(,"*")";
    const std::uint64_t before = metrics().symbols_wished.value();
    client.send(R"({"op":"subscribe","id":2,"channel":"book","rate_ms":0,"symbols":[)" + patterns + "]}");
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(AllOf(HasSubstr(R"("code":"limit_subscriptions")"),
                                                    HasSubstr("limit 10, held 1, asked for 10 or more"))));
    EXPECT_LE(metrics().symbols_wished.value() - before, 11U) << "those that can be granted, one held, one too many";
    EXPECT_EQ(metrics().subscriptions.value(), 1);
}

TEST_F(FewSubscriptionsTest, AStreamNamedTwiceCountsOnce) {
    Connection client{core_};
    std::string names = R"("TEST:A-USD")";
    for (int i = 0; i < 50; ++i) names += R"(,"TEST:A-USD","*:A-USD")";
    client.send(R"({"op":"subscribe","id":2,"channel":"book","symbols":[)" + names + "]}");
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("welcome"), type_is("ack"), type_is("snapshot")));
    EXPECT_EQ(metrics().subscriptions.value(), 1);
}

TEST_F(ShardTest, EachSymbolGoesOnFromItsOwnResumePoint) {
    const book::Instrument& other = core_.list("TEST:B-USD", {1, 0});
    core_.push(Event::status(other.id, SymbolState::Live, StateReason::None, core_.now));
    core_.push(test::clear_event(other.id, core_.now));
    Event level = test::level_event(other.id, Side::Bid, 7, 7, core_.now);
    level.flags = Event::kLast;
    core_.push(level);
    core_.settle();
    Connection client{core_};
    client.send(R"({"op":"subscribe","id":1,"channel":"book","symbols":["TEST:A-USD","TEST:B-USD"],"resume":{)"
                R"("test:b-usd":{"epoch":"k3","seq":1,"depth":5},"TEST:A-USD":{"epoch":"old","seq":1}}})");
    core_.settle();
    const std::vector<std::string> answers = client.receive();
    ASSERT_GE(answers.size(), 2U);
    EXPECT_THAT(answers[1], AllOf(HasSubstr(R"("TEST:A-USD","depth":25,"rate_ms":100,"resumed":false,"why":"epoch_)"),
                                  HasSubstr(R"("TEST:B-USD","depth":25,"rate_ms":100,"resumed":false,"why":"depth_)")));
}

class BackendTest : public ShardTest, public testing::WithParamInterface<IoBackend> {
protected:
    BackendTest() : ShardTest{options_with(1'000'000, available())} {}
    static IoBackend available() {
        return make_socket_writer(IoBackend::Auto)->backend() == IoBackend::IoUring ? GetParam() : IoBackend::Epoll;
    }
};

TEST_P(BackendTest, WritesOnceForEachSessionOrOnceForAll) {
    if (available() != GetParam()) GTEST_SKIP() << "this system forbids io_uring";
    std::vector<std::unique_ptr<Connection>> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(std::make_unique<Connection>(core_));
        join(*clients.back());
        join(*clients.back(), R"("channel":"bbo","rate_ms":0)");
    }
    for (int turn = 0; turn < 3; ++turn) {
        for (int i = 0; i < 4; ++i) batch(100, ++quantity_);
        while (core_.turn_agent() > 0) {
        }
        const std::uint64_t before = shard().write_calls();
        static_cast<void>(core_.turn_shard(0));
        EXPECT_EQ(shard().write_calls() - before, GetParam() == IoBackend::IoUring ? 1U : clients.size());
        for (const auto& client : clients) EXPECT_EQ(client->receive().size(), 8U);
    }
    const std::uint64_t before = shard().write_calls();
    static_cast<void>(core_.turn_shard(0));
    EXPECT_EQ(shard().write_calls(), before) << "nothing is due";
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendTest, testing::Values(IoBackend::Epoll, IoBackend::IoUring),
                         [](const auto& backend) { return backend.param == IoBackend::Epoll ? "Epoll" : "IoUring"; });

}  // namespace
}  // namespace tickgate::gateway
