#include "tools/load/upgrade.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickgate::load {
namespace {

using testing::HasSubstr;

// The example of RFC 6455, 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAnswer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n"
    "Connection: Upgrade";

TEST(Upgrade, AcceptsTheAnswerToItsKey) {
    EXPECT_EQ(upgrade_fault(kAnswer, kKey), "");
}

TEST(Upgrade, RefusesTheAnswerToAnotherKey) {
    EXPECT_THAT(upgrade_fault(kAnswer, upgrade_key(1)), HasSubstr("Sec-WebSocket-Accept"));
    EXPECT_THAT(upgrade_fault("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket", kKey),
                HasSubstr("Sec-WebSocket-Accept"));
}

TEST(Upgrade, SaysWhatWasAnsweredInstead) {
    EXPECT_THAT(upgrade_fault("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1", kKey),
                HasSubstr("503 Service Unavailable"));
}

TEST(Upgrade, HasAKeyOfSixteenBytesForEachNonce) {
    EXPECT_EQ(upgrade_key(5), upgrade_key(5));
    EXPECT_NE(upgrade_key(5), upgrade_key(6));
    EXPECT_EQ(upgrade_key(5).size(), 24U);
    EXPECT_TRUE(upgrade_key(5).ends_with("=="));
}

TEST(Upgrade, AsksTheHostForTheTarget) {
    EXPECT_THAT(upgrade_request({"localhost", "80", "/v1/ws"}, kKey),
                HasSubstr("GET /v1/ws HTTP/1.1\r\nHost: localhost:80\r\n"));
}

}  // namespace
}  // namespace tickgate::load
