#include "tools/load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tickgate::load {
namespace {

TEST(Histogram, KnowsNothingWithoutValues) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.percentile(50), 0U);
    EXPECT_EQ(histogram.max(), 0U);
}

TEST(Histogram, IsExactForSmallValues) {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 200; ++value) histogram.record(value);
    EXPECT_EQ(histogram.percentile(50), 100U);
    EXPECT_EQ(histogram.percentile(99), 198U);
    EXPECT_EQ(histogram.percentile(99.9), 200U);
    EXPECT_EQ(histogram.percentile(100), 200U);
    EXPECT_EQ(histogram.percentile(0), 1U);
}

TEST(Histogram, IsOffByLessThanAHundredthAtAnySize) {
    std::mt19937_64 random{7};
    std::uniform_real_distribution<double> exponent{0, 39};
    std::vector<std::uint64_t> values;
    Histogram histogram;
    for (int i = 0; i < 20'000; ++i) {
        values.push_back(static_cast<std::uint64_t>(std::exp2(exponent(random))));
        histogram.record(values.back());
    }
    std::ranges::sort(values);
    for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20'000));
        const std::uint64_t exact = values[rank - 1];
        EXPECT_GE(histogram.percentile(percent), exact) << percent;
        EXPECT_LE(static_cast<double>(histogram.percentile(percent)), static_cast<double>(exact) * 1.008 + 1)
            << percent;
    }
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_EQ(histogram.percentile(100), values.back()) << "the end of a bucket is no value that there was";
}

TEST(Histogram, CountsWhatIsTooLargeAsItsLargest) {
    Histogram histogram;
    histogram.record(~std::uint64_t{0});
    EXPECT_EQ(histogram.max(), Histogram::kMax);
    EXPECT_EQ(histogram.percentile(50), Histogram::kMax);
}

TEST(Histogram, ForgetsEverythingWhenCleared) {
    Histogram histogram;
    histogram.record(1'000);
    histogram.clear();
    histogram.record(5);
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.max(), 5U);
    EXPECT_EQ(histogram.percentile(99), 5U);
}

}  // namespace
}  // namespace tickgate::load
