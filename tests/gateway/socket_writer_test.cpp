#include "gateway/socket_writer.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace tickgate::gateway {
namespace {

/// Two ends of a stream: the writer writes to ours.
class SocketPair {
public:
    SocketPair() {
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) != 0)
            throw std::system_error{errno, std::generic_category()};
    }
    SocketPair(SocketPair&& other) noexcept : ends_{std::exchange(other.ends_, {-1, -1})} {}
    SocketPair& operator=(SocketPair&&) = delete;
    ~SocketPair() {
        close_peer();
        if (ends_[0] >= 0) ::close(ends_[0]);
    }

    [[nodiscard]] int ours() const { return ends_[0]; }
    void close_peer() {
        if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
    }
    void bound_send_buffer(int bytes) const { ::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); }

    [[nodiscard]] std::string received() const {
        std::string all;
        std::array<char, 65'536> buffer;
        for (;;) {
            const ssize_t size = ::recv(ends_[1], buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size <= 0) return all;
            all.append(buffer.data(), static_cast<std::size_t>(size));
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// Both ends of a TCP connection over loopback.
std::array<int, 2> tcp_pair() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    const bool is_connected = ::bind(listener, generic, size) == 0 && ::listen(listener, 1) == 0 &&
                              ::getsockname(listener, generic, &size) == 0 && ::connect(client, generic, size) == 0;
    const int server = is_connected ? ::accept(listener, nullptr, nullptr) : -1;
    ::close(listener);
    return {server, client};
}

/// Makes io_uring_setup fail with EPERM for the calling thread, as container profiles do.
bool forbid_uring() {
    constexpr auto kCall = static_cast<std::uint32_t>(__NR_io_uring_setup);
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kCall, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = std::size(rules), .filter = rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool is_uring_allowed() {
    return make_socket_writer(IoBackend::Auto)->backend() == IoBackend::IoUring;
}

class SocketWriterTest : public testing::TestWithParam<IoBackend> {
protected:
    void SetUp() override {
        if (GetParam() == IoBackend::IoUring && !is_uring_allowed()) GTEST_SKIP() << "this system forbids io_uring";
        writer_ = make_socket_writer(GetParam());
    }

    std::vector<WriteResult> flush() {
        const auto results = writer_->flush();
        return {results.begin(), results.end()};
    }

    std::unique_ptr<SocketWriter> writer_;
};

TEST_P(SocketWriterTest, WritesToEachSocketWhatItIsDue) {
    SocketPair first, second;
    writer_->add(first.ours(), std::string_view{"to the first"}, 1);
    writer_->add(second.ours(), std::string_view{"second"}, 2);
    EXPECT_EQ(flush(), (std::vector<WriteResult>{{1, 12}, {2, 6}}));
    EXPECT_EQ(first.received(), "to the first");
    EXPECT_EQ(second.received(), "second");
}

TEST_P(SocketWriterTest, HasNothingToSayAboutAnEmptyFlush) {
    EXPECT_TRUE(flush().empty());
    EXPECT_EQ(writer_->system_calls(), 0U);
}

TEST_P(SocketWriterTest, SaysHowMuchOfAWriteWasTaken) {
    SocketPair pair;
    pair.bound_send_buffer(16'384);
    const std::string big(1 << 20, 'x');
    writer_->add(pair.ours(), big, 7);
    const auto results = flush();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].token, 7U);
    EXPECT_GT(results[0].result, 0);
    EXPECT_LT(static_cast<std::size_t>(results[0].result), big.size());
    EXPECT_EQ(pair.received().size(), static_cast<std::size_t>(results[0].result));
}

TEST_P(SocketWriterTest, NeverWaitsForAFullSocket) {
    SocketPair full, free;
    full.bound_send_buffer(16'384);
    const std::string big(1 << 20, 'x');
    do {
        writer_->add(full.ours(), big, 1);
    } while (flush()[0].result != 0);
    writer_->add(full.ours(), big, 1);
    writer_->add(free.ours(), std::string_view{"free"}, 2);
    const auto results = flush();
    EXPECT_EQ(results[0].result, 0);
    EXPECT_EQ(results[1], (WriteResult{2, 4}));
    EXPECT_FALSE(full.received().empty());
    writer_->add(full.ours(), std::string_view{"again"}, 1);
    EXPECT_EQ(flush()[0].result, 5);
}

TEST_P(SocketWriterTest, ReportsAPeerThatIsGoneWithoutASignal) {
    SocketPair gone, there;
    gone.close_peer();
    writer_->add(gone.ours(), std::string_view{"lost"}, 1);
    writer_->add(there.ours(), std::string_view{"kept"}, 2);
    const auto results = flush();
    EXPECT_EQ(results[0].result, -EPIPE);
    EXPECT_EQ(results[1], (WriteResult{2, 4}));
}

TEST_P(SocketWriterTest, ReportsAConnectionThatWasReset) {
    const auto [ours, theirs] = tcp_pair();
    ASSERT_GE(ours, 0);
    writer_->add(ours, std::string_view{"never read"}, 1);
    ASSERT_EQ(flush(), (std::vector<WriteResult>{{1, 10}}));
    ::close(theirs);  // with bytes unread: a reset
    writer_->add(ours, std::string_view{"more"}, 1);
    EXPECT_EQ(flush(), (std::vector<WriteResult>{{1, -ECONNRESET}}));
    writer_->add(ours, std::string_view{"more"}, 1);
    EXPECT_EQ(flush(), (std::vector<WriteResult>{{1, -EPIPE}}));
    ::close(ours);
}

TEST_P(SocketWriterTest, ReportsABadDescriptor) {
    writer_->add(-1, std::string_view{"x"}, 3);
    EXPECT_EQ(flush(), (std::vector<WriteResult>{{3, -EBADF}}));
}

TEST_P(SocketWriterTest, WritesThousandsInOneFlushWithAsFewCallsAsItCan) {
    constexpr std::size_t kSockets = 200;
    constexpr std::size_t kWrites = 2'500;
    constexpr std::size_t kFirst = 950;  // the sockets lie around the end of the ring
    const auto has_socket = [](std::size_t i) { return i >= kFirst && i < kFirst + kSockets; };
    std::vector<SocketPair> pairs(kSockets);
    // More writes than sockets that a test may open: the others go to descriptors that are not there.
    for (std::size_t i = 0; i < kWrites; ++i) {
        const int fd = has_socket(i) ? pairs[i - kFirst].ours() : -1;
        writer_->add(fd, std::string_view{"frame"}, static_cast<std::uint32_t>(i));
    }
    const auto results = flush();
    ASSERT_EQ(results.size(), kWrites);
    for (std::size_t i = 0; i < kWrites; ++i) {
        EXPECT_EQ(results[i], (WriteResult{static_cast<std::uint32_t>(i), has_socket(i) ? 5 : -EBADF}));
    }
    for (const SocketPair& pair : pairs) EXPECT_EQ(pair.received(), "frame");
    // io_uring: enabled once, then 1,024 + 1,024 + 452.
    EXPECT_EQ(writer_->system_calls(), GetParam() == IoBackend::IoUring ? 4U : kWrites);
}

TEST_P(SocketWriterTest, MayBeMadeOnOneThreadAndUsedOnAnother) {
    SocketPair pair;
    std::vector<WriteResult> results;
    std::thread{[&] {
        writer_->add(pair.ours(), std::string_view{"elsewhere"}, 1);
        results = flush();
    }}.join();
    EXPECT_EQ(results, (std::vector<WriteResult>{{1, 9}}));
    EXPECT_EQ(pair.received(), "elsewhere");
}

TEST_P(SocketWriterTest, CanBeUsedTurnAfterTurn) {
    SocketPair pair;
    std::string expected;
    for (std::uint32_t turn = 0; turn < 3'000; ++turn) {
        const std::string frame = std::to_string(turn);
        writer_->add(pair.ours(), frame, turn);
        ASSERT_EQ(flush(), (std::vector<WriteResult>{{turn, static_cast<std::int32_t>(frame.size())}}));
        ASSERT_EQ(pair.received(), frame);
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, SocketWriterTest, testing::Values(IoBackend::Epoll, IoBackend::IoUring),
                         [](const auto& backend) { return backend.param == IoBackend::Epoll ? "Epoll" : "IoUring"; });

TEST(SocketWriterChoice, TakesTheBackendAskedFor) {
    EXPECT_EQ(make_socket_writer(IoBackend::Epoll)->backend(), IoBackend::Epoll);
    if (!is_uring_allowed()) GTEST_SKIP() << "this system forbids io_uring";
    EXPECT_EQ(make_socket_writer(IoBackend::IoUring)->backend(), IoBackend::IoUring);
}

TEST(SocketWriterChoice, FallsBackWhereIoUringIsForbiddenUnlessItWasAskedForByName) {
    std::thread{[] {
        if (!forbid_uring()) GTEST_SKIP() << "this system lets no filter be set";
        EXPECT_EQ(make_socket_writer(IoBackend::Auto)->backend(), IoBackend::Epoll);
        EXPECT_THROW((void)make_socket_writer(IoBackend::IoUring), std::system_error);
    }}.join();
}

}  // namespace
}  // namespace tickgate::gateway
