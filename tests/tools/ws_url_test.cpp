#include "tools/client/ws_url.hpp"

#include <gtest/gtest.h>

namespace tickgate::client {
namespace {

TEST(WsUrl, ReadsHostPortAndTarget) {
    const auto url = parse_ws_url("ws://example.org:8080/feed?x=1");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "example.org");
    EXPECT_EQ(url->port, "8080");
    EXPECT_EQ(url->target, "/feed?x=1");
}

TEST(WsUrl, FillsInPortAndTarget) {
    for (const auto* text : {"ws://localhost", "ws://localhost/"}) {
        const auto url = parse_ws_url(text);
        ASSERT_TRUE(url);
        EXPECT_EQ(url->port, "80");
        EXPECT_EQ(url->target, "/v1/ws");
    }
}

TEST(WsUrl, KnowsTlsByTheScheme) {
    EXPECT_FALSE(parse_ws_url("ws://localhost")->secure);
    const auto url = parse_ws_url("wss://localhost");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->secure);
    EXPECT_EQ(url->port, "443");
    EXPECT_EQ(parse_ws_url("wss://localhost:8443")->port, "8443");
}

TEST(WsUrl, IsAHostHeaderAgain) {
    EXPECT_EQ(host_header(*parse_ws_url("ws://127.0.0.1:8080")), "127.0.0.1:8080");
    EXPECT_EQ(host_header(*parse_ws_url("ws://[::1]")), "[::1]:80");
}

TEST(WsUrl, ReadsAnIpV6AddressInBrackets) {
    const auto url = parse_ws_url("ws://[::1]:9000");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, "9000");
}

TEST(WsUrl, RefusesWhatIsNoSuchUrl) {
    for (const auto* text : {"", "localhost:80", "http://localhost", "wss:/localhost", "wss://", "ws://", "ws://:80",
                             "ws://a:b", "ws://a:", "ws://a:123456", "ws://[::1", "ws://[::1]x"}) {
        EXPECT_FALSE(parse_ws_url(text)) << text;
    }
}

}  // namespace
}  // namespace tickgate::client
