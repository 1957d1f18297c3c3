#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace tickgate::client {

/// When to connect again: after the server's own delay, else a random time below a limit that doubles with each
/// failure (full jitter: clients that were cut off together do not come back together).
class Backoff {
public:
    explicit Backoff(std::uint32_t seed) : random_{seed} {}

    void set_range(std::chrono::milliseconds base, std::chrono::milliseconds max) noexcept;
    /// A session was reached: the next failure starts from the base again.
    void on_welcome() noexcept { failures_ = 0; }
    /// The delay after a connection that ended with WebSocket close `code`; nothing: do not come back.
    [[nodiscard]] std::optional<std::chrono::milliseconds> after_close(std::uint16_t code,
                                                                       std::optional<std::chrono::milliseconds> given);
    /// `period` times something between a half and one and a half.
    [[nodiscard]] std::chrono::milliseconds around(std::chrono::milliseconds period);

private:
    std::mt19937 random_;
    std::chrono::milliseconds base_{500};
    std::chrono::milliseconds max_{15'000};
    unsigned failures_ = 0;
};

}  // namespace tickgate::client
