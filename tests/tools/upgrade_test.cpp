#include "tools/load/upgrade.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickgate::load {
namespace {

using testing::HasSubstr;
using testing::Not;

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

TEST(Upgrade, OffersCompressionOnlyWhereItIsWanted) {
    constexpr std::string_view kOffer =
        "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover\r\n\r\n";
    EXPECT_THAT(upgrade_request({"localhost"}, kKey, true), HasSubstr(std::string{kOffer}));
    EXPECT_THAT(upgrade_request({"localhost"}, kKey), Not(HasSubstr("Extensions")));
}

TEST(Upgrade, TakesCompressionOfEachMessageByItselfOnly) {
    const auto fault = [](std::string_view extensions, bool deflate) {
        return extension_fault("HTTP/1.1 101 Fine\r\nSec-WebSocket-Extensions: " + std::string{extensions}, deflate);
    };
    EXPECT_EQ(fault("permessage-deflate; server_no_context_takeover", true), "");
    EXPECT_EQ(fault("", false), "");
    EXPECT_THAT(fault("", true), HasSubstr("was not negotiated"));
    EXPECT_THAT(fault("permessage-deflate; client_no_context_takeover", true),
                HasSubstr("not negotiated as asked for"));
    EXPECT_THAT(fault("x-other; server_no_context_takeover", true), HasSubstr("not negotiated as asked for"));
    EXPECT_THAT(fault("permessage-deflate", false), HasSubstr("was not offered"));
}

}  // namespace
}  // namespace tickgate::load
