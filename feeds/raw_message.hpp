#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "book/types.hpp"

namespace tickgate::feeds {

/// Readable bytes behind every payload that is handed to a decoder; what simdjson wants (its SIMDJSON_PADDING).
inline constexpr std::size_t kPayloadPadding = 64;

/// The start of the year 2200. A later time of receipt is damage, a venue's later one a bad message: that leaves the 60
/// years which a looped replay may be shifted by (ReplayFeed::kLongestLoop).
inline constexpr std::chrono::seconds kLatestReceiveTime{7'258'118'400};

/// One message as it came from a venue or a recording of it. Views live until the next message is asked for.
struct RawMessage {
    enum class Kind : std::uint8_t {
        Frame,       ///< a WebSocket message
        RestAnswer,  ///< a REST answer; `url` is what was asked, empty where a recording does not say
        Connected,   ///< a new connection begins; no payload
    };
    Kind kind = Kind::Frame;
    book::UnixNanos receive_time = book::kNoTime;
    std::string_view url;
    std::string_view payload;  ///< followed by kPayloadPadding readable bytes
    std::uint32_t file = 0;    ///< which of a recorded session's files it stands in
};

}  // namespace tickgate::feeds
