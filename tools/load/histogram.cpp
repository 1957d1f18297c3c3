#include "tools/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tickgate::load {

namespace {

constexpr unsigned kBits = 7;  // an octave has 2^7 buckets
constexpr std::size_t kPerOctave = std::size_t{1} << kBits;

// The buckets of the first two octaves are one wide and start at 0; each further octave's are twice as wide as those
// before it.
constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kBits + 1 ? width - (kBits + 1) : 0;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
}

constexpr std::uint64_t last_value_of(std::size_t bucket) noexcept {
    if (bucket < 2 * kPerOctave) return bucket;
    const std::size_t shift = (bucket >> kBits) - 1;
    const std::uint64_t first = (bucket & (kPerOctave - 1)) + kPerOctave;
    return ((first + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kMax) + 1) {}

void Histogram::record(std::uint64_t value) noexcept {
    const std::uint64_t limited = std::min(value, kMax);
    ++buckets_[bucket_of(limited)];
    ++count_;
    max_ = std::max(max_, limited);
}

void Histogram::clear() noexcept {
    std::fill(buckets_.begin(), buckets_.end(), 0);
    count_ = 0;
    max_ = 0;
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
    const double rank = std::ceil(percent / 100 * static_cast<double>(count_));
    const auto wanted =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, std::max<std::uint64_t>(count_, 1));
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        passed += buckets_[bucket];
        if (passed >= wanted) return std::min(last_value_of(bucket), max_);
    }
    return 0;
}

}  // namespace tickgate::load
