#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "book/types.hpp"

namespace tickgate::feeds {

/// Times as venues and recordings write them; nothing when it is none, or later than kLatestReceiveTime.

/// Milliseconds since 1970.
[[nodiscard]] std::optional<book::UnixNanos> time_of_milliseconds(std::uint64_t milliseconds) noexcept;

/// Takes `<s since 1970>.<fraction>` off the front of `text`. The fraction, of 1 to 9 digits, counts as written: `.5`
/// is half a second.
[[nodiscard]] std::optional<book::UnixNanos> take_seconds(std::string_view& text) noexcept;

/// `2021-04-17T16:43:42.743618Z`, with up to 9 digits after the point, or none. What lies before 1970 is kNoTime:
/// `0001-01-01T00:00:00Z` is how a venue says that there is none.
[[nodiscard]] std::optional<book::UnixNanos> time_of_iso_text(std::string_view text) noexcept;

}  // namespace tickgate::feeds
