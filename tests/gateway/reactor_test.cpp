// A shard with its HTTP server on a real port: how it ends.

#include "gateway/reactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>

#include "tests/gateway/plain_client.hpp"

namespace tickgate::gateway {
namespace {

using test::PlainClient;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // a test that waits longer has failed
constexpr book::UnixNanos kNow{std::chrono::seconds{1'700'000'000}};
constexpr std::string_view kHandshake =
    "GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

TEST(IoLoopTest, ComesBackFromWorkThatDoesNotEnd) {
    IoLoop loop;
    std::size_t done = 0;
    const std::function<void()> go_on = [&] {
        ++done;
        boost::asio::post(loop.context(), go_on);
    };
    go_on();
    loop.poll();
    loop.poll();
    EXPECT_GE(done, 3U);
}

/// One reactor and what it needs, turned by hand.
struct Served {
    Served() {
        const auto bound = reactor.listen("127.0.0.1", 0, false);
        EXPECT_TRUE(bound);
        port = *bound;
    }

    [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            loop.wait(1ms);
            static_cast<void>(reactor.do_work(kNow));
        }
        return true;
    }
    [[nodiscard]] bool run_until_closed(PlainClient& client) {
        return run_until([&] {
            client.receive();
            return client.is_closed;
        });
    }

    ShardQueue records{std::size_t{1} << 20};
    CommandQueue commands{64};
    Admission admission{ConnectionLimits{}};
    Shard shard{{}, records, commands, admission, make_socket_writer(IoBackend::Epoll)};
    IoLoop loop;
    Reactor reactor{loop, shard, {}, [] { return std::string{}; }, [] { return kNow; }};
    std::uint16_t port = 0;
};

TEST(Reactor, IsDrainedOnlyWhenARequestUnderWayHasItsAnswer) {
    Served served;
    PlainClient client{served.port};
    client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n");
    ASSERT_TRUE(served.run_until([&] { return served.reactor.http_metrics().accepted.value() == 1; }));
    served.reactor.start_drain(kNow);
    served.loop.poll();
    EXPECT_FALSE(served.reactor.is_drained());
    client.send("\r\n");
    EXPECT_TRUE(served.run_until_closed(client));
    EXPECT_THAT(client.received, testing::StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(client.received, HasSubstr(R"("status":"draining")"));
    client.close();
    EXPECT_TRUE(served.run_until([&] { return served.reactor.is_drained(); }));
}

TEST(Reactor, IsDrainedAtOnceWhereNothingIsUnderWay) {
    Served served;
    PlainClient silent{served.port};
    PlainClient idle{served.port};
    idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(served.run_until([&] {
        idle.receive();
        return served.reactor.http_metrics().accepted.value() == 2 && !idle.received.empty();
    }));
    served.loop.poll();
    served.reactor.start_drain(kNow);
    served.loop.poll();
    EXPECT_TRUE(served.reactor.is_drained());
    EXPECT_TRUE(served.run_until_closed(idle));
    EXPECT_TRUE(served.run_until_closed(silent));
}

TEST(Reactor, AWebSocketIsSentAwayHoweverFarItsHandshakeHadComeWhenTheDrainBegan) {
    bool saw_goaway = false;
    for (int steps = 0; steps < 8; ++steps) {
        Served served;
        PlainClient client{served.port};
        client.send(kHandshake);
        for (int i = 0; i < steps; ++i) served.loop.wait(1ms);
        served.reactor.start_drain(kNow);
        EXPECT_TRUE(served.run_until_closed(client)) << steps;
        const bool upgraded = client.received.starts_with("HTTP/1.1 101 ");
        EXPECT_EQ(upgraded, client.received.find(R"("type":"goaway")") != std::string::npos) << client.received;
        saw_goaway = saw_goaway || upgraded;
        client.close();
        EXPECT_TRUE(served.run_until([&] { return served.reactor.is_drained(); })) << steps;
    }
    EXPECT_TRUE(saw_goaway);
}

}  // namespace
}  // namespace tickgate::gateway
