// What goes out deflated: each message once, whoever takes it, and the same comes out as goes to those without.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/turn_output.hpp"
#include "gateway/websocket_frame.hpp"
#include "tests/gateway/core.hpp"
#include "tests/gateway/inflated.hpp"
#include "tests/support/seed.hpp"

namespace tickgate::gateway {
namespace {

using book::Event;
using book::Side;
using test::Connection;
using test::Core;
using test::CoreOptions;
using test::Random;

std::string text_of(std::span<const char> bytes) {
    return {bytes.data(), bytes.size()};
}

/// A text that gets smaller, but not the same as others.
std::string text_with(Random& random, std::size_t size) {
    std::string text = "{";
    while (text.size() < size - 1) text += static_cast<char>('0' + random.between(0, 9));
    return text + '}';
}

std::string random_bytes(Random& random, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) bytes += static_cast<char>(random.between(-128, 127));
    return bytes;
}

/// The payload of the first frame, inflated; what follows that frame goes to `rest`.
std::string payload_of(std::string_view frames, std::string& rest, int window_bits = 15) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frames[i]); };
    const std::size_t header = byte(1) < 126 ? 2 : byte(1) == 126 ? 4 : 10;
    std::size_t size = header == 2 ? byte(1) : 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
    std::string payload{frames.substr(header, size)};
    if ((byte(0) & 0x40) != 0) payload = test::inflated(payload, window_bits);
    rest = std::string{frames.substr(header + size)};
    return payload;
}

bool is_deflated(std::string_view frame) {
    return (static_cast<unsigned char>(frame[0]) & 0x40) != 0;
}

TEST(TurnOutputDeflated, EachFrameIsDeflatedOnceHoweverManyTakeIt) {
    Random random{1};
    const std::vector<std::string> texts = {text_with(random, 300), text_with(random, 255), text_with(random, 3'000),
                                            text_with(random, 256), text_with(random, 70'000)};
    TurnOutput output;
    std::vector<TurnOutput::FrameIndex> frames;
    for (const std::string& text : texts) frames.push_back(output.add_text(text));
    for (SessionIndex session = 0; session < 50; ++session) {
        for (const auto frame : frames) output.owe(session, frame);
    }
    output.arrange(0);
    const auto groups = output.next_groups();
    EXPECT_EQ(output.joined(groups[0]).data(), output.bytes(frames[0]).data());
    EXPECT_EQ(output.deflate_counts().calls, 0U) << "nobody took it deflated";
    for (const TurnGroup& group : groups.subspan(1)) {
        std::string rest = text_of(output.joined(group, 12));
        for (const std::string& text : texts) {
            EXPECT_EQ(is_deflated(rest), text.size() >= 256) << text.size();
            EXPECT_EQ(payload_of(rest, rest, 12), text);
        }
        EXPECT_EQ(rest, "");
    }
    EXPECT_EQ(output.deflate_counts().calls, 4U);
    EXPECT_EQ(output.deflate_counts().bytes_in, 300U + 3'000U + 256U + 70'000U);
    EXPECT_LT(output.deflate_counts().bytes_out, output.deflate_counts().bytes_in * 2 / 3);
    EXPECT_GT(output.deflate_counts().bytes_out, 0U);
    output.clear();
    EXPECT_EQ(output.deflate_counts().calls, 0U);
    output.owe(0, output.add_text(texts[2]));
    output.arrange(0);
    std::string rest = text_of(output.joined(output.next_groups()[0], 12));
    EXPECT_EQ(payload_of(rest, rest), texts[2]) << "nothing is left of the turn before";
}

TEST(TurnOutputDeflated, WhoIsDueDeflatedNeighboursGetsThemWithoutACopy) {
    Random random{2};
    TurnOutput output;
    for (int i = 0; i < 5; ++i) {
        const auto frame = output.add_text(text_with(random, 400));
        for (const SessionIndex session : {1U, 2U}) output.owe(session, frame);
    }
    output.arrange(0);
    for (const TurnGroup& group : output.next_groups()) static_cast<void>(output.joined(group, 12));
    EXPECT_EQ(output.gathered_bytes(), 0U);
}

TEST(TurnOutputDeflated, WhatGetsNoSmallerGoesAsItIs) {
    Random random{3};
    const std::string noise = random_bytes(random, 1'000);
    TurnOutput output;
    const auto frame = output.add_text(noise);
    output.owe(1, frame);
    output.owe(2, frame);
    output.arrange(0);
    const auto groups = output.next_groups();
    for (const TurnGroup& group : groups) EXPECT_EQ(output.joined(group, 12).data(), output.bytes(frame).data());
    EXPECT_EQ(output.deflate_counts().calls, 1U) << "tried once";
    EXPECT_EQ(output.deflate_counts().bytes_out, 1'000U);
    std::string rest;
    EXPECT_EQ(payload_of(text_of(output.joined_as_array(groups[0], 12)), rest), "[" + noise + "]");
}

TEST(TurnOutputDeflated, AFrameIsAsItIsWhereTheWindowIsTooSmallForIt) {
    Random random{4};
    const std::string small = text_with(random, 512);
    const std::string large = text_with(random, 513);
    TurnOutput output;
    const auto first = output.add_text(small);
    const auto second = output.add_text(large);
    EXPECT_TRUE(is_deflated(text_of(output.bytes_for(first, 9))));
    EXPECT_FALSE(is_deflated(text_of(output.bytes_for(second, 9))));
    EXPECT_TRUE(is_deflated(text_of(output.bytes_for(second, 10))));
    EXPECT_EQ(output.bytes_for(first, 0).data(), output.bytes(first).data());
    EXPECT_EQ(output.deflate_counts().calls, 2U);
}

TEST(TurnOutputDeflated, BinaryMessagesAndControlFramesBehindAMessageKeepTheirKind) {
    TurnOutput output{{.min_bytes = 10}};
    std::string binary;
    append_frame(binary, Opcode::Binary, std::string(1'000, 'b'));
    const std::string deflated = text_of(output.bytes_for(output.add_bytes(binary, true), 12));
    EXPECT_EQ(static_cast<unsigned char>(deflated[0]), 0xC2);
    std::string heartbeat;
    append_frame(heartbeat, Opcode::Text, std::string(100, 'h'));
    append_frame(heartbeat, Opcode::Ping, "p");
    std::string rest;
    EXPECT_EQ(payload_of(text_of(output.bytes_for(output.add_bytes(heartbeat, true), 12)), rest),
              std::string(100, 'h'));
    EXPECT_EQ(rest, "\x89\x01p");
    std::string pong;
    append_frame(pong, Opcode::Pong, std::string(100, 'p'));
    EXPECT_EQ(text_of(output.bytes_for(output.add_bytes(pong, true), 12)), pong);
    EXPECT_EQ(output.deflate_counts().calls, 2U);
}

TEST(TurnOutputDeflated, AnArrayIsLaidTogetherFromWhatItsMessagesWereDeflatedTo) {
    Random random{5};
    for (int run = 0; run < 200; ++run) {
        TurnOutput output;
        std::string plain = "[";
        std::string control;
        std::size_t large = 0;
        for (std::int64_t i = random.between(1, 12); i > 0; --i) {
            const auto size = random.one_of<std::size_t>({20, 255, 256, 700, 4'000, 66'000});
            const std::string text = random.chance(10) ? random_bytes(random, size) : text_with(random, size);
            std::string frames;
            append_frame(frames, Opcode::Text, text);
            // As a heartbeat: behind a short text.
            if (size < 126 && random.chance(50)) append_frame(frames, Opcode::Ping, std::to_string(i));
            control += frames.substr(FrameHeader::size_for(size) + size);
            plain += (plain.size() == 1 ? "" : ",") + text;
            large += size >= 256 ? 1 : 0;
            const auto frame = output.add_bytes(frames, true);
            for (const SessionIndex session : {1U, 2U, 3U, 4U}) output.owe(session, frame);
        }
        plain += ']';
        output.arrange(0);
        auto groups = output.next_groups();
        for (TurnGroup& group : groups) group.taken = group.count;  // however much that is
        std::string rest;
        EXPECT_EQ(payload_of(text_of(output.joined_as_array(groups[0])), rest), plain);
        EXPECT_EQ(rest, control);
        EXPECT_EQ(output.deflate_counts().calls, 0U);
        for (const std::uint8_t bits : std::initializer_list<std::uint8_t>{12, 9, 12}) {
            EXPECT_EQ(payload_of(text_of(output.joined_as_array(groups[1], bits)), rest, bits), plain) << run;
            EXPECT_EQ(rest, control);
            EXPECT_EQ(output.deflate_counts().calls, large) << "the array costs none of its own";
        }
        static_cast<void>(output.joined(groups[3], 12));
        EXPECT_EQ(output.deflate_counts().calls, large) << "nor does another form";
    }
}

TEST(TurnOutputDeflated, WhatComesAgainIsDeflatedOnceForAllTurns) {
    Random random{6};
    std::string first;
    std::string second;
    append_frame(first, Opcode::Text, text_with(random, 4'000));
    append_frame(second, Opcode::Text, text_with(random, 4'000));
    TurnOutput output;
    const auto calls_for = [&](const std::string& frame) {
        const std::string own = frame;  // where it lies does not matter
        const std::string form = text_of(output.bytes_for(output.add_shared(own, Position{}, true), 12));
        std::string rest;
        EXPECT_EQ(payload_of(form, rest, 12), frame.substr(4));
        const std::uint64_t calls = output.deflate_counts().calls;
        output.clear();
        return calls;
    };
    EXPECT_EQ(calls_for(first), 1U);
    EXPECT_EQ(calls_for(second), 1U);
    EXPECT_EQ(calls_for(first), 0U);
    EXPECT_EQ(calls_for(second), 0U);
    // Others take its place in the end.
    std::string other;
    for (int i = 0; i < 700; ++i) {
        other.clear();
        append_frame(other, Opcode::Text, text_with(random, 3'000));
        EXPECT_EQ(calls_for(other), 1U);
    }
    EXPECT_EQ(calls_for(other), 0U);
    EXPECT_EQ(calls_for(first), 1U);
}

TEST(TurnOutputDeflated, AnArrayOfSmallMessagesIsNotDeflated) {
    TurnOutput output;
    output.owe(1, output.add_text("{}"));
    output.owe(1, output.add_text("{}"));
    output.arrange(0);
    EXPECT_EQ(text_of(output.joined_as_array(output.next_groups()[0], 12)), "\x81\x07[{},{}]");
}

/// Those that are made once for all that are in step.
std::vector<std::string> deltas_of(const std::vector<std::string>& messages) {
    std::vector<std::string> deltas;
    std::ranges::copy_if(messages, std::back_inserter(deltas),
                         [](const std::string& text) { return text.starts_with(R"({"type":"delta")"); });
    return deltas;
}

std::uint64_t number(const std::string& message, const std::string& key) {
    return std::stoull(message.substr(message.find('"' + key + "\":") + key.size() + 3));
}

/// Each delta goes on from what its client holds of the stream.
void expect_whole_chains(const std::vector<std::string>& messages) {
    std::map<std::uint64_t, std::uint64_t> held;
    for (const std::string& text : messages) {
        const bool is_delta = text.starts_with(R"({"type":"delta")");
        if (!is_delta && !text.starts_with(R"({"type":"snapshot")")) continue;
        const std::uint64_t sid = number(text, "sid");
        if (is_delta && held.contains(sid)) {
            EXPECT_EQ(number(text, "prev"), held[sid]);
        }
        held[sid] = number(text, "seq");
    }
}

/// A venue of many symbols, each of whose books changes at many levels at once.
class DeflateOutputTest : public testing::Test {
protected:
    static constexpr int kSymbols = 8;
    static constexpr int kLevels = 40;

    struct Client {
        std::unique_ptr<Connection> connection;
        std::set<int> symbols;  // that it subscribes to
        std::vector<std::string> messages{};
        bool reads = true;
    };

    DeflateOutputTest() : core_{options()} {
        for (int i = 0; i < kSymbols; ++i) {
            const auto& instrument = core_.list("TEST:S" + std::to_string(i), {2, 2});
            instruments_.push_back(&instrument);
            core_.push(Event::status(instrument.id, book::SymbolState::Live, book::StateReason::None, core_.now));
            core_.push(test::clear_event(instrument.id, core_.now));
            batch(i);
        }
        core_.settle();
    }

    static CoreOptions options() {
        CoreOptions options{.queue_bytes = std::size_t{8} << 20};
        options.shard.limits.ops_per_s = 1'000;
        return options;
    }

    void batch(int symbol) {
        const auto& instrument = *instruments_[static_cast<std::size_t>(symbol)];
        std::vector<Event> events;
        const std::int64_t levels = random_.one_of<std::int64_t>({1, 2, 15, kLevels});
        for (std::int64_t i = 0; i < levels; ++i) {
            events.push_back(
                test::level_event(instrument.id, Side::Bid, 10'000 + i, random_.between(1, 1'000'000), core_.now));
        }
        events.back().flags = Event::kLast;
        core_.push(events);
    }

    Client& add(std::uint8_t deflate_bits, bool takes_arrays = false, int buffer = 0) {
        clients_.push_back({std::make_unique<Connection>(core_, 0, buffer, deflate_bits), {}});
        clients_.back().connection->take_arrays_apart(true);
        if (takes_arrays) clients_.back().connection->send(R"({"op":"hello","id":1,"batch":true})");
        return clients_.back();
    }
    void subscribe(Client& client, int symbol) {
        if (!client.symbols.insert(symbol).second) return;
        client.connection->send(
            R"({"op":"subscribe","id":1,"channel":"book","depth":0,"rate_ms":0,"symbols":["TEST:S)" +
            std::to_string(symbol) + "\"]}");
    }
    /// Like Core::settle(), but no two turns have one time: what is encoded in different turns differs by its `ts`.
    void settle() {
        for (int idle = 0; idle < 2;) {
            core_.pass(std::chrono::microseconds{1});
            const int work = core_.turn_agent() + core_.turn_shard(0);
            idle = work == 0 && !core_.agent->has_work() ? idle + 1 : 0;
        }
    }
    void read_all() {
        for (Client& client : clients_) {
            if (!client.reads) continue;
            auto messages = client.connection->receive();
            std::ranges::move(messages, std::back_inserter(client.messages));
        }
    }
    const ShardMetrics& metrics() { return core_.shards[0]->shard.metrics(); }

    /// Three that subscribe to everything: without deflate, with it, and with it in arrays.
    void add_the_three() {
        static_cast<void>(add(0));
        static_cast<void>(add(12));
        static_cast<void>(add(12, true));
        for (int symbol = 0; symbol < kSymbols; ++symbol) {
            for (Client& client : clients_) subscribe(client, symbol);
        }
        settle();
        read_all();
        calls_before_ = metrics().deflate_calls.value();
        for (Client& client : clients_) client.messages.clear();
    }
    /// A few books change, and somebody comes to a stream.
    void turn() {
        for (Client& client : clients_) {
            if (random_.chance(10)) subscribe(client, static_cast<int>(random_.between(0, kSymbols - 1)));
        }
        for (std::int64_t i = random_.between(0, 6); i > 0; --i) {
            batch(static_cast<int>(random_.between(0, kSymbols - 1)));
        }
        core_.pass(std::chrono::milliseconds{20});
        settle();
        read_all();
    }
    /// Since add_the_three().
    std::uint64_t calls() { return metrics().deflate_calls.value() - calls_before_; }
    /// The different messages of at least min_bytes that clients with deflate got.
    std::set<std::string> large_ones_deflated() {
        std::set<std::string> large;
        for (std::size_t i = 1; i < clients_.size(); ++i) {
            for (const std::string& text : clients_[i].messages) {
                if (text.size() >= CompressionOptions{}.min_bytes) large.insert(text);
            }
        }
        return large;
    }
    void expect_the_three_got_the_same() {
        const std::vector<std::string> deltas = deltas_of(clients_[0].messages);
        EXPECT_GT(deltas.size(), 100U);
        EXPECT_EQ(deltas_of(clients_[1].messages), deltas);
        EXPECT_EQ(deltas_of(clients_[2].messages), deltas);
    }

    Random random_{7};
    std::uint64_t calls_before_ = 0;
    Core core_;
    std::vector<const book::Instrument*> instruments_;
    std::deque<Client> clients_;
};

TEST_F(DeflateOutputTest, CallsAreMessagesEncodedNotMessagesDelivered) {
    add_the_three();
    const std::uint64_t deliveries_before = metrics().deliveries.value();
    for (int i = 0; i < 150; ++i) {
        if (i < 40) static_cast<void>(add(random_.one_of<std::uint8_t>({9, 12}), random_.chance(30)));
        turn();
    }
    const std::set<std::string> large = large_ones_deflated();
    EXPECT_EQ(calls(), large.size());
    EXPECT_GT(metrics().deliveries.value() - deliveries_before, 10 * large.size());
    EXPECT_LT(metrics().deflate_bytes_out.value(), metrics().deflate_bytes_in.value() * 2 / 3);
    expect_the_three_got_the_same();
    EXPECT_GT(clients_[2].connection->arrays(), 50U);
    EXPECT_GT(clients_[2].connection->deflated(), 50U);
    EXPECT_EQ(clients_[0].connection->deflated(), 0U);
}

TEST_F(DeflateOutputTest, SlowClientsGetTheSameAndAddOnlyWhatIsEncodedForThem) {
    add_the_three();
    for (int i = 0; i < 8; ++i) {
        Client& client = add(12, i % 2 == 0, 1);
        for (int symbol = 0; symbol < kSymbols; ++symbol) subscribe(client, symbol);
    }
    for (int i = 0; i < 300; ++i) {
        // Each reads now and then, a little.
        for (std::size_t slow = 3; slow < clients_.size(); ++slow) clients_[slow].reads = random_.chance(20);
        turn();
    }
    for (Client& client : clients_) client.reads = true;
    for (int i = 0; i < 20; ++i) {
        settle();
        read_all();
    }
    EXPECT_GT(metrics().blocked.value(), 20U) << "nobody was slow";
    EXPECT_EQ(metrics().blocked_now.value(), 0);
    const gateway::AgentMetrics& agent = core_.agent->metrics();
    const std::uint64_t encoded = agent.messages_encoded[Channel::Book].value() + metrics().accepted.value();
    EXPECT_LE(calls(), encoded);
    expect_the_three_got_the_same();
    for (const Client& client : clients_) expect_whole_chains(client.messages);
}

TEST_F(DeflateOutputTest, NobodyWithoutItPaysForIt) {
    for (int i = 0; i < 5; ++i) {
        Client& client = add(0, i % 2 == 0);
        for (int symbol = 0; symbol < kSymbols; ++symbol) subscribe(client, symbol);
    }
    for (int turn = 0; turn < 20; ++turn) {
        for (int symbol = 0; symbol < kSymbols; ++symbol) batch(symbol);
        core_.settle();
        read_all();
    }
    EXPECT_GT(metrics().deliveries.value(), 500U);
    EXPECT_EQ(metrics().deflate_calls.value(), 0U);
}

TEST_F(DeflateOutputTest, AClientMayDeflateWhatItAsks) {
    Client& client = add(12);
    Deflater deflater;
    const std::string_view question = R"({"op":"ping","id":77})";
    std::string out(200, '\0');
    out.resize(deflater.deflate(question, out));
    std::string frame = "\xC1";
    frame += static_cast<char>(0x80 | out.size());
    frame += std::string(4, '\0') + out;
    ASSERT_EQ(::send(client.connection->fd(), frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
    core_.settle();
    read_all();
    EXPECT_NE(client.messages.back().find("\"id\":77"), std::string::npos);

    std::string bomb(100'000, '\0');
    bomb.resize(deflater.deflate(std::string(10'000'000, ' '), bomb));
    frame = "\xC1\xFE";
    frame += {static_cast<char>(bomb.size() >> 8), static_cast<char>(bomb.size())};
    frame += std::string(4, '\0') + bomb;
    ASSERT_LT(frame.size(), 60'000U);
    ASSERT_EQ(::send(client.connection->fd(), frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
    core_.settle();
    read_all();
    EXPECT_NE(client.messages.back().find("frame_too_big"), std::string::npos);
    EXPECT_EQ(client.connection->close_code(), 1009);
}

}  // namespace
}  // namespace tickgate::gateway
