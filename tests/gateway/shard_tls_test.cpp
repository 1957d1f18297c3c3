// One shard with clients over TLS on socket pairs: what is different from plain ones.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>

#include "tests/gateway/shard_fixture.hpp"

namespace tickgate::gateway {
namespace {

using book::Event;
using book::StateReason;
using book::SymbolState;
using test::Connection;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr Connection::OverTls kTls;

class ShardTlsTest : public ShardTest {};

/// As TLS records: their types, and how many bytes a last one lacks.
struct Records {
    std::string types;
    std::size_t missing = 0;
};

Records records_of(std::string_view bytes) {
    Records records;
    while (!bytes.empty()) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        records.types += bytes[0];
        const std::size_t size = bytes.size() < 5 ? 5 : 5 + (std::size_t{byte(3)} << 8 | byte(4));
        records.missing = size - std::min(size, bytes.size());
        bytes.remove_prefix(std::min(size, bytes.size()));
    }
    return records;
}

TEST_F(ShardTlsTest, AClientIsServedAsAPlainOneIs) {
    Connection plain{core_};
    Connection client{kTls, core_};
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("welcome")));
    client.send(subscribe(R"("channel":"book","rate_ms":0)"));
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("ack"), type_is("snapshot")));
    join(plain);
    batch(105, 7);
    core_.settle();
    const std::vector<std::string> messages = client.receive();
    EXPECT_THAT(messages, ElementsAre(AllOf(type_is("delta"), HasSubstr(R"(["10.5","7"])"))));
    EXPECT_EQ(plain.receive(), messages);
}

TEST_F(ShardTlsTest, WhatIsDueInATurnIsOneRecord) {
    Connection client{kTls, core_};
    client.send(subscribe(R"("channel":"book","rate_ms":0)"));
    client.send(R"({"op":"subscribe","id":2,"symbols":["TEST:A-USD"],"channel":"bbo","rate_ms":0})");
    core_.settle();
    static_cast<void>(client.receive());
    batch(105, 7);
    core_.settle();
    std::array<char, 4'096> bytes;
    const ssize_t size = ::recv(client.fd(), bytes.data(), bytes.size(), MSG_PEEK);
    ASSERT_GT(size, 0);
    const Records records = records_of({bytes.data(), static_cast<std::size_t>(size)});
    EXPECT_EQ(records.types, "\x17");
    EXPECT_EQ(records.missing, 0U);
    EXPECT_THAT(client.receive(), ElementsAre(type_is("delta"), type_is("bbo")));
}

TEST_F(ShardTlsTest, ARequestThatIsLongerThanARecordIsOneMessage) {
    Connection client{kTls, core_};
    core_.settle();
    static_cast<void>(client.receive());
    client.send(R"({"op":"ping","id":7)" + std::string(60'000, ' ') + '}');
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(AllOf(type_is("pong"), HasSubstr(R"("id":7)"))));
}

TEST_F(ShardTlsTest, OneThatIsCutGetsAllThatWasEncryptedAndThenOneDelta) {
    Connection client{kTls, core_, 0, 1};
    join(client);
    block();
    const auto& connection = shard().transport()[0];
    const std::size_t kept = connection.blocked->rest.size();
    const auto cut = static_cast<std::uint64_t>(quantity_);
    for (int i = 0; i < 50; ++i) batch(100, ++quantity_);
    core_.settle();
    ASSERT_EQ(connection.blocked->rest.size(), kept);
    const std::vector<std::string> messages = drain(client);
    ASSERT_GE(messages.size(), 2U);
    std::uint64_t held = number(messages.front(), "prev");
    for (const std::string& message : messages) {
        EXPECT_EQ(number(message, "prev"), held);
        held = number(message, "seq");
    }
    EXPECT_EQ(number(messages[messages.size() - 2], "seq"), cut) << "the message that was cut counts as sent";
    EXPECT_EQ(held, static_cast<std::uint64_t>(quantity_));
    EXPECT_EQ(metrics().tls_errors.value(), 0U);
}

TEST_F(ShardTlsTest, ACutOfSeveralMessagesLosesNone) {
    std::vector<const book::Instrument*> many;
    for (int i = 0; i < 50; ++i) many.push_back(&core_.list("TEST:B" + std::to_string(i), {1, 0}));
    const auto update_all = [&] {
        ++quantity_;
        for (const book::Instrument* instrument : many) {
            if (quantity_ == 2) {
                core_.push(Event::status(instrument->id, SymbolState::Live, StateReason::None, core_.now));
                core_.push(test::clear_event(instrument->id, core_.now));
            }
            Event level = test::level_event(instrument->id, book::Side::Bid, 100, quantity_, core_.now);
            level.flags = Event::kLast;
            core_.push(level);
        }
        core_.settle();
    };
    update_all();
    Connection client{kTls, core_, 0, 1};
    client.send(R"({"op":"subscribe","id":1,"symbols":["TEST:B*"],"channel":"book","rate_ms":0})");
    core_.settle();
    std::map<std::uint64_t, std::uint64_t> held;  // seq by sid
    const auto take = [&](const std::vector<std::string>& messages) {
        for (const std::string& message : messages) {
            if (message.starts_with(R"({"type":"snapshot")")) held[number(message, "sid")] = number(message, "seq");
            if (!message.starts_with(R"({"type":"delta")")) continue;
            EXPECT_EQ(number(message, "prev"), held[number(message, "sid")]);
            held[number(message, "sid")] = number(message, "seq");
        }
    };
    take(drain(client));
    for (int i = 0; i < 100 && metrics().blocked_now.value() == 0; ++i) update_all();
    ASSERT_EQ(metrics().blocked_now.value(), 1);
    update_all();
    take(drain(client));
    EXPECT_EQ(held.size(), many.size());
    for (const auto& [sid, seq] : held) EXPECT_EQ(seq, held.begin()->second);
}

TEST_F(ShardTlsTest, WhatMustArriveIsEncryptedBehindTheCut) {
    Connection client{kTls, core_, 0, 1};
    join(client);
    block();
    pass(11'000ms);
    ASSERT_EQ(metrics().closed[4408].value(), 1U);
    const std::vector<std::string> messages = drain(client);
    EXPECT_THAT(messages.back(), AllOf(type_is("error"), HasSubstr(R"("code":"slow_client")")));
    EXPECT_EQ(client.close_code(), 4408);
    EXPECT_TRUE(client.tls().is_closed_by_server());
}

TEST_F(ShardTlsTest, ACloseEndsTlsBehindItsFrame) {
    Connection leaves{kTls, core_};
    Connection stays{kTls, core_};
    join(leaves);
    join(stays);
    leaves.send_close(1000);
    core_.settle();
    static_cast<void>(leaves.receive());
    EXPECT_EQ(leaves.close_code(), 1000);
    EXPECT_TRUE(leaves.tls().is_closed_by_server());
    EXPECT_TRUE(leaves.has_ended());

    shard().start_drain(core_.now);
    core_.settle();
    EXPECT_THAT(stays.receive(), ElementsAre(type_is("goaway")));
    EXPECT_EQ(stays.close_code(), 1012);
    EXPECT_TRUE(stays.tls().is_closed_by_server());
}

TEST_F(ShardTlsTest, ACloseBehindMoreThanATurnsShareEndsTlsToo) {
    for (int i = 0; i < 3'000; ++i) core_.list("TEST:SYMBOL-NUMBER-" + std::to_string(i), {1, 0});
    core_.settle();
    Connection client{kTls, core_};
    core_.settle();
    static_cast<void>(client.receive());
    client.send(R"({"op":"symbols","id":1})");
    client.send_close(1000);
    EXPECT_THAT(drain(client), ElementsAre(AllOf(type_is("ack"), testing::SizeIs(testing::Gt(TurnOutput::kMaxBytes)))));
    EXPECT_EQ(client.close_code(), 1000);
    EXPECT_TRUE(client.tls().is_closed_by_server());
}

TEST_F(ShardTlsTest, NewKeysAreAnsweredAndUsed) {
    Connection client{kTls, core_};
    join(client);
    for (int i = 0; i < 3; ++i) {
        client.tls().update_keys();
        client.flush_tls();
        core_.settle();
        static_cast<void>(client.receive());
        client.send(R"({"op":"ping","id":7})");
        batch(100, ++quantity_);
        core_.settle();
        EXPECT_THAT(client.receive(), ElementsAre(type_is("pong"), type_is("delta")));
    }
    EXPECT_EQ(metrics().tls_errors.value(), 0U);
}

TEST_F(ShardTlsTest, NewKeysOfABlockedClientAreReadOnceItHasDrained) {
    Connection client{kTls, core_, 0, 1};
    join(client);
    block();
    client.tls().update_keys();
    client.flush_tls();
    EXPECT_THAT(drain(client), Contains(type_is("delta")));
    batch(100, ++quantity_);
    core_.settle();
    EXPECT_THAT(client.receive(), ElementsAre(type_is("delta")));
    EXPECT_EQ(metrics().tls_errors.value(), 0U);
}

TEST_F(ShardTlsTest, WhatIsNotTlsEndsTheSessionAndNoOther) {
    Connection broken{kTls, core_};
    Connection other{kTls, core_};
    join(broken);
    join(other);
    constexpr std::string_view kNoTls = "{\"op\":\"ping\",\"id\":1}";
    ASSERT_EQ(::send(broken.fd(), kNoTls.data(), kNoTls.size(), 0), static_cast<ssize_t>(kNoTls.size()));
    batch(100, ++quantity_);
    core_.settle();
    EXPECT_THROW(static_cast<void>(broken.receive()), std::runtime_error) << "it is told by an alert";
    EXPECT_EQ(metrics().tls_errors.value(), 1U);
    EXPECT_EQ(metrics().closed[1006].value(), 1U);
    EXPECT_EQ(shard().open_sessions(), 1U);
    EXPECT_THAT(other.receive(), ElementsAre(type_is("delta")));
}

TEST_F(ShardTlsTest, OneThatEndsTlsWithoutACloseFrameHasLeft) {
    Connection client{kTls, core_};
    join(client);
    client.tls().close();
    client.flush_tls();
    core_.settle();
    EXPECT_EQ(metrics().closed[1006].value(), 1U);
    EXPECT_EQ(metrics().tls_errors.value(), 0U);
    EXPECT_EQ(shard().open_sessions(), 0U);
}

TEST_F(ShardTlsTest, WhatCameBeforeTheEndOfTlsIsAnswered) {
    Connection client{kTls, core_};
    core_.settle();
    client.send(R"({"op":"subscribe","id":1,"channel":"book","symbols":["TEST:A-USD"]})");  // what follows waits for it
    client.send(R"({"op":"ping","id":2})");
    client.send_close(1000);
    client.tls().close();
    client.flush_tls();
    core_.settle();
    EXPECT_THAT(client.receive(), testing::Contains(type_is("pong")));
    EXPECT_EQ(client.close_code(), 1000);
    core_.settle();
    EXPECT_EQ(metrics().closed[1000].value(), 1U);
    EXPECT_EQ(metrics().closed[1006].value(), 0U);
}

TEST_F(ShardTlsTest, AnEndOfTlsBehindAMessageThatWaitsIsNotForgotten) {
    Connection client{kTls, core_};
    core_.settle();
    client.send(R"({"op":"subscribe","id":1,"channel":"book","symbols":["TEST:A-USD"]})");
    client.send(R"({"op":"ping","id":2})");
    client.tls().close();
    client.flush_tls();
    core_.settle();
    EXPECT_EQ(metrics().closed[1006].value(), 1U);
    EXPECT_EQ(shard().open_sessions(), 0U);
}

TEST_F(ShardTlsTest, WhatCameWithTheHandshakeIsReadFirst) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    std::string ping = R"({"op":"ping","id":7})";
    ping.resize(200, ' ');
    std::string many;
    for (int i = 0; i < 400; ++i) many.append("\x81\xfe\0\xc8\0\0\0\0", 8).append(ping);
    ASSERT_GT(many.size(), std::size_t{64} << 10);
    shard().add_session({.fd = ends[0], .remote_address = "client", .left_over = many}, core_.now);
    Connection client{ends[1]};
    EXPECT_THAT(drain(client), testing::SizeIs(401));
}

}  // namespace
}  // namespace tickgate::gateway
