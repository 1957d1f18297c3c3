#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/io_backend.hpp"

namespace tickgate::gateway {

/// What became of one write.
struct WriteResult {
    std::uint32_t token;
    std::int32_t result;  ///< bytes that the kernel took; 0: the socket is full; below: -errno, the socket is broken

    friend bool operator==(const WriteResult&, const WriteResult&) = default;
};

/// Writes to many sockets at once, never waiting for one: add() what each is due, then flush().
/// In the steady state nothing is allocated. Thread: one; it may be made on another than it is used on.
class SocketWriter {
public:
    SocketWriter() = default;
    SocketWriter(const SocketWriter&) = delete;
    SocketWriter& operator=(const SocketWriter&) = delete;
    virtual ~SocketWriter() = default;

    /// Notes a write. The bytes must stay until flush() has returned; the token comes back with the result.
    /// Precondition: bytes is not empty, and fd has no other write in this flush.
    virtual void add(int fd, std::span<const char> bytes, std::uint32_t token) = 0;

    /// Makes all writes noted. Returns: one result for each, in the order of add(); lives until the next add().
    [[nodiscard]] virtual std::span<const WriteResult> flush() = 0;

    /// How many system calls all flushes made.
    [[nodiscard]] virtual std::uint64_t system_calls() const noexcept = 0;

    /// IoUring or Epoll.
    [[nodiscard]] virtual IoBackend backend() const noexcept = 0;
};

/// Errors: throws std::system_error when io_uring is asked for by name and the system does not allow it.
[[nodiscard]] std::unique_ptr<SocketWriter> make_socket_writer(IoBackend preference);

}  // namespace tickgate::gateway
