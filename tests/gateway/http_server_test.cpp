#include "gateway/http_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/plain_client.hpp"

namespace tickgate::gateway {
namespace {

using test::Descriptor;
using Client = test::PlainClient;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr auto kPatience = 10s;  // a test that waits longer has failed

struct Upgraded {
    Descriptor fd;
    std::string address;
    std::string left_over;
    int deflate_bits = 0;
};

/// Answers with what it was asked, or keeps the replies for later.
class Handler : public HttpHandler {
public:
    void on_websocket(UpgradedClient client) override {
        upgraded.push_back({Descriptor{client.fd}, std::move(client.remote_address), std::string{client.left_over},
                            client.deflate_bits});
    }

    void on_request(const HttpRequest& request, HttpReply reply) override {
        std::string text = request.path;
        for (const auto& [name, value] : request.query) text += '|' + name + '=' + value;
        if (!request.body.empty()) text.append("|body ").append(request.body);
        if (const auto etag = request.header("if-none-match")) text.append("|etag ").append(*etag);
        requests.push_back(text + " from " + std::string{request.remote_address});
        if (is_keeping_replies) {
            replies.push_back(std::move(reply));
        } else if (request.path == "/unchanged") {
            HttpResponse unchanged;
            unchanged.status = 304;
            unchanged.body = "never sent";
            unchanged.headers = {{"ETag", "\"k3/7\""}};
            reply.reply(unchanged);
        } else if (request.path != "/unanswered") {
            HttpResponse response;
            response.content_type = "text/plain";
            response.body = text;
            reply.reply(std::move(response));
        }
    }

    std::vector<Upgraded> upgraded;
    std::vector<std::string> requests;
    std::vector<HttpReply> replies;
    bool is_keeping_replies = false;
};

class HttpServerTest : public testing::Test {
protected:
    void serve(HttpLimits limits = {}) {
        server_.emplace(io_, limits, handler_);
        const auto port = server_->listen("127.0.0.1", 0, false);
        ASSERT_TRUE(port) << port.error().message();
        port_ = *port;
    }

    [[nodiscard]] Client connect() const { return Client{port_}; }

    /// Turns the server until the condition holds; false when patience is at its end.
    [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            io_.restart();
            io_.run_one_for(1ms);
        }
        return true;
    }

    [[nodiscard]] bool run_until_closed(Client& client) {
        return run_until([&] {
            client.receive();
            return client.is_closed;
        });
    }

    [[nodiscard]] bool run_until_received(Client& client, std::string_view text) {
        return run_until([&] {
            client.receive();
            return client.received.find(text) != std::string::npos;
        });
    }

    /// All that the server says to these bytes until it closes.
    std::string answer_to(std::string_view bytes) {
        Client client = connect();
        client.send(bytes);
        EXPECT_TRUE(run_until_closed(client)) << bytes.substr(0, 200);
        return client.received;
    }

    boost::asio::io_context io_;
    Handler handler_;
    std::optional<HttpServer> server_;
    std::uint16_t port_ = 0;
};

std::string handshake(std::string_view path = "/v1/ws", std::string_view headers = "") {
    std::string request =
        "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    return request.append(headers).append("\r\n");
}

/// The handshake with one piece of it replaced.
std::string handshake_with(std::string_view piece, std::string_view other) {
    std::string request = handshake();
    return request.replace(request.find(piece), piece.size(), other);
}

TEST_F(HttpServerTest, AnswersARequest) {
    serve();
    EXPECT_EQ(
        answer_to("GET /a%20b?x=1&y=a+%26b&z HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"7\"\r\nConnection: close\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nServer: tickgate/0.1.0\r\nContent-Type: text/plain\r\nContent-Length: 27\r\n"
        "Connection: close\r\n\r\n/a b|x=1|y=a &b|z=|etag \"7\"");
    EXPECT_EQ(handler_.requests, std::vector{"/a b|x=1|y=a &b|z=|etag \"7\" from 127.0.0.1"s});
}

TEST_F(HttpServerTest, AnswersHeadLikeGetWithoutTheBody) {
    serve();
    EXPECT_EQ(answer_to("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nServer: tickgate/0.1.0\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
              "Connection: close\r\n\r\n");
}

TEST_F(HttpServerTest, SendsNoBodyWithNotModified) {
    serve();
    EXPECT_EQ(answer_to("GET /unchanged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 304 Not Modified\r\nServer: tickgate/0.1.0\r\nETag: \"k3/7\"\r\nConnection: close\r\n\r\n");
}

TEST_F(HttpServerTest, ReadsBodiesPlainChunkedAndExpected) {
    serve();
    const auto has = [&](std::string_view request, std::string_view answer) {
        return answer_to(request).find(answer) != std::string::npos;
    };
    EXPECT_TRUE(has("POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "/p|body abc"));
    EXPECT_TRUE(
        has("POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            "/p|body abcd"));
    EXPECT_TRUE(
        has("POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nz",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, KeepsOrClosesTheConnectionAsAsked) {
    serve();
    Client kept = connect();
    for (int i = 0; i < 3; ++i) {
        kept.received.clear();
        kept.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(run_until_received(kept, "keep-alive\r\n\r\n/" + std::to_string(i)));
    }
    EXPECT_NE(answer_to("GET /old HTTP/1.0\r\n\r\n").find("Connection: close\r\n\r\n/old"), std::string::npos);
    Client old = connect();
    old.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(run_until_received(old, "Connection: keep-alive\r\n\r\n/old"));
    EXPECT_EQ(server_->metrics().requests.value(), 5U);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
    serve();
    handler_.is_keeping_replies = true;
    Client client = connect();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
        "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (std::size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(run_until([&] { return handler_.replies.size() == i + 1; }));
        HttpResponse response;
        response.body = "answer " + std::to_string(i + 1);
        handler_.replies[i].reply(response);
    }
    ASSERT_TRUE(run_until_closed(client));
    const auto first = client.received.find("answer 1");
    const auto second = client.received.find("answer 2");
    EXPECT_LT(first, second);
    EXPECT_LT(second, client.received.find("answer 3"));
    EXPECT_EQ(handler_.requests[1], "/2|body ab from 127.0.0.1");
}

struct BadRequest {
    std::string bytes;
    int status;
};

TEST_F(HttpServerTest, AnswersWhatIsMalformedByItsStatusAndCloses) {
    serve();
    const std::string start = "GET / HTTP/1.1\r\n";
    const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
    const std::vector<BadRequest> requests = {
        {"\r\n\r\n\r\n\r\n", 400},
        {"hello\r\n\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"GET / HTTP/9\r\nHost: x\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n"s, 400},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS instead of HTTP\r\n\r\n"s, 400},
        {"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /?a=%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {start + "\r\n", 400},
        {start + "Host: x\r\nHost: y\r\n\r\n", 400},
        {start + "Host x\r\n\r\n", 400},
        {start + "Host : x\r\n\r\n", 400},
        {start + "Host: x\r\n: y\r\n\r\n", 400},
        {start + "Host: x\r\nA: \x01\r\n\r\n", 400},
        {start + "Host: x\nA: y\n\n", 400},
        {post + "Content-Length: -1\r\n\r\n", 400},
        {post + "Content-Length: 1x\r\n\r\n", 400},
        {post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post + "Transfer-Encoding: gzip\r\n\r\n", 400},
        {post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post + "Content-Length: 65537\r\n\r\n", 413},
        {post + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + std::string(65'537, 'x') + "\r\n0\r\n\r\n", 413},
        {"GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
        {start + "Host: x\r\nA: " + std::string(9'000, 'a') + "\r\n\r\n", 431},
        {start + std::string(20'000, 'a'), 431},
    };
    for (const BadRequest& request : requests) {
        const std::string answer = answer_to(request.bytes);
        const std::string shown = request.bytes.substr(0, 100);
        EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::to_string(request.status) + ' ') << shown;
        EXPECT_NE(answer.find("Connection: close\r\n\r\n{\"error\":\""), std::string::npos) << shown;
    }
    EXPECT_TRUE(handler_.requests.empty());
    EXPECT_EQ(server_->metrics().bad_requests.value(), requests.size());
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
}

TEST_F(HttpServerTest, AnswersARequestThatBreaksOff) {
    serve();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHo");
    client.finish_sending();
    ASSERT_TRUE(run_until_closed(client));
    EXPECT_EQ(client.received.substr(0, 13), "HTTP/1.1 400 ");
}

TEST_F(HttpServerTest, TakesAHeaderAndABodyOfTheLimit) {
    serve({.header_bytes = 200, .body_bytes = 10});
    const std::string fields = "Host: x\r\nConnection: close\r\nContent-Length: 10\r\nA: ";
    const auto with_fields_of = [&](std::size_t size) {
        return "POST / HTTP/1.1\r\n" + fields + std::string(size - fields.size() - 4, 'a') + "\r\n\r\n0123456789";
    };
    EXPECT_EQ(answer_to(with_fields_of(200)).substr(0, 13), "HTTP/1.1 200 ");
    EXPECT_EQ(answer_to(with_fields_of(201)).substr(0, 13), "HTTP/1.1 431 ");
}

TEST_F(HttpServerTest, RefusesOtherMethodsAndGoesOn) {
    serve();
    Client client = connect();
    for (const char* method : {"PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
        client.received.clear();
        client.send(method + " / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"s);
        ASSERT_TRUE(run_until_received(client, "\"method_not_allowed\"")) << method;
        EXPECT_EQ(client.received.substr(0, 13), "HTTP/1.1 405 ");
        EXPECT_NE(client.received.find("Allow: GET, HEAD, POST\r\n"), std::string::npos);
    }
    client.send("GET /still HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(run_until_received(client, "/still"));
}

TEST_F(HttpServerTest, UpgradesAndHandsOverTheDescriptorWithWhatWasReadTooFar) {
    serve({.tcp_user_timeout = 7s, .sndbuf_bytes = 50'000});
    Client client = connect();
    client.send(handshake("/v1/ws?x=1", "Sec-WebSocket-Protocol: other, tickgate.v1.json\r\n") +
                "\x81\x80mask first frame"s);
    ASSERT_TRUE(run_until([&] { return !handler_.upgraded.empty(); }));
    const Upgraded& upgraded = handler_.upgraded.front();
    EXPECT_EQ(upgraded.left_over, "\x81\x80mask first frame");
    EXPECT_EQ(upgraded.address, "127.0.0.1");
    EXPECT_EQ(server_->open_connections(), 0U);

    client.receive();
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_NE(client.received.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
    EXPECT_NE(client.received.find("Sec-WebSocket-Protocol: tickgate.v1.json\r\n"), std::string::npos);
    EXPECT_NE(client.received.find("Server: tickgate/0.1.0\r\n"), std::string::npos);

    const int fd = upgraded.fd.get();
    const auto option = [fd](int level, int name) {
        int value = 0;
        socklen_t size = sizeof value;
        ::getsockopt(fd, level, name, &value, &size);
        return value;
    };
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(option(IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 7'000);
    EXPECT_EQ(option(SOL_SOCKET, SO_SNDBUF), 100'000) << "the kernel doubles it for its own use";

    server_->close_all();
    client.received.clear();
    EXPECT_EQ(::send(fd, "data", 4, MSG_NOSIGNAL), 4) << "the descriptor is not the server's any more";
    EXPECT_TRUE(run_until_received(client, "data"));
}

TEST_F(HttpServerTest, AgreesToDeflateWhereItIsAllowedAndOffered) {
    const std::string offers =
        "Sec-WebSocket-Extensions: other, permessage-deflate; server_max_window_bits=8\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; client_max_window_bits\r\n";
    serve({.deflates = true});
    Client client = connect();
    client.send(handshake("/v1/ws", offers));
    ASSERT_TRUE(run_until([&] { return handler_.upgraded.size() == 1; }));
    EXPECT_EQ(handler_.upgraded.back().deflate_bits, 10);
    client.receive();
    EXPECT_THAT(client.received, HasSubstr("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                           "client_no_context_takeover; server_max_window_bits=10\r\n"));
    Client without = connect();
    without.send(handshake());
    ASSERT_TRUE(run_until([&] { return handler_.upgraded.size() == 2; }));
    EXPECT_EQ(handler_.upgraded.back().deflate_bits, 0);
    without.receive();
    EXPECT_EQ(without.received.find("Extensions"), std::string::npos);

    serve({.deflates = false});
    Client refused = connect();
    refused.send(handshake("/v1/ws", offers));
    ASSERT_TRUE(run_until([&] { return handler_.upgraded.size() == 3; }));
    EXPECT_EQ(handler_.upgraded.back().deflate_bits, 0);
    refused.receive();
    EXPECT_EQ(refused.received.find("Extensions"), std::string::npos);
}

TEST_F(HttpServerTest, UpgradesOnAConnectionThatWasUsedBefore) {
    serve();
    Client client = connect();
    client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + handshake());
    ASSERT_TRUE(run_until([&] { return !handler_.upgraded.empty(); }));
    EXPECT_TRUE(run_until_received(client, " 101 "));
    EXPECT_EQ(client.received.find("Sec-WebSocket-Protocol"), std::string::npos) << "not offered, not named";
}

TEST_F(HttpServerTest, RefusesAHandshakeThatIsNotAsItShouldBe) {
    serve();
    const std::vector<BadRequest> requests = {
        {handshake("/v1/other"), 404},
        {handshake("/"), 404},
        {"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {handshake_with("GET", "POST"), 400},
        {handshake_with("HTTP/1.1", "HTTP/1.0"), 400},
        {handshake_with("Host: x\r\n", ""), 400},
        {handshake_with("Upgrade: websocket\r\n", ""), 400},
        {handshake_with("Upgrade: websocket", "Upgrade: h2c"), 400},
        {handshake_with("Connection: Upgrade\r\n", ""), 400},
        {handshake_with("Connection: Upgrade", "Connection: keep-alive"), 400},
        {handshake_with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400},
        {handshake_with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), 400},
        {handshake_with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSEh"), 400},
        {handshake_with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!=="), 400},
        {handshake_with("Sec-WebSocket-Version: 13\r\n", ""), 400},
        {handshake("/v1/ws", "Content-Length: 3\r\n") + "abc", 400},
        {handshake("/v1/ws", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n"), 400},
        {handshake_with("Version: 13", "Version: 8"), 426},
    };
    for (const BadRequest& request : requests) {
        const std::string answer = answer_to(request.bytes);
        EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::to_string(request.status) + ' ') << request.bytes;
        EXPECT_NE(answer.find("\r\n\r\n{\"error\":\""), std::string::npos) << request.bytes;
        const bool says_version = answer.find("Sec-WebSocket-Version: 13\r\n") != std::string::npos;
        EXPECT_EQ(says_version, request.status == 426);
    }
    EXPECT_TRUE(handler_.upgraded.empty());
}

TEST_F(HttpServerTest, IgnoresUpgradesToSomethingElse) {
    serve();
    EXPECT_EQ(
        answer_to("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n").substr(0, 13),
        "HTTP/1.1 200 ");
}

TEST_F(HttpServerTest, AnswersLate) {
    serve({.request_time = 50ms});
    handler_.is_keeping_replies = true;
    Client client = connect();
    client.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return !handler_.replies.empty(); }));
    const auto later = std::chrono::steady_clock::now() + 100ms;  // the handler may take longer than the client
    ASSERT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > later; }));
    EXPECT_TRUE(handler_.replies[0].is_wanted());
    handler_.replies[0].reply(http_error(503, "not_ready", "later"));
    EXPECT_FALSE(handler_.replies[0].is_wanted());
    handler_.replies[0].reply(http_error(500, "twice", "is once too often"));
    EXPECT_TRUE(run_until_received(client, "{\"error\":\"not_ready\",\"message\":\"later\"}"));
    EXPECT_EQ(client.received.find("twice"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersFiveHundredForARequestThatWasForgotten) {
    serve();
    EXPECT_EQ(answer_to("GET /unanswered HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").substr(0, 13),
              "HTTP/1.1 500 ");
}

TEST_F(HttpServerTest, SurvivesALateAnswerToAClientThatIsGone) {
    serve();
    handler_.is_keeping_replies = true;
    Client client = connect();
    client.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return !handler_.replies.empty(); }));
    client.close();
    HttpResponse big;
    big.body = std::string(1 << 20, 'x');
    handler_.replies[0].reply(big);
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
}

TEST_F(HttpServerTest, SurvivesLateAnswersAfterItsConnectionsAndItselfAreGone) {
    serve();
    handler_.is_keeping_replies = true;
    Client first = connect();
    Client second = connect();
    first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    second.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return handler_.replies.size() == 2; }));
    server_->close_all();
    EXPECT_EQ(server_->open_connections(), 0U);
    handler_.replies[0].reply(http_error(500, "late", "late"));
    server_.reset();
    handler_.replies.clear();
    EXPECT_TRUE(run_until_closed(first));
    EXPECT_TRUE(first.received.empty());
}

TEST_F(HttpServerTest, TakesARequestThatDripsInTime) {
    serve({.request_time = 5s});
    Client client = connect();
    for (const char byte : "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"s) {
        client.send({&byte, 1});
        io_.restart();
        io_.run_one_for(1ms);
    }
    EXPECT_TRUE(run_until_received(client, "/slow"));
}

TEST_F(HttpServerTest, EndsARequestThatDripsForTooLong) {
    serve({.header_bytes = 1 << 20, .body_bytes = 1 << 20, .request_time = 50ms, .linger_time = 50ms});
    Client header = connect();
    Client body = connect();
    header.send("GET / HTTP/1.1\r\n");
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_TRUE(run_until([&] {
        header.send("a");  // every byte of it comes in time, the whole does not
        body.send("b");
        header.receive();
        body.receive();
        return header.is_closed && body.is_closed;
    }));
    EXPECT_EQ(header.received.substr(0, 13), "HTTP/1.1 408 ");
    EXPECT_EQ(body.received.substr(0, 13), "HTTP/1.1 408 ");
    EXPECT_EQ(server_->metrics().timeouts.value(), 2U);
}

TEST_F(HttpServerTest, ClosesConnectionsThatSayNothing) {
    serve({.request_time = 30ms, .idle_time = 60ms});
    Client silent = connect();
    EXPECT_TRUE(run_until_closed(silent));
    EXPECT_EQ(silent.received, "");
    Client idle = connect();
    idle.send("GET /once HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(run_until_closed(idle));
    EXPECT_TRUE(idle.received.ends_with("/once"));
}

TEST_F(HttpServerTest, ClosesOnAClientThatDoesNotReadItsAnswer) {
    serve({.request_time = 50ms, .sndbuf_bytes = 10'000});
    handler_.is_keeping_replies = true;
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return !handler_.replies.empty(); }));
    HttpResponse huge;
    huge.body = std::string(32 << 20, 'x');
    handler_.replies[0].reply(huge);
    EXPECT_TRUE(run_until([&] { return server_->open_connections() == 0; }));
}

TEST_F(HttpServerTest, LimitsConnectionsInAllAndPerAddress) {
    serve({.connections_per_address = 2});
    Client first = connect();
    Client second = connect();
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 2; }));
    EXPECT_EQ(answer_to("").substr(0, 13), "HTTP/1.1 503 ");
    EXPECT_EQ(server_->metrics().refused.value(), 1U);
    first.close();
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 1; }));
    Client third = connect();
    third.send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(run_until_received(third, "/third"));

    server_.reset();
    serve({.connections = 1});
    Client only = connect();
    ASSERT_TRUE(run_until([&] { return server_->open_connections() == 1; }));
    EXPECT_EQ(answer_to("").substr(0, 13), "HTTP/1.1 503 ");
}

TEST_F(HttpServerTest, LimitsHandshakesPerSecond) {
    serve({.handshakes_per_s = 2});
    for (std::size_t upgrades = 1; upgrades <= 2; ++upgrades) {
        Client client = connect();
        client.send(handshake());
        ASSERT_TRUE(run_until([&] { return handler_.upgraded.size() == upgrades; }));
    }
    EXPECT_THAT(answer_to(handshake()), AllOf(HasSubstr("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n"),
                                              HasSubstr(R"("error":"overloaded")")));
    EXPECT_EQ(server_->metrics().refused.value(), 1U);
}

TEST_F(HttpServerTest, StopsAcceptingButEndsWhatWasBegun) {
    serve();
    handler_.is_keeping_replies = true;
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return !handler_.replies.empty(); }));
    server_->stop_accepting();
    handler_.replies[0].reply(http_error(404, "not_found", "no"));
    EXPECT_TRUE(run_until_closed(client));
    EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
    Descriptor late{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_NE(::connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

TEST_F(HttpServerTest, MakesNoNewSessionWhileItStops) {
    serve();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server_->metrics().accepted.value() == 1; }));
    client.send(handshake().substr(0, 20));
    server_->stop_accepting();
    client.send(handshake().substr(20));
    EXPECT_TRUE(run_until_received(client, "HTTP/1.1 503"));
    EXPECT_EQ(server_->metrics().upgrades.value(), 0U);
}

TEST_F(HttpServerTest, ClosesConnectionsWithoutARequestWhenItStops) {
    serve();
    Client silent = connect();
    Client served = connect();
    served.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until_received(served, "Connection: keep-alive"));
    Client begun = connect();
    begun.send("GET /begun HTTP/1.1\r\n");
    ASSERT_TRUE(run_until([&] { return server_->metrics().accepted.value() == 3; }));
    server_->stop_accepting();
    EXPECT_TRUE(run_until_closed(silent));
    EXPECT_TRUE(run_until_closed(served));
    EXPECT_EQ(server_->open_connections(), 1U);
    begun.send("Host: x\r\n\r\n");
    EXPECT_TRUE(run_until_received(begun, "/begun"));
}

TEST_F(HttpServerTest, AnswersARequestThatIsThereButUnreadWhenItStops) {
    serve();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(run_until_received(client, "Connection: keep-alive"));
    client.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    server_->stop_accepting();
    EXPECT_TRUE(run_until_received(client, "/second"));
}

TEST_F(HttpServerTest, PausesWhileThereAreNoDescriptors) {
    serve({.accept_pause = 20ms});
    Client client = connect();
    client.send("GET /waited HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool has_failed = run_until([&] { return server_->metrics().accept_failures.value() > 0; });
    io_.restart();
    const std::size_t turns = io_.run_for(100ms);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(has_failed);
    EXPECT_LE(turns, 10U) << "a pause of 20 ms, not a spin";
    EXPECT_EQ(server_->metrics().accepted.value(), 0U);
    EXPECT_TRUE(run_until_received(client, "/waited"));
}

TEST_F(HttpServerTest, SharesAnAddressBetweenShards) {
    Handler other_handler;
    HttpServer first{io_, {}, handler_};
    HttpServer second{io_, {}, other_handler};
    const auto port = first.listen("localhost", 0, false);
    ASSERT_TRUE(port);
    ASSERT_TRUE(second.listen("127.0.0.1", *port, true));
    HttpServer stranger{io_, {}, handler_};
    EXPECT_EQ(stranger.listen("127.0.0.1", *port, false).error(), boost::system::errc::address_in_use);
    std::vector<Client> clients;
    for (int i = 0; i < 64; ++i) {
        clients.emplace_back(*port);
        clients.back().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    EXPECT_TRUE(run_until([&] { return handler_.requests.size() + other_handler.requests.size() == 64; }));
    EXPECT_FALSE(handler_.requests.empty());
    EXPECT_FALSE(other_handler.requests.empty());
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
    serve();
    EXPECT_EQ(server_->listen("127.0.0.1", port_, false).error(), boost::system::errc::address_in_use);
    EXPECT_FALSE(server_->listen("example.invalid", 80, false));
    EXPECT_TRUE(server_->listen("[::1]", 0, false));
    // IPv6 sockets take no IPv4 clients, so that both wildcards can be had.
    EXPECT_FALSE(server_->listen("::ffff:127.0.0.1", 0, false));
}

TEST(HttpTarget, IsTakenApart) {
    const auto target = parse_http_target("http://host:80/v1/book/BINANCE%3ABTC-USDT?depth=25&&a=b=c&%41=");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/v1/book/BINANCE:BTC-USDT");
    const std::vector<std::pair<std::string, std::string>> query = {{"depth", "25"}, {"a", "b=c"}, {"A", ""}};
    EXPECT_EQ(target->query, query);
    EXPECT_EQ(parse_http_target("http://host")->path, "/");
    EXPECT_EQ(parse_http_target("/a+b")->path, "/a+b");
    for (const char* bad : {"", "*", "a", "host:80", "/%", "/%1", "/%g1", "/%+1", "/%7f", "/?%=a"}) {
        EXPECT_FALSE(parse_http_target(bad)) << bad;
    }
}

}  // namespace
}  // namespace tickgate::gateway
