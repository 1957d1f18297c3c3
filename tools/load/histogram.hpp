#pragma once

#include <cstdint>
#include <vector>

namespace tickgate::load {

/// Counts values in buckets that grow with the value: exact below 256, off by less than 1/128 above. Every octave has
/// the same number of buckets (log-linear), so a percentile is as exact at a second as at a millisecond.
class Histogram {
public:
    Histogram();

    /// Values beyond kMax count as kMax.
    void record(std::uint64_t value) noexcept;
    void clear() noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
    /// The value that `percent` of all values do not exceed, rounded up to the end of its bucket; 0 without values.
    [[nodiscard]] std::uint64_t percentile(double percent) const noexcept;

    static constexpr std::uint64_t kMax = (std::uint64_t{1} << 40) - 1;  ///< in microseconds: twelve days

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace tickgate::load
