#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/http_server.hpp"
#include "gateway/tls_identity.hpp"
#include "gateway/unix_socket.hpp"
#include "tests/gateway/plain_client.hpp"
#include "tests/gateway/tls_client.hpp"
#include "tests/gateway/tls_server.hpp"

namespace tickgate::gateway {
namespace {

using test::Descriptor;
using test::PlainClient;
using test::TlsClient;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // a test that waits longer has failed

constexpr std::string_view kUpgrade =
    "GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Answers with the path, as often as the query wants it.
class Handler : public HttpHandler {
public:
    void on_websocket(UpgradedClient client) override {
        left_over = client.left_over;
        upgraded = std::move(client);
        fd = Descriptor{upgraded->fd};
    }
    void on_request(const HttpRequest& request, HttpReply reply) override {
        last_address = request.remote_address;
        HttpResponse response;
        const std::size_t times = request.query.empty() ? 1 : std::stoul(request.query.front().second);
        for (std::size_t i = 0; i < times; ++i) response.body += request.path;
        response.body += '.';
        reply.reply(std::move(response));
    }

    std::optional<UpgradedClient> upgraded;
    std::string left_over;
    Descriptor fd;
    std::string last_address;
};

/// A TLS client on a socket.
struct Client {
    explicit Client(std::uint16_t port, const test::TlsOffer& offer = {}, const ssl_session_st* ticket = nullptr)
        : socket{port},
          tls{offer, ticket} {}

    /// Takes what has come, and sends what there is to be sent, in pieces of so many bytes if that is wanted.
    void turn() {
        socket.receive();
        tls.put(std::exchange(socket.received, {}));
        if (tls.shake_hands()) {
            tls.write(std::exchange(to_send, {}));
            received += tls.read();
        }
        const std::string bytes = tls.take();
        for (std::size_t i = 0; i < bytes.size(); i += piece) socket.send(std::string_view{bytes}.substr(i, piece));
    }

    PlainClient socket;
    TlsClient tls;
    std::string to_send;
    std::string received;
    std::size_t piece = SIZE_MAX;
};

class HttpsServerTest : public testing::Test {
protected:
    void serve(HttpLimits limits = {}) {
        server_.emplace(io_, limits, handler_);
        const auto port = server_->listen("127.0.0.1", 0, false, &identity_);
        ASSERT_TRUE(port) << port.error().message();
        port_ = *port;
    }

    [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            io_.restart();
            io_.run_one_for(1ms);
        }
        return true;
    }
    [[nodiscard]] bool run_until_received(Client& client, std::string_view text) {
        return run_until([&] {
            client.turn();
            return client.received.find(text) != std::string::npos;
        });
    }
    [[nodiscard]] bool run_until_closed(PlainClient& client) {
        return run_until([&] {
            client.receive();
            return client.is_closed;
        });
    }
    [[nodiscard]] std::uint64_t failures(TlsFailure failure) const {
        return server_->metrics().tls_failures[failure].value();
    }

    TlsIdentity identity_{test::tls_files("first"), TlsContext::Clock::now()};
    boost::asio::io_context io_;
    Handler handler_;
    std::optional<HttpServer> server_;
    std::uint16_t port_ = 0;
};

TEST_F(HttpsServerTest, AnswersRequestsOneAfterTheOther) {
    serve();
    Client client{port_};
    for (const std::string_view path : {"/one", "/two", "/three"}) {
        client.to_send = "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n\r\n";
        EXPECT_TRUE(run_until_received(client, std::string{path} + '.'));
    }
    EXPECT_EQ(handler_.last_address, "127.0.0.1");
    EXPECT_EQ(server_->metrics().tls_full.value(), 1U);
    EXPECT_EQ(server_->metrics().requests.value(), 3U);
}

TEST_F(HttpsServerTest, AnswersPipelinedRequests) {
    serve();
    Client client{port_};
    // More than is read at once, so that some wait in the session and some in front of it.
    for (int i = 0; i < 1'000; ++i) client.to_send += "GET /same HTTP/1.1\r\nHost: x\r\n\r\n";
    client.to_send += "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    EXPECT_TRUE(run_until_received(client, "/last."));
    EXPECT_EQ(server_->metrics().requests.value(), 1'001U);
}

TEST_F(HttpsServerTest, SendsBodiesOfAnySize) {
    serve({.sndbuf_bytes = 4'096});
    for (const std::size_t times : {1'000UL, 16'384UL, 65'536UL, 300'000UL}) {
        Client client{port_};
        client.to_send = "GET /x?n=" + std::to_string(times) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        ASSERT_TRUE(run_until_received(client, "/x."));
        EXPECT_EQ(client.received.size() - client.received.find("\r\n\r\n") - 4, 2 * times + 1);
    }
}

TEST_F(HttpsServerTest, TakesWhatComesByteByByte) {
    serve();
    Client client{port_};
    client.piece = 1;
    client.to_send = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    EXPECT_TRUE(run_until_received(client, "/slow."));
}

TEST_F(HttpsServerTest, CountsHandshakesThatATicketSpares) {
    serve();
    Client first{port_};
    first.to_send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(first, "/."));
    const TlsClient::Ticket ticket = first.tls.ticket();
    Client second{port_, {}, ticket.get()};
    second.to_send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(second, "/."));
    EXPECT_EQ(server_->metrics().tls_full.value(), 1U);
    EXPECT_EQ(server_->metrics().tls_resumed.value(), 1U);
}

TEST_F(HttpsServerTest, SaysGoodbyeBeforeItCloses) {
    serve();
    Client client{port_};
    client.to_send = "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ASSERT_TRUE(run_until_received(client, "/end."));
    EXPECT_TRUE(run_until([&] {
        client.turn();
        return client.tls.is_closed_by_server();
    }));
}

TEST_F(HttpsServerTest, SaysGoodbyeWhereNoFurtherRequestComes) {
    HttpLimits limits;
    limits.idle_time = 1ms;
    serve(limits);
    Client client{port_};
    client.to_send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(client, "/."));
    ASSERT_TRUE(run_until([&] {
        client.turn();
        return client.socket.is_closed;
    }));
    EXPECT_TRUE(client.tls.is_closed_by_server());
}

TEST_F(HttpsServerTest, HandsOnNobodyWhoSaidGoodbye) {
    serve();
    Client client{port_};
    ASSERT_TRUE(run_until([&] {
        client.turn();
        return client.tls.shake_hands();
    }));
    client.tls.write(kUpgrade);
    client.tls.close();
    ASSERT_TRUE(run_until([&] {
        client.turn();
        return client.socket.is_closed;
    }));
    EXPECT_FALSE(handler_.upgraded);
}

TEST_F(HttpsServerTest, HandsOnTheSessionAndAllThatWasSent) {
    serve();
    Client client{port_};
    std::string behind;  // as much as may lie in the kernel, in front of the session, and in it
    for (int i = 0; i < 3'000; ++i) behind += std::to_string(i) + ' ';
    client.to_send = std::string{kUpgrade} + behind;
    ASSERT_TRUE(run_until([&] {
        client.turn();
        return handler_.upgraded.has_value();
    }));
    ASSERT_TRUE(handler_.upgraded->tls);
    TlsSession& tls = *handler_.upgraded->tls;
    std::string got = handler_.left_over;
    std::array<char, 4'096> sealed;
    std::array<char, 4'096> plain;
    std::string to_send;
    ssize_t size = 0;
    while ((size = ::recv(handler_.fd.get(), sealed.data(), sealed.size(), MSG_DONTWAIT)) > 0) {
        std::span<const char> input{sealed.data(), static_cast<std::size_t>(size)};
        TlsSession::Decrypted done;
        do {
            done = tls.decrypt(input, plain, to_send);
            got.append(plain.data(), done.size);
        } while (done.state == TlsSession::Decrypted::State::Full);
    }
    EXPECT_EQ(got, behind);
    const std::string_view answer = "from the new owner";
    const auto record = tls.encrypt(answer, sealed.data());
    ASSERT_EQ(::send(handler_.fd.get(), record.data(), record.size(), 0), static_cast<ssize_t>(record.size()));
    EXPECT_TRUE(run_until_received(client, answer));
    EXPECT_THAT(client.received, StartsWith("HTTP/1.1 101 "));
    EXPECT_EQ(server_->open_connections(), 0U);
}

TEST_F(HttpsServerTest, TellsPlainRequestsWhatIsSpokenHere) {
    serve();
    PlainClient client{port_};
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.finish_sending();
    ASSERT_TRUE(run_until_closed(client));
    EXPECT_THAT(client.received, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(client.received, HasSubstr("this port speaks TLS"));
    EXPECT_EQ(failures(TlsFailure::PlainHttp), 1U);
}

TEST_F(HttpsServerTest, EndsConnectionsThatAreNoTls) {
    serve();
    PlainClient client{port_};
    client.send("SSH-2.0-OpenSSH_9.2\r\n");
    client.finish_sending();
    EXPECT_TRUE(run_until_closed(client));
    EXPECT_EQ(failures(TlsFailure::NotTls), 1U);
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
}

TEST_F(HttpsServerTest, ForgetsClientsThatGoAwayInTheMiddle) {
    serve();
    TlsClient tls;
    tls.shake_hands();
    const std::string hello = tls.take();
    for (std::size_t size = 0; size < hello.size(); size += 25) {
        PlainClient client{port_};
        client.send(std::string_view{hello}.substr(0, size));
        client.finish_sending();
        ASSERT_TRUE(run_until_closed(client)) << size;
    }
    EXPECT_EQ(failures(TlsFailure::Gone), (hello.size() + 24) / 25);
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
}

TEST_F(HttpsServerTest, WaitsForAHandshakeOnlySoLong) {
    serve({.request_time = 50ms});
    PlainClient silent{port_};
    PlainClient begun{port_};
    begun.send("\x16\x03\x01");
    EXPECT_TRUE(run_until_closed(silent));
    EXPECT_TRUE(run_until_closed(begun));
    EXPECT_EQ(failures(TlsFailure::Timeout), 2U);
    EXPECT_EQ(server_->metrics().timeouts.value(), 2U);
}

TEST_F(HttpsServerTest, ServesOthersWhileOneIsSilent) {
    serve();
    PlainClient silent{port_};
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 1; }));
    Client client{port_};
    client.to_send = "GET /other HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_TRUE(run_until_received(client, "/other."));
}

TEST_F(HttpsServerTest, LetsGoOfHandshakesWhenItStops) {
    serve();
    PlainClient silent{port_};
    Client idle{port_};
    idle.to_send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(idle, "/."));
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 2; }));
    server_->stop_accepting();
    EXPECT_TRUE(run_until_closed(silent));
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
    EXPECT_EQ(failures(TlsFailure::Gone), 0U) << "it was not the client that left";
}

TEST_F(HttpsServerTest, ClosesWithoutAHandshakeAboveALimit) {
    serve({.connections = 1});
    PlainClient first{port_};
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 1; }));
    PlainClient second{port_};
    ASSERT_TRUE(run_until_closed(second));
    EXPECT_EQ(second.received, "");
    EXPECT_EQ(server_->metrics().refused.value(), 1U);
}

TEST_F(HttpsServerTest, GivesNewClientsANewCertificateAndLeavesTheOldAlone) {
    const TlsFiles files = test::tls_files("changing");
    TlsIdentity identity{files, TlsContext::Clock::now()};
    server_.emplace(io_, HttpLimits{}, handler_);
    port_ = *server_->listen("127.0.0.1", 0, false, &identity);
    Client old{port_};
    old.to_send = "GET /old HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(old, "/old."));
    const TlsFiles next = test::tls_files("next");
    std::filesystem::copy_file(next.certificate, files.certificate, std::filesystem::copy_options::overwrite_existing);
    EXPECT_THROW(identity.reload(TlsContext::Clock::now()), TlsError);  // the key is still the other's
    EXPECT_EQ(identity.metrics().failed_reloads.value(), 1U);
    Client between{port_};
    between.to_send = "GET /between HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(between, "/between."));
    EXPECT_EQ(between.tls.server_name(), "changing");
    std::filesystem::copy_file(next.key, files.key, std::filesystem::copy_options::overwrite_existing);
    identity.reload(TlsContext::Clock::now());
    EXPECT_EQ(identity.metrics().reloads.value(), 1U);
    Client fresh{port_};
    fresh.to_send = "GET /fresh HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(run_until_received(fresh, "/fresh."));
    EXPECT_EQ(fresh.tls.server_name(), "next");
    old.to_send = "GET /still HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_TRUE(run_until_received(old, "/still."));
    server_.reset();
}

/// A Unix socket in a directory of the test's own.
class UnixSocketTest : public HttpsServerTest {
protected:
    UnixSocketTest() {
        std::string pattern = testing::TempDir() + "tickgate-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        path_ = directory_ / "socket";
    }
    ~UnixSocketTest() override { std::filesystem::remove_all(directory_); }

    void serve_locally(HttpLimits limits = {}) {
        auto socket = UnixSocket::listen(path_);
        ASSERT_TRUE(socket) << socket.error().message();
        socket_.emplace(*std::move(socket));
        server_.emplace(io_, limits, handler_);
        ASSERT_TRUE(server_->listen(*socket_));
    }
    [[nodiscard]] PlainClient connect() const { return PlainClient{path_.string()}; }

    std::filesystem::path directory_;
    std::filesystem::path path_;
    std::optional<UnixSocket> socket_;
};

TEST_F(UnixSocketTest, ServesClientsWithoutAnAddress) {
    serve_locally({.connections_per_address = 1});
    std::vector<PlainClient> clients;
    for (int i = 0; i < 3; ++i) {
        PlainClient& client = clients.emplace_back(connect());
        client.send("GET /local HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(run_until([&] {
            client.receive();
            return client.received.find("/local.") != std::string::npos;
        }));
    }
    EXPECT_EQ(handler_.last_address, kLocalPeer);
    EXPECT_EQ(server_->open_connections(), 3U);
}

TEST_F(UnixSocketTest, SharesOneBetweenShards) {
    serve_locally();
    Handler other_handler;
    HttpServer other{io_, {}, other_handler};
    ASSERT_TRUE(other.listen(*socket_));
    server_->stop_accepting();
    PlainClient client = connect();
    client.send("GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(run_until_closed(client));
    EXPECT_EQ(other.metrics().requests.value(), 1U);
}

TEST_F(UnixSocketTest, IsForOwnerAndGroup) {
    const mode_t before = ::umask(0077);
    serve_locally();
    ::umask(before);
    struct stat file {};
    ASSERT_EQ(::stat(path_.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777U, 0660U);
}

TEST_F(UnixSocketTest, TakesThePlaceOfOneThatNobodyHolds) {
    const Descriptor left{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(left.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(UnixSocket::listen(path_));
}

TEST_F(UnixSocketTest, LeavesAloneWhatSomebodyHoldsOrIsNoSocket) {
    serve_locally();
    EXPECT_EQ(UnixSocket::listen(path_).error(), boost::system::errc::address_in_use);
    const std::filesystem::path file = test::tls_files("file").certificate;
    EXPECT_EQ(UnixSocket::listen(file).error(), boost::system::errc::file_exists);
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_EQ(UnixSocket::listen(directory_ / "no" / "such").error(), boost::system::errc::no_such_file_or_directory);
}

TEST_F(UnixSocketTest, TakesItsFileAlongButNoOther) {
    { ASSERT_TRUE(UnixSocket::listen(path_)); }
    EXPECT_FALSE(std::filesystem::exists(path_));
    auto first = UnixSocket::listen(path_);
    ASSERT_TRUE(first);
    std::filesystem::remove(path_);
    const auto second = UnixSocket::listen(path_);
    ASSERT_TRUE(second);
    { const UnixSocket gone = *std::move(first); }
    EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace tickgate::gateway
