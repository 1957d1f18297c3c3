#include "gateway/log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace tickgate::gateway {
namespace {

using namespace std::chrono_literals;

class LogTest : public testing::Test {
protected:
    LogTest() {
        log::set_sink([this](std::string_view line) { lines.emplace_back(line); });
    }
    ~LogTest() override {
        log::set_sink({});
        log::set_level(log::Level::Info);
    }
    /// The newest line without its time.
    [[nodiscard]] std::string last() const {
        return lines.empty() ? "" : lines.back().substr(lines.back().find(' ') + 1);
    }

    std::vector<std::string> lines;
    book::UnixNanos now{1s};
};

TEST_F(LogTest, WritesTimeLevelEventAndFields) {
    log::info("listening", {{"address", "127.0.0.1:8080"}, {"shards", 2}, {"big", ~std::uint64_t{0}}, {"tls", false}});
    EXPECT_EQ(last(), "info event=listening address=127.0.0.1:8080 shards=2 big=18446744073709551615 tls=false");
    std::string shape = lines.back().substr(0, lines.back().find(' '));
    for (char& character : shape) {
        if (character >= '0' && character <= '9') character = '9';
    }
    EXPECT_EQ(shape, "9999-99-99T99:99:99.999999Z");
}

std::string utc_day() {
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(today.year()), static_cast<unsigned>(today.month()),
                       static_cast<unsigned>(today.day()));
}

TEST_F(LogTest, WritesTimesInUtc) {
    const std::string before = utc_day();
    log::info("now");
    const std::string day = lines.back().substr(0, 10);
    EXPECT_TRUE(day == before || day == utc_day()) << day;
}

TEST_F(LogTest, QuotesAndEscapesWhatIsNotPlain) {
    log::warning("odd", {{"a", "two words"},
                         {"b", ""},
                         {"c", "k=v"},
                         {"d", "say \"hi\"\\"},
                         {"e", std::string{"line\nforged event=x\r\t\x01\xC3\xA9\x7F"}}});
    EXPECT_EQ(last(), R"(warning event=odd a="two words" b="" c="k=v" d="say \"hi\"\\" )"
                      R"(e="line\nforged event=x\r\t\x01\xc3\xa9\x7f")");
}

TEST_F(LogTest, TreatsBracesInTextAsText) {
    log::info("braces", {{"frame", "{\"op\":{}}"}});
    EXPECT_EQ(last(), R"(info event=braces frame="{\"op\":{}}")");
}

TEST_F(LogTest, DropsLinesBelowItsLevel) {
    log::debug("hidden");
    log::set_level(log::Level::Error);
    log::warning("hidden");
    EXPECT_TRUE(lines.empty());
    log::error("shown");
    EXPECT_EQ(last(), "error event=shown");
    log::set_level(log::Level::Debug);
    log::debug("shown");
    EXPECT_EQ(last(), "debug event=shown");
    log::set_level(log::Level::Off);
    log::error("hidden");
    EXPECT_EQ(lines.size(), 2U);
}

TEST_F(LogTest, KeepsLinesOfSeveralThreadsWhole) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int line = 0; line < 100; ++line) log::info("busy", {{"text", "aaaaaaaaaaaaaaaa"}});
        });
    }
    threads.clear();
    ASSERT_EQ(lines.size(), 400U);
    for (const std::string& line : lines) {
        EXPECT_TRUE(line.ends_with(" info event=busy text=aaaaaaaaaaaaaaaa")) << line;
    }
}

TEST_F(LogTest, LimitsTheLinesOfOnePlaceAndReportsWhatItHeldBack) {
    log::Limited limited{2};
    for (int i = 0; i < 5; ++i) limited.write(log::Level::Warning, now, "bad_frame", {{"i", i}});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(last(), "warning event=bad_frame i=1");
    EXPECT_EQ(limited.suppressed(), 3U);
    limited.write(log::Level::Warning, now + 999ms, "bad_frame", {{"i", 5}});
    EXPECT_EQ(lines.size(), 2U);
    limited.write(log::Level::Warning, now + 1s, "bad_frame", {{"i", 6}});
    EXPECT_EQ(last(), "warning event=bad_frame i=6 suppressed=4");
    limited.write(log::Level::Warning, now + 1s, "bad_frame", {{"i", 7}});
    EXPECT_EQ(last(), "warning event=bad_frame i=7");
}

TEST_F(LogTest, LimitsAnewWhenRecordedTimeStartsAgain) {
    log::Limited limited{1};
    limited.write(log::Level::Info, now, "pass", {});
    limited.write(log::Level::Info, now - 500ms, "pass", {});
    EXPECT_EQ(lines.size(), 2U);
}

TEST_F(LogTest, CountsNoLineThatTheLevelDropsAsHeldBack) {
    log::Limited limited{1};
    limited.write(log::Level::Debug, now, "quiet", {});
    limited.write(log::Level::Debug, now, "quiet", {});
    EXPECT_EQ(limited.suppressed(), 0U);
}

TEST(LogToStandardError, IsWhereLinesGoWithoutASink) {
    testing::internal::CaptureStderr();
    log::info("started", {{"version", "0.1.0"}});
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(text.ends_with(" info event=started version=0.1.0\n")) << text;
}

}  // namespace
}  // namespace tickgate::gateway
