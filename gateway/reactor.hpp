#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http_server.hpp"
#include "gateway/rest.hpp"
#include "gateway/shard.hpp"
#include "gateway/waker.hpp"

namespace tickgate::gateway {

/// What waits for one thread's sockets: an io_context. Thread: one.
class IoLoop {
public:
    IoLoop();
    ~IoLoop();
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;

    [[nodiscard]] boost::asio::io_context& context() noexcept;
    /// Runs what is ready, but begins nothing new after kLongestPoll: TLS handshakes do not hold up the sessions.
    void poll();
    static constexpr std::chrono::milliseconds kLongestPoll{1};
    /// Waits until something is ready, `patience` at most, and runs it.
    void wait(std::chrono::nanoseconds patience);

private:
    std::unique_ptr<boost::asio::io_context> context_;
};

/// One shard with what brings it clients: its HTTP server, and the descriptors that wake its thread. Thread: the
/// loop's.
class Reactor {
public:
    Reactor(IoLoop& loop, Shard& shard, HttpLimits limits, std::function<std::string()> metrics_text,
            std::function<book::UnixNanos()> now);
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// As HttpServer::listen.
    [[nodiscard]] book::Result<std::uint16_t> listen(std::string_view host, std::uint16_t port, bool joins,
                                                     const TlsIdentity* identity = nullptr);
    [[nodiscard]] book::Result<void> listen(const UnixSocket& socket);

    [[nodiscard]] int do_work(book::UnixNanos now) { return shard_.do_work(now); }
    /// Call before IoLoop::wait: from now on a socket of the shard, or its waker, ends the wait.
    /// Returns false when the shard has something to do already.
    [[nodiscard]] bool prepare_to_wait();

    /// Call after it.
    void finish_wait() noexcept;

    [[nodiscard]] Shard& shard() noexcept { return shard_; }
    /// Of the HTTP server. Thread: any may read it.
    [[nodiscard]] const HttpMetrics& http_metrics() const noexcept { return server_.metrics(); }
    /// Wakes the thread when the book agent has something for the shard. Any thread.
    void wake() noexcept { waker_.wake(); }

    /// Not ready, accepts nothing more, sends every client away.
    void start_drain(book::UnixNanos now);
    /// Every client is gone, and every request that was under way is answered.
    [[nodiscard]] bool is_drained() const noexcept;

private:
    struct Watches;

    Shard& shard_;
    Rest rest_;
    HttpServer server_;
    Waker waker_;
    std::unique_ptr<Watches> watches_;
};

}  // namespace tickgate::gateway
