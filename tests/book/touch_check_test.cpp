#include "book/touch_check.hpp"

#include <gtest/gtest.h>

#include "tests/support/levels.hpp"

namespace tickgate::book {
namespace {

using test::level;

const Touch kLow{level(100, 1), level(101, 2)};
const Touch kHigh{level(105, 1), level(106, 2)};

TEST(TouchCheck, ComparesABatchWithTheLastTickerUpToItsId) {
    TouchCheck check;
    EXPECT_EQ(check.on_ticker(10, kLow), 0U);
    EXPECT_EQ(check.on_ticker(20, kHigh), 0U);
    EXPECT_EQ(check.on_batch(15, kLow), 0U);
    EXPECT_EQ(check.ok(), 1U) << "decided at once: a ticker of a higher id has come";
    EXPECT_EQ(check.failed(), 0U);
}

TEST(TouchCheck, SaysWhenTheyDiffer) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_ticker(20, kHigh);
    EXPECT_EQ(check.on_batch(15, kHigh), 1U);
    EXPECT_EQ(check.ok(), 0U);
    EXPECT_EQ(check.failed(), 1U);
}

TEST(TouchCheck, WaitsUntilATickerOfAHigherIdHasCome) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_batch(15, kHigh);
    EXPECT_EQ(check.ok() + check.failed(), 0U);
    EXPECT_EQ(check.on_ticker(14, kHigh), 0U);
    EXPECT_EQ(check.ok() + check.failed(), 0U) << "14 may not be the last one up to 15";
    EXPECT_EQ(check.on_ticker(16, kLow), 0U);
    EXPECT_EQ(check.ok(), 1U);
}

TEST(TouchCheck, ATickerOfTheSameIdBelongsToTheBatch) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_ticker(15, kHigh);
    (void)check.on_batch(15, kHigh);
    EXPECT_EQ(check.ok(), 0U) << "not decided before a higher id";
    EXPECT_EQ(check.on_ticker(16, kLow), 0U);
    EXPECT_EQ(check.ok(), 1U);

    (void)check.on_batch(20, kHigh);
    EXPECT_EQ(check.on_ticker(20, kHigh), 0U) << "also when it comes behind the batch";
    EXPECT_EQ(check.on_ticker(21, kLow), 0U);
    EXPECT_EQ(check.ok(), 2U);
}

TEST(TouchCheck, LaterBatchesAreHeldAgainstTheSameTickerUntilTheNext) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_batch(12, kLow);
    (void)check.on_batch(14, kLow);
    (void)check.on_batch(16, kHigh);
    EXPECT_EQ(check.on_ticker(20, kLow), 1U);
    EXPECT_EQ(check.ok(), 2U);
    EXPECT_EQ(check.failed(), 1U);
    (void)check.on_batch(19, kLow);
    EXPECT_EQ(check.ok(), 3U) << "the ticker of id 10 is still the last one up to 19";
}

TEST(TouchCheck, DoesNotCountABatchBeforeAnyTicker) {
    TouchCheck check;
    (void)check.on_batch(5, kLow);
    (void)check.on_ticker(10, kHigh);
    (void)check.on_ticker(11, kHigh);
    EXPECT_EQ(check.on_batch(9, kLow), 0U);
    EXPECT_EQ(check.finish(), 0U);
    EXPECT_EQ(check.ok() + check.failed(), 0U);
}

TEST(TouchCheck, TheEndDecidesWhatWaits) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_batch(12, kHigh);
    (void)check.on_batch(13, kLow);
    EXPECT_EQ(check.finish(), 1U);
    EXPECT_EQ(check.ok(), 1U);
    EXPECT_EQ(check.failed(), 1U);
    EXPECT_EQ(check.finish(), 0U) << "once only";
}

TEST(TouchCheck, AResetDropsWhatWaitsAndKeepsTheCounts) {
    TouchCheck check;
    (void)check.on_ticker(10, kLow);
    (void)check.on_ticker(20, kLow);
    (void)check.on_batch(15, kLow);
    (void)check.on_batch(25, kHigh);
    check.reset();
    EXPECT_EQ(check.finish(), 0U);
    EXPECT_EQ(check.ok(), 1U);
    EXPECT_EQ(check.failed(), 0U);
    (void)check.on_batch(30, kHigh);
    EXPECT_EQ(check.finish(), 0U) << "the tickers from before are gone too";
}

TEST(TouchCheck, AnEmptySideIsAValue) {
    TouchCheck check;
    const Touch no_asks{level(100, 1), std::nullopt};
    (void)check.on_ticker(10, no_asks);
    (void)check.on_batch(11, no_asks);
    (void)check.on_batch(12, kLow);
    EXPECT_EQ(check.finish(), 1U);
    EXPECT_EQ(check.ok(), 1U);
}

}  // namespace
}  // namespace tickgate::book
