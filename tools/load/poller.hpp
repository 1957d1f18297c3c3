#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

namespace tickgate::load {

/// An epoll set, level-triggered. Throws std::system_error where the kernel refuses.
class Poller {
public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// `token` comes back with each event. Closing the descriptor takes it out again.
    void add(int descriptor, std::uint32_t token, std::uint32_t events);
    void change(int descriptor, std::uint32_t token, std::uint32_t events);
    /// What is ready, after at most `patience`; the view lives until the next call. Empty after a signal.
    [[nodiscard]] std::span<const epoll_event> wait(std::chrono::milliseconds patience);

private:
    void control(int operation, int descriptor, std::uint32_t token, std::uint32_t events);

    int descriptor_;
    std::array<epoll_event, 1024> events_;
};

}  // namespace tickgate::load
