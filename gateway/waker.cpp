#include "gateway/waker.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace tickgate::gateway {

Waker::Waker() : descriptor_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
    if (descriptor_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

Waker::~Waker() {
    ::close(descriptor_);
}

// One side writes to the queue and then looks at the flag, the other sets the flag and then looks at the queue: one of
// them must see what the other wrote. Only a fence between the two on both sides says so: a sequentially consistent
// store alone does not order what is loaded from the queue after it. Nothing else is handed over by the flag.
void Waker::arm() noexcept {
    armed_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Waker::wake() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!armed_.load(std::memory_order_relaxed) || !armed_.exchange(false, std::memory_order_seq_cst)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void Waker::disarm() noexcept {
    if (armed_.exchange(false, std::memory_order_seq_cst)) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(descriptor_, &count, sizeof count);
}

}  // namespace tickgate::gateway
