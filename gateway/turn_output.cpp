#include "gateway/turn_output.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {
namespace {

/// A frame as we write it: perhaps a text, and control frames behind it.
struct Parts {
    std::span<const char> text;  ///< its payload
    std::span<const char> control;
};

Parts parts_of(std::span<const char> frame) noexcept {
    if (static_cast<Opcode>(frame[0] & 0x0F) != Opcode::Text) return {{}, frame};
    const auto length = static_cast<unsigned char>(frame[1]);
    if (length >= 126) return {frame.subspan(length == 126 ? 4 : 10), {}};
    return {frame.subspan(2, length), frame.subspan(std::size_t{2} + length)};
}

}  // namespace

TurnOutput::FrameIndex TurnOutput::add_shared(std::span<const char> bytes, Position prev) {
    frames_.push_back({bytes, prev, false});
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

std::span<const char> TurnOutput::joined(const TurnGroup& group) {
    const std::span<const char> first = bytes(entry(group, 0).frame);
    const char* end = first.data() + first.size();
    std::size_t total = first.size();
    bool neighbours = true;
    for (std::uint32_t i = 1; i < group.taken; ++i) {
        const std::span<const char> next = bytes(entry(group, i).frame);
        neighbours = neighbours && next.data() == end;
        end = next.data() + next.size();
        total += next.size();
    }
    if (neighbours) return {first.data(), total};
    char* const copy = gathered_.take(total);
    char* out = copy;
    for (std::uint32_t i = 0; i < group.taken; ++i) {
        const std::span<const char> next = bytes(entry(group, i).frame);
        std::memcpy(out, next.data(), next.size());
        out += next.size();
    }
    return {copy, total};
}

std::span<const char> TurnOutput::joined_as_array(const TurnGroup& group) {
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

void TurnOutput::clear() noexcept {
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
