#include "gateway/tls_session.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/tls_client.hpp"
#include "tests/gateway/tls_server.hpp"

namespace tickgate::gateway {
namespace {

using test::connect;
using test::tls_context;
using test::tls_files;
using test::TlsClient;
using test::TlsOffer;
using Server = test::TlsServer;
using Handshake = TlsSession::Handshake;
using State = TlsSession::Decrypted::State;

class TlsSessionTest : public testing::TestWithParam<int> {
protected:
    [[nodiscard]] static TlsOffer offer() { return {.version = GetParam()}; }
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsSessionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? std::string{"Tls12"} : std::string{"Tls13"};
                         });

TEST_P(TlsSessionTest, CarriesTextBothWays) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    EXPECT_TRUE(server.session.is_established());
    EXPECT_EQ(client.version(), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(client.server_name(), "first");
    client.write("from the client");
    server.put(client.take());
    server.write("from the server");
    client.put(server.take());
    EXPECT_EQ(server.received, "from the client");
    EXPECT_EQ(client.read(), "from the server");
}

TEST_P(TlsSessionTest, TakesItsInputInAnyPieces) {
    const std::string text(1'000, 'x');
    for (std::size_t piece = 1; piece < 700; piece += piece < 40 ? 1 : 97) {
        TlsClient client{offer()};
        Server server;
        ASSERT_TRUE(connect(client, server, piece)) << piece;
        client.write(text);
        client.write("end");
        server.put(client.take(), piece);
        EXPECT_EQ(server.received, text + "end") << piece;
    }
}

TEST_P(TlsSessionTest, TakesAHandshakeCutAtAnyByte) {
    std::size_t size = 1;
    for (std::size_t cut = 0; cut < size; ++cut) {
        TlsClient client{offer()};
        Server server;
        client.shake_hands();
        const std::string hello = client.take();
        size = hello.size();
        server.put(std::string_view{hello}.substr(0, cut));
        ASSERT_EQ(server.handshake, Handshake::WantsMore) << cut;
        server.put(std::string_view{hello}.substr(cut));
        client.put(server.take());
        ASSERT_TRUE(connect(client, server)) << cut;
    }
}

TEST_P(TlsSessionTest, LeavesWhatComesBehindTheHandshake) {
    TlsClient client{offer()};
    Server server;
    for (int round = 0; round < 4 && server.handshake == Handshake::WantsMore; ++round) {
        const bool is_done = client.shake_hands();
        // The last flight and the first request come in one piece.
        if (is_done && GetParam() == TLS1_3_VERSION) client.write("at once");
        server.put(client.take());
        client.put(server.take());
    }
    ASSERT_EQ(server.handshake, Handshake::Done);
    EXPECT_EQ(server.received, GetParam() == TLS1_3_VERSION ? "at once" : "");
}

TEST_P(TlsSessionTest, SealsAnyAmountWithinItsBound) {
    for (const int fragment : {0, int{TLSEXT_max_fragment_length_512}}) {
        for (const std::string_view cipher : {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
            TlsOffer wanted = offer();
            wanted.max_fragment = fragment;
            wanted.ciphers = cipher;
            TlsClient client{wanted};
            Server server;
            ASSERT_TRUE(connect(client, server));
            for (const std::size_t size : {1U, 511U, 512U, 513U, 1'024U, 16'383U, 16'384U, 16'385U, 100'000U}) {
                const std::string text(size, 'y');
                std::vector<char> room(TlsSession::sealed_size(size) + 8, '#');
                const std::span<char> sealed = server.session.encrypt(text, room.data());
                ASSERT_GT(sealed.size(), size);
                ASSERT_EQ((std::string{room.end() - 8, room.end()}), "########") << size;
                client.put({sealed.data(), sealed.size()});
                ASSERT_EQ(client.read(), text) << size << ' ' << fragment << ' ' << cipher;
            }
        }
    }
}

TEST_P(TlsSessionTest, SealsNothingForNothing) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    char room = 0;
    EXPECT_TRUE(server.session.encrypt({}, &room).empty());
}

TEST_P(TlsSessionTest, DecryptsIntoPiecesOfAnySize) {
    std::string text;
    for (int i = 0; i < 5'000; ++i) text += std::to_string(i);
    for (const std::size_t size : {1UL, 7UL, 4'096UL, 100'000UL}) {
        TlsClient client{offer()};
        Server server;
        server.plain_size = size;
        ASSERT_TRUE(connect(client, server));
        client.write(text);
        server.put(client.take());
        EXPECT_TRUE(server.received == text) << size;
    }
}

TEST_P(TlsSessionTest, ResumesWithATicket) {
    TlsClient first{offer()};
    Server server;
    ASSERT_TRUE(connect(first, server));
    EXPECT_FALSE(server.session.was_resumed());
    EXPECT_EQ(first.read(), "");  // the ticket
    const TlsClient::Ticket ticket = first.ticket();
    EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(ticket.get()), 7U * 24 * 3'600);
    TlsClient second{offer(), ticket.get()};
    Server again;
    ASSERT_TRUE(connect(second, again));
    EXPECT_TRUE(again.session.was_resumed());
    EXPECT_TRUE(second.was_resumed());
}

TEST_P(TlsSessionTest, ResumesUnderANewCertificate) {
    TlsClient first{offer()};
    Server server;
    ASSERT_TRUE(connect(first, server));
    EXPECT_EQ(first.read(), "");
    const TlsClient::Ticket ticket = first.ticket();
    const TlsContext next{tls_files("second"), TlsContext::Clock::now(), &tls_context()};
    TlsClient second{offer(), ticket.get()};
    Server resumed{next};
    ASSERT_TRUE(connect(second, resumed));
    EXPECT_TRUE(resumed.session.was_resumed());
    TlsClient fresh{offer()};
    Server full{next};
    ASSERT_TRUE(connect(fresh, full));
    EXPECT_EQ(fresh.server_name(), "second");
}

TEST_P(TlsSessionTest, DoesNotResumeWithATicketOfAnother) {
    TlsClient first{offer()};
    Server server;
    ASSERT_TRUE(connect(first, server));
    EXPECT_EQ(first.read(), "");
    const TlsClient::Ticket ticket = first.ticket();
    const TlsContext stranger{tls_files("stranger"), TlsContext::Clock::now()};
    TlsClient second{offer(), ticket.get()};
    Server other{stranger};
    ASSERT_TRUE(connect(second, other));
    EXPECT_FALSE(other.session.was_resumed());
}

TEST_P(TlsSessionTest, OutlivesItsContext) {
    auto gone = std::make_unique<TlsContext>(tls_files("gone"), TlsContext::Clock::now());
    TlsClient client{offer()};
    Server server{*gone};
    gone.reset();
    ASSERT_TRUE(connect(client, server));
    server.write("still here");
    client.put(server.take());
    EXPECT_EQ(client.read(), "still here");
}

TEST_P(TlsSessionTest, AgreesOnHttp11WhereProtocolsAreNamed) {
    const auto agreed_on = [](std::string_view protocols) {
        TlsClient client{{.version = GetParam(), .protocols = std::string{protocols}}};
        Server server;
        EXPECT_TRUE(connect(client, server));
        return client.protocol();
    };
    EXPECT_EQ(agreed_on("\x02h2\x08http/1.1"), "http/1.1");
    EXPECT_EQ(agreed_on(""), "");
}

TEST_P(TlsSessionTest, RefusesAClientOfOtherProtocolsOnly) {
    TlsClient client{{.version = GetParam(), .protocols = "\x02h2"}};
    Server server;
    EXPECT_FALSE(connect(client, server));
    EXPECT_EQ(server.handshake, Handshake::Failed);
    EXPECT_EQ(server.session.failure(), TlsFailure::Protocol);
    EXPECT_TRUE(client.has_failed());  // it was told
}

TEST_P(TlsSessionTest, ServesTheOneCertificateWhateverNameIsAskedFor) {
    TlsOffer wanted = offer();
    wanted.host = "elsewhere.example";
    TlsClient client{wanted};
    Server server;
    ASSERT_TRUE(connect(client, server));
    EXPECT_EQ(client.server_name(), "first");
}

TEST_P(TlsSessionTest, HearsThatTheClientCloses) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    client.write("last words");
    client.close();
    server.put(client.take());
    EXPECT_EQ(server.received, "last words");
    EXPECT_EQ(server.state, State::Closed);
}

TEST_P(TlsSessionTest, SaysThatItCloses) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    EXPECT_FALSE(client.is_closed_by_server());
    server.write("last words");
    server.close();
    client.put(server.take());
    EXPECT_EQ(client.read(), "last words");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_P(TlsSessionTest, FailsOverARecordThatWasTamperedWith) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    client.write("text");
    std::string record = client.take();
    record.back() = static_cast<char>(record.back() ^ 1);
    server.put(record);
    EXPECT_EQ(server.state, State::Failed);
    EXPECT_EQ(server.received, "");
    EXPECT_FALSE(server.to_send.empty());  // an alert
    const std::string alert = server.take();
    server.write("nothing more");
    server.close();
    EXPECT_EQ(server.take(), "");
    client.put(alert);
    EXPECT_EQ(client.read(), "");
    EXPECT_TRUE(client.has_failed());
}

TEST_P(TlsSessionTest, OneFailureDoesNotTouchAnother) {
    TlsClient client{offer()};
    Server server;
    ASSERT_TRUE(connect(client, server));
    Server victim;
    victim.put("no TLS at all, but long enough to be sure");
    ASSERT_EQ(victim.handshake, Handshake::Failed);
    client.write("text");
    server.put(client.take());
    EXPECT_EQ(server.state, State::WantsMore);
    EXPECT_EQ(server.received, "text");
}

TEST_P(TlsSessionTest, KeepsIdleSessionsSmall) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer's heap has other sizes";
#endif
    constexpr std::size_t kSessions = 50;
    std::vector<std::unique_ptr<Server>> servers;
    const auto open_one = [&] {
        TlsClient client{offer()};
        servers.push_back(std::make_unique<Server>());
        ASSERT_TRUE(connect(client, *servers.back()));
        client.write("subscribe");
        servers.back()->put(client.take());
        servers.back()->write("data");
        servers.back()->to_send = {};
        servers.back()->received = {};
    };
    open_one();  // what OpenSSL keeps once for all
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < kSessions; ++i) open_one();
    const std::size_t each = (::mallinfo2().uordblks - before) / kSessions;
    RecordProperty("bytes", static_cast<int>(each));
    EXPECT_LE(each, 18U * 1'024);
}

}  // namespace
}  // namespace tickgate::gateway
