// tickgate-watch: a terminal client that follows the protocol's client rule and verifies every message.

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

#include "tools/client/backoff.hpp"
#include "tools/client/book_mirror.hpp"
#include "tools/client/ladder_view.hpp"
#include "tools/client/wire_options.hpp"
#include "tools/client/ws_client.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using tickgate::client::Clock;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr milliseconds kRedraw = 100ms;
constexpr milliseconds kFirstConnectPatience = 10s;  // a gateway that was started at the same moment is up by then
constexpr milliseconds kGoodbye = 1s;
constexpr int kSilentHeartbeats = 3;  // the server's own measure of a dead peer

enum class Print { Ladder, Raw, Stats };

struct Options {
    std::string url;
    tickgate::client::WireOptions wire;
    tickgate::client::Request request;
    std::string print;
    double for_seconds = 0;              // 0: until a signal
    double reconnect_every_seconds = 0;  // 0: never on purpose
};

milliseconds millis(double seconds) {
    return milliseconds{static_cast<milliseconds::rep>(seconds * 1000)};
}

std::size_t terminal_rows() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 40;
}

Print print_mode(const std::string& name) {
    if (name == "raw") return Print::Raw;
    if (name == "stats") return Print::Stats;
    if (name == "ladder") return Print::Ladder;
    return isatty(STDOUT_FILENO) != 0 ? Print::Ladder : Print::Stats;
}

/// Keeps one subscription alive over reconnects until its time is over.
class Watch : private tickgate::client::WsListener {
public:
    Watch(const Options& options, const tickgate::client::WsUrl& url)
        : options_{options},
          url_{url},
          print_{print_mode(options.print)},
          mirror_{options.request},
          client_{*this, tls_for(url, options.wire), options.wire.deflate} {}

    int run() {
        client_.catch_signals();
        started_ = Clock::now();
        connect_at_ = started_;
        while (!finished(Clock::now())) {
            do_work(Clock::now());
            if (print_ == Print::Raw) std::fflush(stdout);  // what a pipe would keep until there is more
            client_.run_one_until(next_due());
        }
        say_goodbye();
        print_totals();
        return exit_code();
    }

private:
    // ---- what the connection tells

    void on_open() override { heard_at_ = Clock::now(); }

    void on_text(std::string_view text) override {
        const Clock::time_point now = Clock::now();
        heard_at_ = now;
        if (print_ == Print::Raw) fmt::print("{}\n", text);
        const std::uint64_t connections = mirror_.connections();
        tickgate::client::Actions actions;
        mirror_.on_message(text, now, actions);
        if (mirror_.connections() != connections) on_session(now);
        carry_out(actions);
    }

    void on_close(std::uint16_t code, std::string_view why) override {
        const bool on_purpose = reconnecting_;
        reconnecting_ = false;
        reconnect_at_.reset();
        heard_at_.reset();
        const std::optional<milliseconds> given = mirror_.given_delay();
        mirror_.on_close();
        if (ending_) return;
        const std::optional<milliseconds> delay = on_purpose ? milliseconds{0} : backoff_.after_close(code, given);
        if (!on_purpose) remark(fmt::format("connection closed: {} {}", code, why));
        rejected_ = !delay;
        if (delay) connect_at_ = Clock::now() + *delay;
    }

    void on_session(Clock::time_point now) {
        backoff_.set_range(mirror_.terms().reconnect_base, mirror_.terms().reconnect_max);
        backoff_.on_welcome();
        if (options_.reconnect_every_seconds > 0) {
            reconnect_at_ = now + backoff_.around(millis(options_.reconnect_every_seconds));
        }
    }

    // ---- what time brings

    void do_work(Clock::time_point now) {
        if (!client_.connected()) {
            if (now >= connect_at_) client_.connect(url_);
            return;
        }
        tickgate::client::Actions actions;
        mirror_.do_work(now, actions);
        carry_out(actions);
        if (reconnect_at_ && now >= *reconnect_at_) reconnect();
        if (heard_at_ && now >= silent_at()) drop_if_silent(now);
        if (print_ == Print::Ladder && now >= redraw_at_) redraw(now);
    }

    void reconnect() {
        reconnect_at_.reset();
        reconnecting_ = true;
        client_.close();
    }

    // A process that was stopped has not listened: what lies in the socket is heard first.
    void drop_if_silent(Clock::time_point now) {
        client_.run_ready();
        if (heard_at_ && now >= silent_at()) client_.drop("nothing heard for three heartbeats");
    }

    void redraw(Clock::time_point now) {
        redraw_at_ = now + kRedraw;
        fmt::print("{}", tickgate::client::draw_ladder(mirror_, terminal_rows()));
        std::fflush(stdout);
    }

    [[nodiscard]] Clock::time_point silent_at() const {
        return *heard_at_ + kSilentHeartbeats * mirror_.terms().heartbeat;
    }

    [[nodiscard]] Clock::time_point next_due() const {
        Clock::time_point due = Clock::now() + 1h;
        if (options_.for_seconds > 0) due = std::min(due, started_ + millis(options_.for_seconds));
        if (!client_.connected()) return std::min(due, connect_at_);
        if (mirror_.connections() == 0) due = std::min(due, started_ + kFirstConnectPatience);
        if (const auto retry = mirror_.next_due()) due = std::min(due, *retry);
        if (reconnect_at_) due = std::min(due, *reconnect_at_);
        if (heard_at_) due = std::min(due, silent_at());
        if (print_ == Print::Ladder) due = std::min(due, redraw_at_);
        return due;
    }

    [[nodiscard]] bool finished(Clock::time_point now) const {
        if (client_.signalled() || rejected_ || mirror_.refused()) return true;
        if (options_.for_seconds > 0 && now >= started_ + millis(options_.for_seconds)) return true;
        return mirror_.connections() == 0 && now >= started_ + kFirstConnectPatience;
    }

    // ---- endings

    void say_goodbye() {
        ending_ = true;
        client_.close();
        const Clock::time_point deadline = Clock::now() + kGoodbye;
        while (client_.connected() && Clock::now() < deadline) client_.run_one_until(deadline);
    }

    void print_totals() const {
        const tickgate::client::Counters& n = mirror_.counters();
        fmt::print(R"({{"messages":{},"snapshots":{},"deltas":{},"resumed":{},"resume_expired":{},)", n.messages,
                   n.snapshots, n.deltas, n.resumed, n.resume_expired);
        fmt::print(R"("prev_breaks":{},"ck_failures":{},"reconnects":{}}})"
                   "\n",
                   n.prev_breaks, n.ck_failures, n.reconnects);
        std::fflush(stdout);
    }

    [[nodiscard]] int exit_code() const {
        if (mirror_.connections() == 0) remark(fmt::format("could not connect to {}", options_.url));
        const bool verified = mirror_.counters().prev_breaks == 0 && mirror_.counters().ck_failures == 0;
        return verified && mirror_.connections() > 0 && !rejected_ && !mirror_.refused() ? 0 : kExitFailed;
    }

    void carry_out(tickgate::client::Actions& actions) {
        for (std::string& text : actions.send) client_.send(std::move(text));
        for (const std::string& text : actions.remarks) remark(text);
    }

    void remark(std::string_view text) const {
        if (print_ != Print::Ladder) fmt::print(stderr, "tickgate-watch: {}\n", text);
    }

    Options options_;
    tickgate::client::WsUrl url_;
    Print print_;
    tickgate::client::BookMirror mirror_;
    tickgate::client::Backoff backoff_{std::random_device{}()};
    tickgate::client::WsClient client_;

    Clock::time_point started_;
    Clock::time_point connect_at_;
    Clock::time_point redraw_at_;
    std::optional<Clock::time_point> heard_at_;
    std::optional<Clock::time_point> reconnect_at_;
    bool reconnecting_ = false;  // the connection is being closed to be opened anew
    bool ending_ = false;
    bool rejected_ = false;  // the server does not want us back, or is not as we want it
};

void add_options(CLI::App& app, Options& options) {
    app.add_option("URL", options.url, "ws://HOST:PORT[/v1/ws], or wss:// for TLS")->required();
    app.add_option("--channel", options.request.channel, "what to watch")
        ->check(CLI::IsMember({"book", "bbo", "trades"}))
        ->capture_default_str();
    app.add_option("--symbols", options.request.symbols, "names or wildcards, separated by commas")
        ->delimiter(',')
        ->required();
    app.add_option("--depth", options.request.depth, "levels a side; 0 is the whole book");
    app.add_option("--rate-ms", options.request.rate_ms, "least time between two messages of a symbol");
    app.add_option("--print", options.print, "default: ladder on a terminal, else stats")
        ->check(CLI::IsMember({"ladder", "raw", "stats"}));
    app.add_option("--for", options.for_seconds, "end after so many seconds")->check(CLI::PositiveNumber);
    app.add_option("--reconnect-every", options.reconnect_every_seconds,
                   "close and resume after about so many seconds, again and again")
        ->check(CLI::PositiveNumber);
    tickgate::client::add_wire_options(app, options.wire);
}

int complain(int code, std::string_view what) {
    fmt::print(stderr, "tickgate-watch: {}\n", what);
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Watches symbols of a tickgate gateway and verifies every message.", "tickgate-watch"};
    Options options;
    add_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    const auto url = tickgate::client::parse_ws_url(options.url);
    if (!url) return complain(kExitUsage, "not a URL like ws://127.0.0.1:8080/v1/ws: " + options.url);
    if (const auto fault = wire_fault(*url, options.wire); !fault.empty()) return complain(kExitUsage, fault);
    try {
        return Watch{options, *url}.run();
    } catch (const std::runtime_error& error) {
        return complain(kExitUsage, error.what());
    }
}
