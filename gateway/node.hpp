#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/event_queue.hpp"
#include "gateway/book_agent.hpp"
#include "gateway/config.hpp"
#include "gateway/reactor.hpp"
#include "gateway/tls_identity.hpp"
#include "gateway/unix_socket.hpp"

namespace tickgate::gateway {

/// A feed, as whoever turns it sees it.
struct FeedAgent {
    std::function<int(book::UnixNanos)> do_work;
    std::function<std::optional<book::UnixNanos>()> next_due;
    std::function<bool()> ready;
    bool recorded = false;  ///< its time is a recording's
};

/// Wall-clock time that never goes back: the clock at start, plus what has passed.
class WallClock {
public:
    WallClock();
    [[nodiscard]] book::UnixNanos now() const noexcept;

private:
    book::UnixNanos start_;
    std::chrono::steady_clock::time_point steady_start_;
};

/// What a node is asked from outside. Any thread, or a signal handler.
struct NodeRequests {
    std::atomic<bool> stop{false};
    std::atomic<bool> reload{false};
};

/// One gateway process: the book agent, its shards, and the feeds that it is given. Which thread turns which agent is
/// decided here and nowhere else.
class Node {
public:
    /// `recorded_feeds`: by FeedId. Errors: throws std::system_error where the system refuses what is configured, and
    /// TlsError where the certificate or its key cannot be used.
    Node(const Config& config, std::vector<bool> recorded_feeds);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Where feeds push to.
    [[nodiscard]] book::EventQueue& events() noexcept { return events_; }

    /// Turns the feeds until they are ready, opens the ports, and serves until it is to stop; then sends all clients
    /// away and returns, after drain_s at the latest. When it is to reload it reads certificate and key again, and
    /// keeps what it has where they cannot be used. Errors: throws std::runtime_error where an address cannot be had.
    void run(std::vector<FeedAgent>& feeds, NodeRequests& requests);

private:
    struct ShardUnit;

    void warm_up(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void listen();
    void listen_on_port(const ListenAddress& address);
    void listen_on_file(const std::string& path);
    void reload_if_asked(NodeRequests& requests);
    void log_certificate(std::string_view event) const;
    void run_shared(std::vector<FeedAgent>& feeds, NodeRequests& requests);
    void run_dedicated(std::vector<FeedAgent>& feeds, NodeRequests& requests);
    void run_feeds(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void run_agent(const std::atomic<bool>& stop);
    void run_shard(ShardUnit& unit, const std::atomic<bool>& stop);
    [[nodiscard]] int turn_agent();
    [[nodiscard]] bool uses_dedicated_threads() const;
    [[nodiscard]] std::string metrics_text() const;

    Config config_;
    Admission admission_;
    std::unique_ptr<TlsIdentity> identity_;  // none: everything is plain
    std::vector<UnixSocket> unix_sockets_;
    WallClock clock_;
    book::EventQueue events_;
    std::vector<std::unique_ptr<IoLoop>> loops_;  // one for each thread that turns shards
    std::vector<std::unique_ptr<ShardUnit>> shards_;
    std::unique_ptr<BookAgent> agent_;
    Waker agent_waker_;
};

}  // namespace tickgate::gateway
