#include "tools/load/server_frames.hpp"

#include <array>
#include <bit>

#include "tools/client/ws_url.hpp"

namespace tickgate::load {

namespace {

using gateway::Opcode;

constexpr unsigned kFinal = 0x80;
constexpr unsigned kCompressed = 0x40;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kOpcodeBits = 0x0f;

unsigned byte_at(std::string_view bytes, std::size_t index) noexcept {
    return static_cast<unsigned char>(bytes[index]);
}

std::uint64_t big_endian(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8 | byte_at(bytes, i);
    return value;
}

bool is_expected(unsigned first, unsigned second, bool may_be_compressed) noexcept {
    const auto opcode = static_cast<Opcode>(first & kOpcodeBits);
    const bool known = opcode == Opcode::Text || (is_control(opcode) && opcode <= Opcode::Pong);
    const unsigned flags = first & ~kOpcodeBits;
    const bool compressed = may_be_compressed && opcode == Opcode::Text && flags == (kFinal | kCompressed);
    return known && (flags == kFinal || compressed) && (second & kMasked) == 0;
}

}  // namespace

std::optional<ServerFrame> ServerFrames::next() noexcept {
    if (broken_ || rest_.size() < 2) return std::nullopt;
    const unsigned first = byte_at(rest_, 0);
    const unsigned second = byte_at(rest_, 1);
    broken_ = !is_expected(first, second, may_be_compressed_);
    const std::size_t extended = second < 126 ? 0 : second == 126 ? 2 : 8;
    if (broken_ || rest_.size() < 2 + extended) return std::nullopt;
    const std::uint64_t size = extended == 0 ? second : big_endian(rest_.substr(2, extended));
    broken_ = size > client::kMaxMessage;
    if (broken_) return std::nullopt;
    const std::size_t header = 2 + extended;
    if (rest_.size() - header < size) return std::nullopt;
    const std::string_view payload = rest_.substr(header, size);
    rest_.remove_prefix(header + payload.size());
    return ServerFrame{static_cast<Opcode>(first & kOpcodeBits), payload, (first & kCompressed) != 0};
}

void append_client_frame(std::string& out, Opcode opcode, std::string_view payload, std::uint32_t mask) {
    const gateway::FrameHeader header{opcode, payload.size()};
    const std::size_t start = out.size();
    out.append(header.bytes());
    out[start + 1] = static_cast<char>(byte_at(out, start + 1) | kMasked);
    const auto key = std::bit_cast<std::array<char, 4>>(mask);
    out.append(key.data(), key.size());
    for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ key[i % key.size()]));
}

std::uint16_t close_code_of(std::string_view payload) noexcept {
    if (payload.size() < 2) return static_cast<std::uint16_t>(gateway::CloseCode::NoStatus);
    return static_cast<std::uint16_t>(big_endian(payload.substr(0, 2)));
}

}  // namespace tickgate::load
