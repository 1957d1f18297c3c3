#include "gateway/frame_reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "gateway/deflate.hpp"

namespace tickgate::gateway {

static_assert(kInputPadding >= simdjson::SIMDJSON_PADDING);

/// The rest of a read, and the message whose fragments came so far.
struct UnfinishedInput::Kept {
    std::string bytes;      // not taken; the first `unmasked` payload bytes of its first frame are unmasked
    std::size_t begin = 0;  // where in bytes the part not taken begins
    std::size_t unmasked = 0;
    std::string message;                   // joined fragments
    Opcode opcode = Opcode::Continuation;  // of the message; Continuation while there is none
    bool is_deflated = false;              // the message
    Utf8Checker utf8;
};

UnfinishedInput::UnfinishedInput() noexcept = default;
UnfinishedInput::UnfinishedInput(UnfinishedInput&&) noexcept = default;
UnfinishedInput& UnfinishedInput::operator=(UnfinishedInput&&) noexcept = default;
UnfinishedInput::~UnfinishedInput() = default;

std::size_t UnfinishedInput::memory() const noexcept {
    return kept_ ? sizeof(Kept) + kept_->bytes.capacity() + kept_->message.capacity() : 0;
}

struct ClientFrameHeader {
    bool is_final = false;
    bool is_deflated = false;
    Opcode opcode = Opcode::Continuation;
    std::uint8_t size = 0;     // of the header itself; 0: it has not arrived whole
    std::uint64_t length = 0;  // of the payload
    std::array<char, 4> mask{};
    const char* fault = nullptr;  // what is wrong with it by itself
};

namespace {

std::uint64_t big_endian(std::span<const char> bytes) noexcept {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

/// Phase: how many bytes of the payload came before these.
void unmask(std::span<char> bytes, std::array<char, 4> mask, std::size_t phase) noexcept {
    std::array<char, 8> key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = mask[(phase + i) % mask.size()];
    std::uint64_t wide_key;
    std::memcpy(&wide_key, key.data(), sizeof wide_key);
    std::size_t at = 0;
    for (; at + sizeof wide_key <= bytes.size(); at += sizeof wide_key) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        word ^= wide_key;
        std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    for (std::size_t i = 0; at < bytes.size(); ++at, ++i) bytes[at] = static_cast<char>(bytes[at] ^ key[i]);
}

void append_padded(std::string& out, std::string_view bytes) {
    const std::size_t needed = out.size() + bytes.size() + kInputPadding;
    // Not exactly what is needed: many small fragments would copy the message again and again.
    if (out.capacity() < needed) out.reserve(out.empty() ? needed : std::max(needed, 2 * out.capacity()));
    out += bytes;
}

constexpr std::uint8_t kReserved = 0x70;  // bits of a frame's first byte
constexpr std::uint8_t kDeflated = 0x40;

/// Bytes of a deflated message whose text is within the limit: what does not get smaller may get larger. RFC 1951's
/// fixed codes need at most 9 bits a byte.
std::size_t deflated_limit(std::size_t limit) noexcept {
    constexpr std::size_t kSlack = 64;
    return limit + limit / 8 + kSlack;
}

bool is_known(std::uint8_t opcode) noexcept {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

/// What the first two bytes break, if anything, each looked at as soon as it is there.
const char* fault_in_start(std::span<const char> bytes, bool may_deflate) noexcept {
    const auto first = static_cast<std::uint8_t>(bytes[0]);
    const bool begins_message = (first & 0x0F) == 1 || (first & 0x0F) == 2;
    if ((first & (may_deflate && begins_message ? kReserved & ~kDeflated : kReserved)) != 0) return "reserved bits set";
    if (!is_known(first & 0x0F)) return "unknown opcode";
    const bool is_control_frame = (first & 0x08) != 0;
    if (is_control_frame && (first & 0x80) == 0) return "fragmented control frame";
    if (bytes.size() < 2) return nullptr;
    const auto second = static_cast<std::uint8_t>(bytes[1]);
    if ((second & 0x80) == 0) return "frame not masked";
    if (is_control_frame && (second & 0x7F) > kMaxControlPayload) return "control frame too long";
    return nullptr;
}

/// The length is to be written in as few bytes as it fits in, and in 63 bits.
bool is_shortest_form(std::uint64_t length, std::size_t width) noexcept {
    if (width == 2) return length >= 126;
    return width == 0 || (length >= 65'536 && length <= INT64_MAX);
}

ClientFrameHeader parse_header(std::span<const char> bytes, bool may_deflate) noexcept {
    ClientFrameHeader header;
    if (bytes.empty()) return header;
    header.fault = fault_in_start(bytes, may_deflate);
    header.is_final = (bytes[0] & 0x80) != 0;
    header.is_deflated = (bytes[0] & kDeflated) != 0;
    header.opcode = static_cast<Opcode>(bytes[0] & 0x0F);
    if (header.fault != nullptr || bytes.size() < 2) return header;
    const auto short_length = static_cast<std::uint8_t>(bytes[1] & 0x7F);
    const std::size_t width = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
    if (bytes.size() < 2 + width) return header;
    header.length = width == 0 ? short_length : big_endian(bytes.subspan(2, width));
    if (!is_shortest_form(header.length, width)) header.fault = "length not in its shortest form";
    if (bytes.size() < 2 + width + header.mask.size()) return header;
    std::memcpy(header.mask.data(), bytes.data() + 2 + width, header.mask.size());
    header.size = static_cast<std::uint8_t>(2 + width + header.mask.size());
    return header;
}

}  // namespace

FrameReader::FrameReader(UnfinishedInput& unfinished, std::span<char> input, std::size_t message_limit,
                         Inflater* inflater)
    : unfinished_{unfinished},
      rest_{input},
      message_limit_{message_limit},
      inflater_{inflater} {
    if (unfinished_.is_empty()) return;
    UnfinishedInput::Kept& kept = *unfinished_.kept_;
    utf8_ = kept.utf8;
    unmasked_ = kept.unmasked;
    if (kept.begin == kept.bytes.size()) return;
    if (!input.empty()) {
        kept.bytes.erase(0, kept.begin);
        kept.begin = 0;
        append_padded(kept.bytes, {input.data(), input.size()});
    }
    rest_ = std::span{kept.bytes}.subspan(kept.begin);
}

FrameReader::~FrameReader() {
    forget_delivered_message();
    if (rest_.empty() && message_opcode() == Opcode::Continuation) {
        unfinished_.kept_.reset();
        return;
    }
    UnfinishedInput::Kept& state = kept();
    state.utf8 = utf8_;
    state.unmasked = unmasked_;
    if (rest_.empty()) {
        state.bytes.clear();
        state.begin = 0;
    } else if (state.begin < state.bytes.size()) {
        state.begin = state.bytes.size() - rest_.size();
    } else {
        state.bytes.clear();
        state.begin = 0;
        append_padded(state.bytes, {rest_.data(), rest_.size()});
    }
}

ClientFrame FrameReader::next() {
    forget_delivered_message();
    for (;;) {
        const Header header = parse_header(rest_, inflater_ != nullptr);
        if (const char* rule = broken_rule(header)) return violation(CloseCode::ProtocolError, rule);
        if (!is_control(header.opcode) && header.length > room_left(header)) {
            return violation(CloseCode::MessageTooBig, "message too big");
        }
        if (header.size == 0) return {};
        if (!unmask_available(header)) return violation(CloseCode::InvalidPayload, "text is not UTF-8");
        if (unmasked_ < header.length) return {};
        if (const auto frame = take_frame(header)) return *frame;
    }
}

/// What the frame breaks, by itself or where it stands.
const char* FrameReader::broken_rule(const Header& header) const noexcept {
    if (rest_.empty() || header.fault != nullptr) return header.fault;
    if (is_control(header.opcode)) return nullptr;
    const bool goes_on = header.opcode == Opcode::Continuation;
    const bool is_in_message = message_opcode() != Opcode::Continuation;
    if (goes_on && !is_in_message) return "continuation of nothing";
    if (!goes_on && is_in_message) return "new message within a message";
    return nullptr;
}

/// Unmasks what has come of the frame's payload since last time; false when it is text, but not UTF-8.
bool FrameReader::unmask_available(const Header& header) noexcept {
    const std::size_t available = std::min<std::uint64_t>(rest_.size() - header.size, header.length);
    const auto fresh = rest_.subspan(header.size + unmasked_, available - unmasked_);
    unmask(fresh, header.mask, unmasked_);
    const bool is_whole = header.is_final && unmasked_ == 0 && available == header.length;
    unmasked_ = available;
    return check_text(header, {fresh.data(), fresh.size()}, is_whole);
}

bool FrameReader::check_text(const Header& header, std::string_view fresh, bool is_whole) noexcept {
    if (is_deflated(header)) return true;  // once it is inflated
    if (header.opcode == Opcode::Text && is_whole) return simdjson::validate_utf8(fresh);
    const Opcode opcode = header.opcode == Opcode::Continuation ? message_opcode() : header.opcode;
    if (opcode != Opcode::Text) return true;
    if (!utf8_.feed(fresh)) return false;
    return !header.is_final || unmasked_ < header.length || utf8_.is_complete();
}

std::optional<ClientFrame> FrameReader::take_frame(const Header& header) {
    const std::string_view payload{rest_.data() + header.size, header.length};
    rest_ = rest_.subspan(header.size + header.length);
    unmasked_ = 0;
    if (is_control(header.opcode)) return control_frame(header.opcode, payload);
    return data_frame(header, payload);
}

ClientFrame FrameReader::control_frame(Opcode opcode, std::string_view payload) {
    if (opcode == Opcode::Close) return close_frame(payload);
    return {.kind = opcode == Opcode::Ping ? ClientFrame::Kind::Ping : ClientFrame::Kind::Pong, .payload = payload};
}

ClientFrame FrameReader::close_frame(std::string_view payload) {
    ClientFrame frame{.kind = ClientFrame::Kind::Close, .payload = payload};
    if (!payload.empty()) {
        if (payload.size() == 1) return violation(CloseCode::ProtocolError, "close code of one byte");
        const auto code = static_cast<std::uint16_t>(big_endian(payload.substr(0, 2)));
        if (!is_sendable_close_code(code)) return violation(CloseCode::ProtocolError, "invalid close code");
        frame.code = static_cast<CloseCode>(code);
        frame.payload = payload.substr(2);
        if (!simdjson::validate_utf8(frame.payload)) {
            return violation(CloseCode::InvalidPayload, "close reason is not UTF-8");
        }
    }
    forget_everything();
    return frame;
}

/// A message, or nothing while its last fragment is still to come.
std::optional<ClientFrame> FrameReader::data_frame(const Header& header, std::string_view payload) {
    const bool is_first = header.opcode != Opcode::Continuation;
    const auto kind_of = [](Opcode opcode) {
        return opcode == Opcode::Text ? ClientFrame::Kind::Text : ClientFrame::Kind::Binary;
    };
    if (is_first && header.is_final) {
        utf8_ = {};
        if (header.is_deflated) return inflated(kind_of(header.opcode), payload);
        return ClientFrame{.kind = kind_of(header.opcode), .payload = payload};
    }
    UnfinishedInput::Kept& state = kept();
    if (is_first) {
        state.opcode = header.opcode;
        state.is_deflated = header.is_deflated;
    }
    append_padded(state.message, payload);
    if (!header.is_final) return std::nullopt;
    is_delivered_ = true;
    if (state.is_deflated) return inflated(kind_of(state.opcode), state.message);
    return ClientFrame{.kind = kind_of(state.opcode), .payload = state.message};
}

ClientFrame FrameReader::inflated(ClientFrame::Kind kind, std::string_view payload) {
    switch (inflater_->inflate(payload, message_limit_)) {
        case Inflater::Outcome::TooBig:
            return violation(CloseCode::MessageTooBig, "message too big");
        case Inflater::Outcome::Broken:
            return violation(CloseCode::InvalidPayload, "message cannot be inflated");
        case Inflater::Outcome::Done:
            break;
    }
    const std::string_view text = inflater_->text();
    if (kind == ClientFrame::Kind::Text && !simdjson::validate_utf8(text)) {
        return violation(CloseCode::InvalidPayload, "text is not UTF-8");
    }
    return {.kind = kind, .payload = text};
}

ClientFrame FrameReader::violation(CloseCode code, std::string_view reason) {
    forget_everything();
    return {.kind = ClientFrame::Kind::Violation, .code = code, .payload = reason};
}

/// The payload of a close frame stays readable: it lies in the input, or in bytes that go with the reader.
void FrameReader::forget_everything() noexcept {
    rest_ = {};
    unmasked_ = 0;
    if (!unfinished_.is_empty()) unfinished_.kept_->opcode = Opcode::Continuation;
}

Opcode FrameReader::message_opcode() const noexcept {
    return unfinished_.is_empty() ? Opcode::Continuation : unfinished_.kept_->opcode;
}

std::size_t FrameReader::message_size() const noexcept {
    return unfinished_.is_empty() ? 0 : unfinished_.kept_->message.size();
}

/// Whether the frame is of a deflated message.
bool FrameReader::is_deflated(const Header& header) const noexcept {
    return header.is_deflated ||
           (header.opcode == Opcode::Continuation && !unfinished_.is_empty() && unfinished_.kept_->is_deflated);
}

/// How long the payload of a data frame may be.
std::size_t FrameReader::room_left(const Header& header) const noexcept {
    return (is_deflated(header) ? deflated_limit(message_limit_) : message_limit_) - message_size();
}

UnfinishedInput::Kept& FrameReader::kept() {
    if (!unfinished_.kept_) unfinished_.kept_ = std::make_unique<UnfinishedInput::Kept>();
    return *unfinished_.kept_;
}

void FrameReader::forget_delivered_message() noexcept {
    if (!is_delivered_) return;
    is_delivered_ = false;
    utf8_ = {};
    unfinished_.kept_->opcode = Opcode::Continuation;
    unfinished_.kept_->message.clear();
}

}  // namespace tickgate::gateway
