#pragma once

#include <atomic>

namespace tickgate::gateway {

/// Wakes a thread that waits for a descriptor, only when it waits. The consumer arms it, looks at its queues once more,
/// and then waits for `descriptor()` to be readable; a producer calls wake() after it has put something in.
class Waker {
public:
    Waker();
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    /// Any thread. A system call only when the consumer is armed.
    void wake() noexcept;
    /// Consumer: from now on a wake() makes the descriptor readable.
    void arm() noexcept;
    /// Consumer: it is awake. Takes back what made the descriptor readable.
    void disarm() noexcept;
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    std::atomic<bool> armed_{false};
    int descriptor_;
};

}  // namespace tickgate::gateway
