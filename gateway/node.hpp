#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "book/event_queue.hpp"
#include "gateway/book_agent.hpp"
#include "gateway/config.hpp"
#include "gateway/reactor.hpp"

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

/// One gateway process: the book agent, its shards, and the feeds that it is given. Which thread turns which agent is
/// decided here and nowhere else.
class Node {
public:
    /// `recorded_feeds`: by FeedId. Errors: throws std::system_error where the system refuses what is configured.
    Node(const Config& config, std::vector<bool> recorded_feeds);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Where feeds push to.
    [[nodiscard]] book::EventQueue& events() noexcept { return events_; }

    /// Turns the feeds until they are ready, opens the ports, and serves until `stop` becomes true; then sends all
    /// clients away and returns, after drain_s at the latest. Errors: throws std::runtime_error where an address cannot
    /// be had.
    void run(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);

private:
    struct ShardUnit;

    void warm_up(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void listen();
    void run_shared(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void run_dedicated(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void run_feeds(std::vector<FeedAgent>& feeds, const std::atomic<bool>& stop);
    void run_agent(const std::atomic<bool>& stop);
    void run_shard(ShardUnit& unit, const std::atomic<bool>& stop);
    [[nodiscard]] int turn_agent();
    [[nodiscard]] bool uses_dedicated_threads() const;
    [[nodiscard]] std::string metrics_text() const;

    Config config_;
    Admission admission_;
    WallClock clock_;
    book::EventQueue events_;
    std::vector<std::unique_ptr<IoLoop>> loops_;  // one for each thread that turns shards
    std::vector<std::unique_ptr<ShardUnit>> shards_;
    std::unique_ptr<BookAgent> agent_;
    Waker agent_waker_;
};

}  // namespace tickgate::gateway
