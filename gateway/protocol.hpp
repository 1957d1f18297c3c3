#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "book/types.hpp"

/// The constants and words of the client protocol `tickgate.v1.json`.
namespace tickgate::gateway {

inline constexpr std::string_view kSubprotocol = "tickgate.v1.json";
inline constexpr int kProtocolVersion = 1;

/// What a stream carries.
enum class Channel : std::uint8_t { Book, Bbo, Trades };
inline constexpr std::array kChannels{Channel::Book, Channel::Bbo, Channel::Trades};

/// Depth classes, the shallowest first; 0 is the whole book and so the deepest.
inline constexpr std::array<std::uint32_t, 8> kDepths{1, 5, 10, 25, 50, 100, 500, 0};
/// Rate classes: least milliseconds between two messages of a stream; 0 is as soon as possible.
inline constexpr std::array<std::uint32_t, 7> kRatesMs{0, 50, 100, 250, 500, 1000, 5000};

inline constexpr std::uint32_t kDefaultDepth = 25;
[[nodiscard]] constexpr std::uint32_t default_rate_ms(Channel channel) noexcept {
    return channel == Channel::Trades ? 0 : 100;
}

/// The class that a wish is rounded up to; nothing above the largest (depth 500, rate 5000).
[[nodiscard]] std::optional<std::uint32_t> round_up_depth(std::uint64_t depth) noexcept;
[[nodiscard]] std::optional<std::uint32_t> round_up_rate(std::uint64_t rate_ms) noexcept;

/// True when a client that holds depth `held` holds all of depth `wanted`.
[[nodiscard]] constexpr bool is_at_least_as_deep(std::uint32_t held, std::uint32_t wanted) noexcept {
    return held == 0 || (wanted != 0 && held >= wanted);
}

/// How long a client waits before it comes back, unless told otherwise: doubling from the first to the second.
inline constexpr std::uint32_t kReconnectBaseMs = 500;
inline constexpr std::uint32_t kReconnectMaxMs = 15'000;

/// Sequences on the wire stay below this, so that a JavaScript number holds them exactly.
inline constexpr std::uint64_t kSequenceLimit = std::uint64_t{1} << 53;

[[nodiscard]] std::string_view name_of(Channel channel) noexcept;
[[nodiscard]] std::optional<Channel> channel_named(std::string_view name) noexcept;

/// A symbol that is not up yet is `resyncing` to a client, with `connecting` as its reason.
[[nodiscard]] std::string_view name_of(book::SymbolState state) noexcept;
/// The `why` of a status; empty when there is nothing to say.
[[nodiscard]] std::string_view reason_text(book::SymbolState state, book::StateReason reason) noexcept;

/// Codes of `error` messages, and of the per-symbol refusals in an `ack`.
enum class ErrorCode : std::uint8_t {
    BadJson,
    BadRequest,
    UnknownOp,
    UnknownChannel,
    UnknownSymbol,
    NotSubscribed,
    BadDepth,
    BadRate,
    FrameTooBig,
    AuthRequired,
    AuthFailed,
    AuthExpired,
    Forbidden,
    NotReady,
    RateLimited,
    LimitSubscriptions,
    LimitConnections,
    SlowClient,
    Internal,
    Overloaded,
};
inline constexpr std::size_t kErrorCodes = 20;

/// When an error also ends the session.
enum class Closes : std::uint8_t {
    Never,
    AtOnce,
    WhenRepeated,  ///< bad_json: the third time
    AfterGrace,
};

/// The fixed properties of an error code: the table in the protocol.
struct ErrorTraits {
    std::string_view code;  ///< as on the wire
    bool temporary;         ///< worth asking again later
    Closes closes;
    std::uint16_t close_code;  ///< WebSocket close code, 0 when it never closes
};
[[nodiscard]] const ErrorTraits& traits_of(ErrorCode code) noexcept;

/// What one client may do. All are told in `welcome`.
struct Limits {
    std::uint32_t subscriptions = 1'000;
    std::uint32_t ops_per_s = 20;
    std::uint32_t frame_bytes = 65'536;
    std::uint32_t symbols_per_op = 200;

    friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace tickgate::gateway
