#include "gateway/tls_identity.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <latch>
#include <stop_token>
#include <thread>

#include "tests/gateway/tls_client.hpp"
#include "tests/gateway/tls_server.hpp"

namespace tickgate::gateway {
namespace {

using test::connect;
using test::TlsClient;
using test::TlsServer;

/// A handshake in full, and one that resumes what it gave.
void shake_hands_twice(const TlsIdentity& identity, int version) {
    TlsClient first{{.version = version}};
    TlsServer full{*identity.current()};
    ASSERT_TRUE(connect(first, full));
    EXPECT_EQ(first.read(), "");  // the ticket
    const TlsClient::Ticket ticket = first.ticket();
    TlsClient second{{.version = version}, ticket.get()};
    TlsServer resumed{*identity.current()};
    ASSERT_TRUE(connect(second, resumed));
    EXPECT_TRUE(resumed.session.was_resumed());
}

TEST(TlsIdentityTest, IsReloadedWhileOthersShakeHands) {
    constexpr int kReloads = 40;
    const std::array files{test::tls_files("one"), test::tls_files("other")};
    const auto install = [&](const TlsFiles& from) {
        return TlsFiles{test::certificates().write("installed.pem", test::text_of_file(from.certificate)),
                        test::certificates().write("installed.key", test::text_of_file(from.key))};
    };
    TlsIdentity identity{install(files[0]), TlsContext::Clock::now()};
    std::latch start{3};
    const auto shake_hands = [&](const std::stop_token& stop, int version) {
        start.arrive_and_wait();
        do shake_hands_twice(identity, version);
        while (!stop.stop_requested());
    };
    const std::jthread first{shake_hands, TLS1_2_VERSION};
    const std::jthread second{shake_hands, TLS1_3_VERSION};
    start.arrive_and_wait();
    for (int i = 1; i <= kReloads; ++i) {
        static_cast<void>(install(files[static_cast<std::size_t>(i % 2)]));
        identity.reload(TlsContext::Clock::now());
    }
    EXPECT_EQ(identity.metrics().reloads.value(), static_cast<std::uint64_t>(kReloads));
}

}  // namespace
}  // namespace tickgate::gateway
