#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tickgate::gateway {

/// What a WebSocket frame carries. Source: RFC 6455, 5.2.
enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

[[nodiscard]] constexpr bool is_control(Opcode opcode) noexcept {
    return opcode >= Opcode::Close;
}

/// Why a WebSocket ends: RFC 6455, 7.4, the IANA registry, and our own from 4400.
enum class CloseCode : std::uint16_t {
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    NoStatus = 1005,  ///< a close frame without a code; never written
    InvalidPayload = 1007,
    MessageTooBig = 1009,
    InternalError = 1011,
    ServiceRestart = 1012,
    TryAgainLater = 1013,
    BadMessages = 4400,
    AuthFailed = 4401,
    AuthExpired = 4403,
    SlowClient = 4408,
    RateLimited = 4429,
    TooManyConnections = 4430,
};

/// Whether a peer may send this code: 1000-1003, 1007-1014 and 3000-4999.
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code) noexcept;

inline constexpr std::size_t kMaxControlPayload = 125;

/// The header of a whole, unmasked frame: 2, 4 or 10 bytes, as a server writes it.
class FrameHeader {
public:
    /// `is_deflated`: the payload is, by permessage-deflate.
    FrameHeader(Opcode opcode, std::uint64_t payload_size, bool is_deflated = false) noexcept;

    [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

    /// How long the header of a payload of this size is.
    [[nodiscard]] static constexpr std::size_t size_for(std::uint64_t payload_size) noexcept {
        return payload_size < 126 ? 2 : payload_size < 65'536 ? 4 : 10;
    }

private:
    std::array<char, 10> bytes_;
    std::uint8_t size_;
};

/// Appends one whole frame. Precondition for control frames: payload of at most kMaxControlPayload bytes.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// Appends a close frame; a reason that does not fit is cut between two characters. NoStatus gives an empty payload.
/// Precondition: the reason is UTF-8.
void append_close_frame(std::string& out, CloseCode code, std::string_view reason);

}  // namespace tickgate::gateway
