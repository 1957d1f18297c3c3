#include "feeds/venue_time.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tickgate::feeds {
namespace {

using book::UnixNanos;
using namespace std::chrono_literals;

constexpr UnixNanos kSecond{1'618'677'822s};  // 2021-04-17T16:43:42Z

TEST(VenueTime, ReadsIsoText) {
    EXPECT_EQ(time_of_iso_text("2021-04-17T16:43:42.743618Z"), kSecond + 743'618us);
    EXPECT_EQ(time_of_iso_text("2021-04-17T16:43:42Z"), kSecond);
    EXPECT_EQ(time_of_iso_text("2021-04-17T16:43:42.5Z"), kSecond + 500ms);
    EXPECT_EQ(time_of_iso_text("2021-04-17T16:43:42.123456789Z"), kSecond + 123'456'789ns);
    EXPECT_EQ(time_of_iso_text("2024-02-29T00:00:00Z"), UnixNanos{1'709'164'800s});
    EXPECT_EQ(time_of_iso_text("0001-01-01T00:00:00.000000Z"), book::kNoTime) << "there is none";
}

TEST(VenueTime, RefusesWhatIsNoIsoText) {
    for (const char* const text :
         {"", "2021-04-17", "2021-04-17T16:43:42", "2021-04-17 16:43:42Z", "2021-02-30T16:43:42Z",
          "2021-13-01T00:00:00Z", "2021-04-17T24:00:00Z", "2021-04-17T16:60:00Z", "2021-04-17T16:43:61Z",
          "2021-04-17T16:43:42.Z", "2021-04-17T16:43:42.1234567890Z", "2021-04-17T16:43:42.5", "2021-04-17T16:43:42Zx",
          "20x1-04-17T16:43:42Z", "2021-04-17T16:43:42+00:00", "9999-12-31T00:00:00Z"}) {
        EXPECT_EQ(time_of_iso_text(text), std::nullopt) << text;
    }
}

TEST(VenueTime, ReadsMilliseconds) {
    EXPECT_EQ(time_of_milliseconds(1'618'677'822'743), kSecond + 743ms);
    EXPECT_EQ(time_of_milliseconds(7'258'118'400'001), std::nullopt);
    EXPECT_EQ(time_of_milliseconds(9'999'999'999'999'999'999U), std::nullopt);
}

TEST(VenueTime, TakesSecondsWithAFractionAsWritten) {
    std::string_view text = "1618677822.5 rest";
    EXPECT_EQ(take_seconds(text), kSecond + 500ms);
    EXPECT_EQ(text, " rest");
    for (std::string_view bad : {"1618677822", "1618677822.", ".5", "-1.5", "7258118400.0", "1.1234567890"}) {
        EXPECT_EQ(take_seconds(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace tickgate::feeds
