#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tickgate::load {

enum class MessageType : std::uint8_t {
    Unreadable,  ///< not a JSON object with a type
    Other,       ///< a type that a load client does nothing with
    Delta,
    Snapshot,
    Bbo,
    Trades,
    Ack,
    Error,
    Welcome,
    Lag,
    Gap,
};

/// The fields of a server message by which a client keeps its place.
struct MessageHead {
    MessageType type = MessageType::Unreadable;
    std::uint64_t sid = 0;  ///< 0: none
    std::optional<std::uint64_t> prev;
    std::optional<std::uint64_t> seq;
    std::optional<std::uint64_t> ts;  ///< microseconds since 1970
    std::string_view epoch;           ///< as written, escapes and all; lives as long as the message
};

/// Reads them by one scan over the top-level keys, in any order, that ends at the levels or trades where everything is
/// known by then: `ts`, which the gateway writes last, is first looked for at the end. What is skipped is not checked.
[[nodiscard]] MessageHead read_head(std::string_view message) noexcept;

}  // namespace tickgate::load
