#include "tools/load/storm.hpp"

#include <gtest/gtest.h>

#include "tools/load/report.hpp"

namespace tickgate::load {
namespace {

using namespace std::chrono_literals;

GatewaySample sample(Clock::duration at, double encoded) {
    GatewaySample sample;
    sample.taken = Clock::time_point{at};
    sample.encoded = encoded;
    return sample;
}

TEST(ResumePositions, CountsDifferentPositionsOfEachStream) {
    const ResumePositions positions =
        count_positions({{1, 1, 10}, {2, 1, 10}, {1, 1, 10}, {1, 1, 11}, {1, 1, 12}, {2, 1, 10}, {1, 2, 12}});
    EXPECT_EQ(positions.streams, 2U);
    EXPECT_EQ(positions.most, 4U);
    EXPECT_DOUBLE_EQ(positions.mean, 2.5);
    EXPECT_EQ(count_positions({}).streams, 0U);
}

TEST(StormEncodings, AreBoundByThePositionsAndOneSnapshotAStream) {
    const StormSamples samples{sample(0s, 1'000), sample(10s, 2'000), sample(12s, 2'900), sample(22s, 3'900)};
    const auto encodings = count_encodings(samples, {.streams = 50, .most = 3, .mean = 1});
    ASSERT_TRUE(encodings);
    EXPECT_DOUBLE_EQ(encodings->counted, 900);
    EXPECT_DOUBLE_EQ(encodings->usual, 200);
    EXPECT_DOUBLE_EQ(encodings->bound, 4 * 200 + 50);
    EXPECT_DOUBLE_EQ(encodings->after_per_s, 100);
}

TEST(StormEncodings, CountNoMoreThanEightPositions) {
    const StormSamples samples{sample(0s, 0), sample(10s, 1'000), sample(11s, 1'100), sample(12s, 1'200)};
    EXPECT_DOUBLE_EQ(count_encodings(samples, {.streams = 1, .most = 500, .mean = 1})->bound, 9 * 100 + 1);
}

TEST(StormEncodings, AreUnknownWhereASampleIsMissing) {
    EXPECT_FALSE(count_encodings({sample(0s, 0), sample(1s, 1), std::nullopt, sample(2s, 2)}, {}));
}

TEST(LoadReport, IsAFailureForEachThingThatAGatewayMustNeverDo) {
    LoadReport sound;
    sound.clients = sound.settled = 5;
    EXPECT_EQ(exit_code_of(sound), 0);
    for (const Count fault : {Count::PrevBreaks, Count::CkFailures, Count::UnexpectedCloses, Count::Errors,
                              Count::Unreadable, Count::Strays}) {
        LoadReport faulty = sound;
        faulty.tally.add(fault);
        EXPECT_EQ(exit_code_of(faulty), 1) << name_of(fault);
    }
    for (const Count ordinary : {Count::SlowCloses, Count::Lags, Count::ConnectErrors, Count::ResumeExpired}) {
        LoadReport report = sound;
        report.tally.add(ordinary);
        EXPECT_EQ(exit_code_of(report), 0) << name_of(ordinary);
    }
}

TEST(LoadReport, IsAFailureWhereNotAllGotInOrCameBack) {
    LoadReport report;
    report.clients = 5;
    report.settled = 4;
    EXPECT_EQ(exit_code_of(report), 1);
    report.settled = 5;
    report.storm.emplace();
    report.storm->clients = 5;
    report.storm->back = 4;
    EXPECT_EQ(exit_code_of(report), 1);
    report.storm->back = 5;
    EXPECT_EQ(exit_code_of(report), 0);
}

TEST(GatewaySample, SumsAMetricOverItsLabels) {
    constexpr std::string_view kPage =
        "# HELP tickgate_writes_total System calls.\n# TYPE tickgate_writes_total counter\n"
        "tickgate_writes_total{shard=\"0\"} 5\ntickgate_writes_total{shard=\"1\"} 1.5e3\n"
        "tickgate_writes_total_more 7\nplain 3\n";
    EXPECT_EQ(metric_sum(kPage, "tickgate_writes_total"), 1'505);
    EXPECT_EQ(metric_sum(kPage, "plain"), 3);
    EXPECT_EQ(metric_sum(kPage, "missing"), std::nullopt);
    EXPECT_FALSE(parse_sample(kPage, {}));
}

}  // namespace
}  // namespace tickgate::load
