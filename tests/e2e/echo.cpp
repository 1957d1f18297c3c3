// tickgate-echo --listen ADDR[:PORT]: sends every message back, on the gateway's own server, transport and frame code.
// Prints the URL that it listens at; SIGTERM or SIGINT ends it.
#include <fmt/format.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gateway/config_values.hpp"
#include "gateway/http_server.hpp"
#include "gateway/idle.hpp"
#include "gateway/session_transport.hpp"

namespace {

using namespace tickgate;
using gateway::SessionIndex;
namespace asio = boost::asio;

constexpr std::size_t kMessageBytes = std::size_t{16} << 20;
constexpr int kExitUsage = 2;

std::atomic<bool> stop_requested{false};

void request_stop(int) {
    stop_requested = true;
}

book::UnixNanos now() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

class Echo final : private gateway::HttpHandler, private gateway::SessionHandler {
public:
    explicit Echo(const gateway::ListenAddress& address)
        : server_{io_, {.deflates = true}, *this},
          sockets_{io_.get_executor(), transport_.descriptor()} {
        const book::Result<std::uint16_t> port = server_.listen(address.host, address.port, false);
        if (!port) throw std::runtime_error{"cannot listen: " + port.error().message()};
        const bool is_ipv6 = address.host.find(':') != std::string::npos;
        fmt::print("ws://{}:{}{}\n", is_ipv6 ? "[" + address.host + "]" : address.host, *port, gateway::kWebSocketPath);
        std::fflush(stdout);
    }
    ~Echo() override { sockets_.release(); }
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;

    void run() {
        while (!stop_requested) {
            io_.restart();
            io_.poll();
            if (turn() > 0 || transport_.has_work()) continue;
            watch();
            io_.restart();
            io_.run_one_for(gateway::kLongestWait);
        }
        for (SessionIndex session = 0; session < transport_.size(); ++session) {
            if (transport_.is_open(session)) transport_.close(session, 1001, "stopped");
        }
        transport_.deliver();
    }

private:
    int turn() {
        transport_.advance_to(now());
        int work = transport_.read_clients();
        transport_.run_timers();
        work += transport_.deliver();
        return work;
    }

    void watch() {
        if (std::exchange(is_watching_, true)) return;
        sockets_.async_wait(asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
            if (error != asio::error::operation_aborted) is_watching_ = false;
        });
    }

    void on_websocket(gateway::UpgradedClient client) override {
        transport_.advance_to(now());
        transport_.add(std::move(client));
    }
    void on_request(const gateway::HttpRequest&, gateway::HttpReply reply) override {
        gateway::HttpResponse response;
        response.status = 404;
        reply.reply(response);
    }

    void on_text(SessionIndex session, std::string_view message) override { transport_.send_text(session, message); }
    void on_binary(SessionIndex session, std::string_view message) override {
        std::string frame;
        gateway::append_frame(frame, gateway::Opcode::Binary, message);
        transport_.send_frames(session, frame);
    }
    void on_refused(SessionIndex session, gateway::ErrorCode) override { transport_.close(session, 1013, "full"); }
    void on_slow(SessionIndex session) override { transport_.close(session, 1008, "reads too slowly"); }
    void on_open(SessionIndex) override {}
    void on_violation(SessionIndex, gateway::CloseCode, std::string_view) override {}
    void on_closing(SessionIndex) override {}
    void on_missed(SessionIndex, gateway::TurnOutput::Entry) override {}
    void on_blocked(SessionIndex) override {}
    void on_drained(SessionIndex) override {}
    void on_behind(SessionIndex) override {}
    void append_heartbeat(std::string&) override {}
    void on_shrunk(std::size_t) override {}

    gateway::Admission admission_{{}};
    gateway::TransportMetrics metrics_;
    gateway::SessionTransport transport_{
        {.message_bytes = kMessageBytes, .heartbeat_ms = 0, .compression = {.min_bytes = 0}},
        *this,
        admission_,
        metrics_,
        gateway::make_socket_writer(gateway::IoBackend::Auto)};
    asio::io_context io_{1};
    gateway::HttpServer server_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> sockets_;
    bool is_watching_ = false;
};

gateway::ListenAddress parse(std::string_view text) {
    const bool has_port = text.find(':', text.find(']') == text.npos ? 0 : text.find(']')) != text.npos;
    return gateway::parse_listen(has_port ? std::string{text} : std::string{text} + ":0");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 || std::string_view{argv[1]} != "--listen") {
        fmt::print(stderr, "usage: tickgate-echo --listen ADDR[:PORT]\n");
        return kExitUsage;
    }
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
    try {
        Echo{parse(argv[2])}.run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "tickgate-echo: {}\n", error.what());
        return 1;
    }
    return 0;
}
