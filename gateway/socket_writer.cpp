#include "gateway/socket_writer.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <vector>

namespace tickgate::gateway {
namespace {

// A socket that does not take all is not waited for, and one that is gone costs its session, not the process.
constexpr int kSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

struct Write {
    int fd;
    std::span<const char> bytes;
    std::uint32_t token;
};

/// A full socket is an ordinary answer, not an error.
std::int32_t result_of(std::int64_t bytes_or_negative_errno) noexcept {
    if (bytes_or_negative_errno == -EAGAIN || bytes_or_negative_errno == -EWOULDBLOCK) return 0;
    return static_cast<std::int32_t>(bytes_or_negative_errno);
}

class SendWriter final : public SocketWriter {
public:
    void add(int fd, std::span<const char> bytes, std::uint32_t token) override {
        assert(!bytes.empty());
        writes_.push_back({fd, bytes, token});
    }

    std::span<const WriteResult> flush() override {
        results_.clear();
        for (const Write& write : writes_) results_.push_back({write.token, send_now(write)});
        writes_.clear();
        return results_;
    }

    std::uint64_t system_calls() const noexcept override { return system_calls_; }
    IoBackend backend() const noexcept override { return IoBackend::Epoll; }

private:
    std::int32_t send_now(const Write& write) noexcept {
        for (;;) {
            ++system_calls_;
            const ssize_t sent = ::send(write.fd, write.bytes.data(), write.bytes.size(), kSendFlags);
            if (sent >= 0) return result_of(sent);
            if (errno != EINTR) return result_of(-errno);
        }
    }

    std::vector<Write> writes_;
    std::vector<WriteResult> results_;
    std::uint64_t system_calls_ = 0;
};

/// Sends with MSG_DONTWAIT complete while they are submitted, so one call submits a batch and finds all its results.
class UringWriter final : public SocketWriter {
public:
    UringWriter() {
        // The thread that enables the ring is the only one that may submit: that is the first to flush.
        constexpr unsigned kFlags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN |
                                    IORING_SETUP_DEFER_TASKRUN;
        throw_if_failed(io_uring_queue_init(kEntries, &ring_, kFlags), "io_uring_setup");
    }
    ~UringWriter() override { io_uring_queue_exit(&ring_); }

    void add(int fd, std::span<const char> bytes, std::uint32_t token) override {
        assert(!bytes.empty());
        writes_.push_back({fd, bytes, token});
    }

    std::span<const WriteResult> flush() override {
        results_.resize(writes_.size());
        if (!writes_.empty()) enable();
        for (std::size_t begin = 0; begin < writes_.size(); begin += kEntries) {
            const std::size_t end = std::min<std::size_t>(begin + kEntries, writes_.size());
            prepare(begin, end);
            submit_and_reap(static_cast<unsigned>(end - begin));
        }
        writes_.clear();
        return results_;
    }

    std::uint64_t system_calls() const noexcept override { return system_calls_; }
    IoBackend backend() const noexcept override { return IoBackend::IoUring; }

private:
    static constexpr unsigned kEntries = 1'024;

    static void throw_if_failed(int result, const char* call) {
        if (result < 0) throw std::system_error{-result, std::generic_category(), call};
    }

    void enable() {
        if (is_enabled_) return;
        ++system_calls_;
        // liburing 2.3 declares io_uring_enable_rings() and does not export it.
        throw_if_failed(
            io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0),
            "io_uring_register");
        is_enabled_ = true;
    }

    void prepare(std::size_t begin, std::size_t end) noexcept {
        for (std::size_t i = begin; i < end; ++i) {
            const Write& write = writes_[i];
            io_uring_sqe* entry = io_uring_get_sqe(&ring_);  // never null: at most kEntries, and the ring is empty
            io_uring_prep_send(entry, write.fd, write.bytes.data(), write.bytes.size(), kSendFlags);
            io_uring_sqe_set_data64(entry, i);
        }
    }

    /// Short submissions and interruptions are gone on with; anything else means that our ring is broken.
    void submit_and_reap(unsigned count) {
        unsigned reaped = 0;
        while (reaped < count) {
            ++system_calls_;
            const int submitted = io_uring_submit_and_wait(&ring_, count - reaped);
            if (submitted != -EINTR && submitted != -EAGAIN) throw_if_failed(submitted, "io_uring_enter");
            reaped += reap();
        }
    }

    unsigned reap() noexcept {
        unsigned count = 0;
        unsigned head;
        io_uring_cqe* completion;
        io_uring_for_each_cqe(&ring_, head, completion) {
            const auto index = static_cast<std::size_t>(completion->user_data);
            results_[index] = {writes_[index].token, result_of(completion->res)};
            ++count;
        }
        io_uring_cq_advance(&ring_, count);
        return count;
    }

    io_uring ring_{};
    std::vector<Write> writes_;
    std::vector<WriteResult> results_;
    std::uint64_t system_calls_ = 0;
    bool is_enabled_ = false;
};

}  // namespace

std::unique_ptr<SocketWriter> make_socket_writer(IoBackend preference) {
    if (preference == IoBackend::Epoll) return std::make_unique<SendWriter>();
    try {
        return std::make_unique<UringWriter>();
    } catch (const std::system_error&) {
        // Forbidden by many container profiles, or a kernel before 6.1.
        if (preference == IoBackend::IoUring) throw;
        return std::make_unique<SendWriter>();
    }
}

}  // namespace tickgate::gateway
