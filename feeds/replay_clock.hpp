#pragma once

#include <optional>
#include <string_view>

#include "book/types.hpp"

namespace tickgate::feeds {

/// How much faster than it was recorded a recording is played: a positive factor, or as fast as it goes.
class ReplaySpeed {
public:
    constexpr ReplaySpeed() noexcept = default;  ///< as recorded
    /// Precondition: factor > 0.
    explicit constexpr ReplaySpeed(double factor) noexcept : factor_{factor} {}
    [[nodiscard]] static constexpr ReplaySpeed max() noexcept { return ReplaySpeed{0, 0}; }

    /// Reads `max` or a positive decimal such as `1`, `0.5`, `50`.
    /// Errors: std::invalid_argument.
    [[nodiscard]] static ReplaySpeed parse(std::string_view text);

    [[nodiscard]] constexpr bool is_max() const noexcept { return factor_ == 0; }
    [[nodiscard]] constexpr double factor() const noexcept { return factor_; }  ///< 0 for max

private:
    constexpr ReplaySpeed(double factor, int /*unchecked*/) noexcept : factor_{factor} {}
    double factor_ = 1;
};

/// Says at which wall-clock time something recorded is due.
class ReplayClock {
public:
    explicit ReplayClock(ReplaySpeed speed) noexcept : speed_{speed} {}

    /// From here on `recorded` and `wall` are the same moment.
    void start(book::UnixNanos recorded, book::UnixNanos wall) noexcept;

    /// kNoTime (the past) at speed max. What was recorded before the start is due at once. Rises with `recorded`.
    /// Precondition: started.
    [[nodiscard]] book::UnixNanos due_at(book::UnixNanos recorded) const noexcept;

private:
    ReplaySpeed speed_;
    book::UnixNanos recorded_start_{};
    book::UnixNanos wall_start_{};
};

}  // namespace tickgate::feeds
