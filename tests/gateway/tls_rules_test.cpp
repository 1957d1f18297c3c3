#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

#include "gateway/tls_session.hpp"
#include "tests/gateway/tls_client.hpp"
#include "tests/gateway/tls_server.hpp"

namespace tickgate::gateway {
namespace {

using test::connect;
using test::TlsClient;
using Server = test::TlsServer;
using Handshake = TlsSession::Handshake;
using State = TlsSession::Decrypted::State;

TEST(TlsRules, RefusesToRenegotiate) {
    TlsClient client{{.version = TLS1_2_VERSION}};
    Server server;
    ASSERT_TRUE(connect(client, server));
    ASSERT_TRUE(client.renegotiate());
    client.shake_hands();
    server.put(client.take());
    EXPECT_EQ(server.state, State::WantsMore);  // it is told no, and may go on
    EXPECT_FALSE(server.to_send.empty());
    server.write("as before");
    client.put(server.take());
    client.shake_hands();
    EXPECT_TRUE(client.has_failed());  // this one does not care to
}

TEST(TlsRules, AnswersKeyUpdates) {
    TlsClient client{{.version = TLS1_3_VERSION}};
    Server server;
    ASSERT_TRUE(connect(client, server));
    for (int i = 0; i < 100; ++i) {
        client.update_keys();
        client.update_keys();
        client.write("under new keys|");
        const std::string asked = client.take();
        server.put(asked);
        ASSERT_EQ(server.state, State::WantsMore);
        ASSERT_LT(server.to_send.size(), asked.size());
        server.write("so do we|");
        client.put(server.take());
        ASSERT_EQ(client.read(), "so do we|");
    }
    EXPECT_EQ(server.received.size(), 100 * std::string_view{"under new keys|"}.size());
}

TEST(TlsRules, SpeaksNothingOlderThanTls12) {
    TlsClient client{{.version = TLS1_1_VERSION}};
    Server server;
    EXPECT_FALSE(connect(client, server));
    EXPECT_EQ(server.session.failure(), TlsFailure::Version);
}

TEST(TlsRules, HasNoCipherWithoutForwardSecrecyAndAuthentication) {
    for (const std::string_view cipher : {"ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"}) {
        TlsClient client{{.version = TLS1_2_VERSION, .ciphers = std::string{cipher}}};
        Server server;
        EXPECT_FALSE(connect(client, server)) << cipher;
        EXPECT_EQ(server.session.failure(), TlsFailure::Cipher) << cipher;
    }
}

TEST(TlsRules, TellsPlainHttpFromOtherNoise) {
    const auto failure_over = [](std::string_view bytes) -> std::optional<TlsFailure> {
        Server server;
        server.put(bytes);
        if (server.handshake != Handshake::Failed) return std::nullopt;
        return server.session.failure();
    };
    EXPECT_EQ(failure_over("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), TlsFailure::PlainHttp);
    EXPECT_EQ(failure_over("POST /v1 HTTP/1.1\r\n\r\n"), TlsFailure::PlainHttp);
    EXPECT_EQ(failure_over("SSH-2.0-OpenSSH_9.2\r\n"), TlsFailure::NotTls);
    EXPECT_EQ(failure_over(std::string(100, '\0')), TlsFailure::NotTls);
    EXPECT_EQ(failure_over("\x16\x03"), std::nullopt);
}

TEST(TlsRules, FailsOverAnAlertInsteadOfAHandshake) {
    TlsClient client;
    Server server;
    client.shake_hands();
    server.put(client.take());
    ASSERT_EQ(server.handshake, Handshake::WantsMore);
    using namespace std::string_view_literals;
    server.put("\x15\x03\x03\x00\x02\x02\x30"sv);  // fatal, unknown authority
    EXPECT_EQ(server.handshake, Handshake::Failed);
    EXPECT_EQ(server.session.failure(), TlsFailure::Refused);
}

TEST(TlsRules, EndsAHandshakeThatGoesOnAndOn) {
    // A hello of 100,000 bytes, in records of 16 KB, of which the rest is never sent.
    Server server;
    std::string record{"\x16\x03\x01\x40\x00", 5};
    record += std::string{"\x01\x01\x86\xa0", 4} + std::string(0x4000 - 4, 'x');
    for (int i = 0; i < 3; ++i) {
        server.put(record);
        record.replace(5, 4, "xxxx");
    }
    ASSERT_EQ(server.handshake, Handshake::WantsMore);
    server.put(record);
    EXPECT_EQ(server.handshake, Handshake::Failed);
    EXPECT_EQ(server.session.failure(), TlsFailure::TooBig);
}

TEST(TlsRules, SurvivesAnyDamageToAHello) {
    TlsClient client;
    client.shake_hands();
    const std::string hello = client.take();
    for (std::size_t i = 0; i < hello.size(); ++i) {
        std::string damaged = hello;
        damaged[i] = static_cast<char>(damaged[i] ^ 0xFF);
        Server server;
        server.put(damaged);
        EXPECT_NE(server.handshake, Handshake::Done) << i;
    }
}

}  // namespace
}  // namespace tickgate::gateway
