#include "gateway/websocket_frame.hpp"

#include <cassert>

namespace tickgate::gateway {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kDeflated = 0x40;
constexpr std::size_t kMaxReason = kMaxControlPayload - 2;  // the code takes two

bool is_utf8_continuation(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

std::string_view cut_between_characters(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text;
    while (limit > 0 && is_utf8_continuation(text[limit])) --limit;
    return text.substr(0, limit);
}

/// Most significant byte first, as the network wants it.
void put_big_endian(char* out, std::uint64_t value, std::size_t width) noexcept {
    for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<char>(value >> (8 * (width - 1 - i)));
}

}  // namespace

bool is_sendable_close_code(std::uint16_t code) noexcept {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

FrameHeader::FrameHeader(Opcode opcode, std::uint64_t payload_size, bool is_deflated) noexcept
    : size_{static_cast<std::uint8_t>(size_for(payload_size))} {
    bytes_[0] = static_cast<char>(kFinal | (is_deflated ? kDeflated : 0) | static_cast<std::uint8_t>(opcode));
    if (size_ == 2) {
        bytes_[1] = static_cast<char>(payload_size);
        return;
    }
    const std::size_t width = size_ - 2U;
    bytes_[1] = width == 2 ? 126 : 127;
    put_big_endian(bytes_.data() + 2, payload_size, width);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
    assert(!is_control(opcode) || payload.size() <= kMaxControlPayload);
    out += FrameHeader{opcode, payload.size()}.bytes();
    out += payload;
}

void append_close_frame(std::string& out, CloseCode code, std::string_view reason) {
    if (code == CloseCode::NoStatus) return append_frame(out, Opcode::Close, {});
    reason = cut_between_characters(reason, kMaxReason);
    std::array<char, 2> number;
    put_big_endian(number.data(), static_cast<std::uint16_t>(code), number.size());
    out += FrameHeader{Opcode::Close, number.size() + reason.size()}.bytes();
    out.append(number.data(), number.size());
    out += reason;
}

}  // namespace tickgate::gateway
