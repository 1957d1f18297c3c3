#pragma once

#include <cstdint>

namespace tickgate::gateway {

/// How a shard's writes reach the kernel.
enum class IoBackend : std::uint8_t {
    Auto,     ///< IoUring where the system allows it, else Epoll
    IoUring,  ///< one submission per 1,024 writes
    Epoll,    ///< one send() for each
};

}  // namespace tickgate::gateway
