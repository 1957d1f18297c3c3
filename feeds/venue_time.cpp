#include "feeds/venue_time.hpp"

#include <charconv>
#include <chrono>

#include "feeds/raw_message.hpp"

namespace tickgate::feeds {
namespace {

using book::UnixNanos;
using std::chrono::nanoseconds;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Takes a number of digits only off the front of `text`.
std::optional<std::int64_t> take_integer(std::string_view& text) noexcept {
    std::int64_t value = 0;
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Takes `.<1 to 9 digits>` off the front of `text`.
std::optional<nanoseconds> take_fraction(std::string_view& text) noexcept {
    constexpr std::size_t kMostDigits = 9;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
    std::int64_t fraction = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
        if (digits == kMostDigits) return std::nullopt;
        fraction = 10 * fraction + (text[digits] - '0');
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    for (; digits < kMostDigits; ++digits) fraction *= 10;
    return nanoseconds{fraction};
}

/// Takes exactly `count` digits and `mark` off the front of `text`.
std::optional<unsigned> take_part(std::string_view& text, std::size_t count, char mark) noexcept {
    if (text.size() <= count || text[count] != mark) return std::nullopt;
    unsigned value = 0;
    for (const char c : text.substr(0, count)) {
        if (!is_digit(c)) return std::nullopt;
        value = 10 * value + static_cast<unsigned>(c - '0');
    }
    text.remove_prefix(count + 1);
    return value;
}

}  // namespace

std::optional<UnixNanos> time_of_milliseconds(std::uint64_t milliseconds) noexcept {
    constexpr std::uint64_t kLatest = std::chrono::milliseconds{kLatestReceiveTime}.count();
    if (milliseconds > kLatest) return std::nullopt;
    return UnixNanos{std::chrono::milliseconds{milliseconds}};
}

std::optional<UnixNanos> take_seconds(std::string_view& text) noexcept {
    const auto seconds = take_integer(text);
    if (!seconds || *seconds >= kLatestReceiveTime.count()) return std::nullopt;
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    return UnixNanos{std::chrono::seconds{*seconds} + *fraction};
}

std::optional<UnixNanos> time_of_iso_text(std::string_view text) noexcept {
    using namespace std::chrono;
    const auto year_part = take_part(text, 4, '-');
    const auto month_part = year_part ? take_part(text, 2, '-') : std::nullopt;
    const auto day_part = month_part ? take_part(text, 2, 'T') : std::nullopt;
    const auto hour = day_part ? take_part(text, 2, ':') : std::nullopt;
    const auto minute = hour ? take_part(text, 2, ':') : std::nullopt;
    if (!minute || text.size() < 3 || *hour > 23 || *minute > 59) return std::nullopt;
    const bool has_fraction = text[2] == '.';
    const char mark = has_fraction ? '.' : 'Z';
    const auto second = take_part(text, 2, mark);
    if (!second || *second > 60) return std::nullopt;  // 60: a leap second
    nanoseconds fraction{0};
    if (has_fraction) {
        text = {text.data() - 1, text.size() + 1};  // with its point again
        const auto digits = take_fraction(text);
        if (!digits || text != "Z") return std::nullopt;
        fraction = *digits;
    } else if (!text.empty()) {
        return std::nullopt;
    }
    const year_month_day date{year{static_cast<int>(*year_part)}, month{*month_part}, day{*day_part}};
    if (!date.ok()) return std::nullopt;
    const seconds since_1970 = sys_days{date}.time_since_epoch() + hours{*hour} + minutes{*minute} + seconds{*second};
    if (since_1970 < seconds{0}) return book::kNoTime;
    if (since_1970 >= kLatestReceiveTime) return std::nullopt;
    return UnixNanos{since_1970 + fraction};
}

}  // namespace tickgate::feeds
