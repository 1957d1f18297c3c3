#include "gateway/reactor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace tickgate::gateway {

namespace asio = boost::asio;

IoLoop::IoLoop() : context_{std::make_unique<asio::io_context>(1)} {}
IoLoop::~IoLoop() = default;

asio::io_context& IoLoop::context() noexcept {
    return *context_;
}

void IoLoop::poll() {
    context_->restart();
    const auto until = std::chrono::steady_clock::now() + kLongestPoll;
    while (context_->poll_one() > 0 && std::chrono::steady_clock::now() < until) {
    }
}

void IoLoop::wait(std::chrono::nanoseconds patience) {
    context_->restart();
    context_->run_one_for(patience);
}

/// A descriptor that somebody else owns, watched for input: once at a time, until it has fired.
struct Reactor::Watches {
    using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

    Watches(asio::io_context& context, int sockets_fd, int waker_fd)
        : sockets{context.get_executor(), sockets_fd},
          waker{context.get_executor(), waker_fd} {}
    ~Watches() {
        sockets.release();
        waker.release();
    }

    void start() {
        start(sockets, watching_sockets);
        start(waker, watching_waker);
    }
    static void start(Descriptor& descriptor, bool& watching) {
        if (std::exchange(watching, true)) return;
        descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                              [&watching](const boost::system::error_code& error) {
                                  if (error != asio::error::operation_aborted) watching = false;
                              });
    }

    Descriptor sockets;
    Descriptor waker;
    bool watching_sockets = false;
    bool watching_waker = false;
};

Reactor::Reactor(IoLoop& loop, Shard& shard, HttpLimits limits, std::function<std::string()> metrics_text,
                 std::function<book::UnixNanos()> now)
    : shard_{shard},
      rest_{shard, std::move(metrics_text), std::move(now)},
      server_{loop.context(), limits, rest_},
      watches_{std::make_unique<Watches>(loop.context(), shard.descriptor(), waker_.descriptor())} {}

Reactor::~Reactor() {
    shard_.set_http_answers(nullptr);
}

book::Result<std::uint16_t> Reactor::listen(std::string_view host, std::uint16_t port, bool joins,
                                            const TlsIdentity* identity) {
    return server_.listen(host, port, joins, identity);
}

book::Result<void> Reactor::listen(const UnixSocket& socket) {
    return server_.listen(socket);
}

bool Reactor::prepare_to_wait() {
    watches_->start();
    waker_.arm();
    if (!shard_.has_work()) return true;
    waker_.disarm();
    return false;
}

void Reactor::finish_wait() noexcept {
    waker_.disarm();
}

void Reactor::start_drain(book::UnixNanos now) {
    rest_.start_drain();
    server_.stop_accepting();
    shard_.start_drain(now);
}

bool Reactor::is_drained() const noexcept {
    return shard_.open_sessions() == 0 && server_.open_connections() == 0;
}

}  // namespace tickgate::gateway
