#include "gateway/turn_output.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {
namespace {

/// A frame as we write it: perhaps a message, and control frames behind it if it is a short one.
struct Parts {
    std::span<const char> text;  ///< the message's payload
    std::span<const char> control;
};

Opcode opcode_of(std::span<const char> frame) noexcept {
    return static_cast<Opcode>(frame[0] & 0x0F);
}

/// Of a frame that begins with a message.
Parts message_parts_of(std::span<const char> frame) noexcept {
    const auto length = static_cast<unsigned char>(frame[1]);
    if (length >= 126) return {frame.subspan(length == 126 ? 4 : 10), {}};
    return {frame.subspan(2, length), frame.subspan(std::size_t{2} + length)};
}

Parts parts_of(std::span<const char> frame) noexcept {
    return opcode_of(frame) == Opcode::Text ? message_parts_of(frame) : Parts{{}, frame};
}

}  // namespace

TurnOutput::FrameIndex TurnOutput::add_shared(std::span<const char> bytes, Position prev, bool may_come_again) {
    frames_.push_back({bytes, prev, false, may_come_again});
    return static_cast<FrameIndex>(frames_.size() - 1);
}

TurnOutput::FrameIndex TurnOutput::add_text(std::string_view payload, Position prev) {
    const FrameHeader header{Opcode::Text, payload.size()};
    const std::string_view header_bytes = header.bytes();
    const std::size_t size = header_bytes.size() + payload.size();
    char* const frame = texts_.take(size);
    std::memcpy(frame, header_bytes.data(), header_bytes.size());
    std::memcpy(frame + header_bytes.size(), payload.data(), payload.size());
    frames_.push_back({{frame, size}, prev, true});
    return static_cast<FrameIndex>(frames_.size() - 1);
}

TurnOutput::FrameIndex TurnOutput::add_bytes(std::string_view frames, bool must_arrive) {
    char* const copy = texts_.take(frames.size());
    std::memcpy(copy, frames.data(), frames.size());
    frames_.push_back({{copy, frames.size()}, Position{}, must_arrive});
    return static_cast<FrameIndex>(frames_.size() - 1);
}

void TurnOutput::arrange(SessionIndex first_session) {
    // Counting takes as long as there are sessions: not for a few among many.
    constexpr std::size_t kSessionsPerMessage = 8;
    next_ = 0;
    order_.reserve(owed_.capacity());
    order_.resize(owed_.size());
    SessionIndex last_session = 0;
    for (const Owed& owed : owed_) last_session = std::max(last_session, owed.session);
    if (last_session <= owed_.size() * kSessionsPerMessage) {
        count_sessions(first_session, last_session);
    } else {
        compare_sessions(first_session);
    }
}

void TurnOutput::count_sessions(SessionIndex first_session, SessionIndex last_session) {
    places_.clear();
    places_.resize(std::size_t{last_session} + 1);
    for (const Owed& owed : owed_) ++places_[owed.session];
    std::uint32_t place = 0;
    const auto lay_out = [&](std::size_t from, std::size_t until) {
        for (std::size_t session = from; session < until; ++session) place += std::exchange(places_[session], place);
    };
    const std::size_t split = std::min<std::size_t>(first_session, places_.size());
    lay_out(split, places_.size());
    lay_out(0, split);
    for (std::uint32_t i = 0; i < owed_.size(); ++i) order_[places_[owed_[i].session]++] = i;
}

void TurnOutput::compare_sessions(SessionIndex first_session) {
    std::iota(order_.begin(), order_.end(), 0U);
    const auto key = [&](std::uint32_t i) { return std::uint64_t{owed_[i].session - first_session} << 32 | i; };
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
}

std::span<TurnGroup> TurnOutput::next_groups() {
    groups_.clear();
    while (next_ < order_.size() && groups_.size() < kGroupsAtOnce) {
        TurnGroup group{.session = owed_[order_[next_]].session, .first = next_};
        while (next_ < order_.size() && owed_[order_[next_]].session == group.session) ++next_;
        group.count = next_ - group.first;
        bound(group);
        groups_.push_back(group);
    }
    return groups_;
}

void TurnOutput::bound(TurnGroup& group) const noexcept {
    std::size_t size = 0;
    for (group.taken = 0; group.taken < group.count; ++group.taken) {
        size += bytes(entry(group, group.taken).frame).size();
        if (group.taken > 0 && size > kMaxBytes) return;
    }
}

std::span<const char> TurnOutput::joined(const TurnGroup& group, std::uint8_t deflate_bits) {
    if (deflate_bits == 0) return join(group, [this](FrameIndex frame) { return bytes(frame); });
    return join(group, [this, deflate_bits](FrameIndex frame) { return bytes_for(frame, deflate_bits); });
}

template <typename BytesOf>
std::span<const char> TurnOutput::join(const TurnGroup& group, BytesOf bytes_of) {
    const std::span<const char> first = bytes_of(entry(group, 0).frame);
    const char* end = first.data() + first.size();
    std::size_t total = first.size();
    bool neighbours = true;
    for (std::uint32_t i = 1; i < group.taken; ++i) {
        const std::span<const char> next = bytes_of(entry(group, i).frame);
        neighbours = neighbours && next.data() == end;
        end = next.data() + next.size();
        total += next.size();
    }
    if (neighbours) return {first.data(), total};
    char* const copy = gathered_.take(total);
    char* out = copy;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        const std::span<const char> next = bytes_of(entry(group, i).frame);
        std::memcpy(out, next.data(), next.size());
        out += next.size();
    }
    return {copy, total};
}

std::span<const char> TurnOutput::joined_as_array(const TurnGroup& group, std::uint8_t deflate_bits) {
    if (deflate_bits != 0) {
        if (const auto deflated = joined_as_deflated_array(group, deflate_bits); !deflated.empty()) return deflated;
    }
    std::size_t texts = 0;  // each with what stands before it
    std::size_t control = 0;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        const Parts parts = parts_of(bytes(entry(group, i).frame));
        if (!parts.text.empty()) texts += 1 + parts.text.size();
        control += parts.control.size();
    }
    const FrameHeader header{Opcode::Text, texts + 1};
    const std::size_t array = texts == 0 ? 0 : header.bytes().size() + texts + 1;
    char* const copy = gathered_.take(array + control);
    char* out = copy;
    char* control_out = copy + array;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        const Parts parts = parts_of(bytes(entry(group, i).frame));
        control_out = std::ranges::copy(parts.control, control_out).out;
        if (parts.text.empty()) continue;
        const bool is_first = out == copy;
        if (is_first) out = std::ranges::copy(header.bytes(), out).out;
        *out++ = is_first ? '[' : ',';
        out = std::ranges::copy(parts.text, out).out;
    }
    if (texts != 0) *out = ']';
    return {copy, array + control};
}

/// Nothing where nothing in it is deflated.
std::span<const char> TurnOutput::joined_as_deflated_array(const TurnGroup& group, std::uint8_t deflate_bits) {
    array_.clear();
    DeflateJoiner joiner{array_};
    std::size_t control = 0;
    bool has_text = false;
    bool has_block = false;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        const FrameIndex frame = entry(group, i).frame;
        const Parts parts = parts_of(bytes(frame));
        control += parts.control.size();
        if (parts.text.empty()) continue;
        joiner.add_text(std::exchange(has_text, true) ? "," : "[");
        const Deflated& form = deflated(frame);
        if (form.block.empty() || form.window_bits > deflate_bits) {
            joiner.add_text({parts.text.data(), parts.text.size()});
        } else {
            joiner.add_block({form.block.data(), form.block.size()});
            has_block = true;
        }
    }
    if (!has_block) return {};
    joiner.add_text("]");
    joiner.finish();
    const FrameHeader header{Opcode::Text, array_.size(), true};
    const std::size_t size = header.bytes().size() + array_.size() + control;
    char* const copy = gathered_.take(size);
    char* out = std::ranges::copy(header.bytes(), copy).out;
    out = std::ranges::copy(array_, out).out;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        out = std::ranges::copy(parts_of(bytes(entry(group, i).frame)).control, out).out;
    }
    return {copy, size};
}

std::span<const char> TurnOutput::bytes_for(FrameIndex frame, std::uint8_t deflate_bits) {
    if (deflate_bits == 0) return bytes(frame);
    const Deflated& form = deflated(frame);
    return form.frame.empty() || form.window_bits > deflate_bits ? bytes(frame) : form.frame;
}

const TurnOutput::Deflated& TurnOutput::deflated(FrameIndex frame) {
    if (deflated_.size() <= frame) deflated_.resize(frames_.size());
    Deflated& form = deflated_[frame];
    if (!form.is_made) make_deflated(frames_[frame], form);
    return form;
}

void TurnOutput::make_deflated(const Frame& frame, Deflated& out) {
    out.is_made = true;
    if (is_control(opcode_of(frame.bytes))) return;
    const Parts parts = message_parts_of(frame.bytes);
    const std::string_view text{parts.text.data(), parts.text.size()};
    if (text.empty() || text.size() < compression_.min_bytes) return;
    // The header's length shows only when the block is there: that is written behind room for the longest.
    constexpr std::size_t kHeader = FrameHeader::size_for(UINT64_MAX);
    const std::size_t room = kHeader + text.size() + parts.control.size();
    char* const place = deflated_frames_.take(room);
    const std::size_t size = deflate_text(text, frame.may_come_again, {place + kHeader, text.size()});
    if (size == 0) return deflated_frames_.give_back(room);
    const FrameHeader header{opcode_of(frame.bytes), size, true};
    char* const block = place + header.bytes().size();
    std::memmove(block, place + kHeader, size);
    std::ranges::copy(header.bytes(), place);
    std::ranges::copy(parts.control, block + size);
    const std::size_t whole = header.bytes().size() + size + parts.control.size();
    deflated_frames_.give_back(room - whole);
    const auto bits_of_length = static_cast<int>(std::bit_width(text.size() - 1));
    out.window_bits = static_cast<std::uint8_t>(std::min(deflate::kWindowBits, bits_of_length));
    out.frame = {place, whole};
    out.block = {block, size};
}

/// Returns the size; 0 where the text gets no smaller.
std::size_t TurnOutput::deflate_text(std::string_view text, bool may_come_again, std::span<char> out) {
    if (may_come_again) {
        const std::string_view known = deflated_cache_.find(text);
        std::ranges::copy(known, out.begin());
        if (!known.empty()) return known.size();
    }
    if (!deflater_) deflater_.emplace(static_cast<int>(compression_.level));
    const std::size_t size = deflater_->deflate(text, out);
    ++deflate_counts_.calls;
    deflate_counts_.bytes_in += text.size();
    deflate_counts_.bytes_out += size == 0 ? text.size() : size;
    if (may_come_again && size > 0) deflated_cache_.add(text, {out.data(), size});
    return size;
}

void TurnOutput::clear() noexcept {
    deflated_.clear();
    deflated_frames_.clear();
    deflate_counts_ = {};
    frames_.clear();
    owed_.clear();
    texts_.clear();
    gathered_.clear();
}

void TurnOutput::shrink() {
    frames_.shrink_to_fit();
    owed_.shrink_to_fit();
    std::vector<std::uint32_t>{}.swap(order_);
    std::vector<std::uint32_t>{}.swap(places_);
    std::vector<TurnGroup>{}.swap(groups_);
    texts_.shrink();
    gathered_.shrink();
    deflated_.shrink_to_fit();
    deflated_frames_.shrink();
    deflated_cache_.clear();
    array_.shrink_to_fit();
}

char* TurnOutput::Arena::take(std::size_t size) {
    while (block_ < blocks_.size() && used_ + size > blocks_[block_].size) {
        ++block_;
        used_ = 0;
    }
    if (block_ == blocks_.size()) {
        const std::size_t block_size = std::max(size, kBlock);
        blocks_.push_back({std::make_unique_for_overwrite<char[]>(block_size), block_size});
        used_ = 0;
    }
    char* const place = blocks_[block_].bytes.get() + used_;
    used_ += size;
    taken_ += size;
    return place;
}

void TurnOutput::Arena::clear() noexcept {
    // What a burst needed beyond the usual is given back.
    constexpr std::size_t kKeptBlocks = 4;
    if (blocks_.size() > kKeptBlocks) blocks_.resize(kKeptBlocks);
    std::erase_if(blocks_, [](const Block& block) { return block.size > kBlock; });
    block_ = 0;
    used_ = 0;
    taken_ = 0;
}

}  // namespace tickgate::gateway
