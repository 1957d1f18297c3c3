#include "gateway/turn_output.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {

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

std::span<const TurnGroup> TurnOutput::arrange(SessionIndex first_session) {
    order_.clear();
    for (std::size_t i = 0; i < owed_.size(); ++i) {
        order_.push_back(std::uint64_t{owed_[i].session - first_session} << 32 | i);
    }
    std::sort(order_.begin(), order_.end());
    groups_.clear();
    for (std::uint32_t first = 0; first < order_.size();) {
        const SessionIndex session = owed_[static_cast<std::uint32_t>(order_[first])].session;
        TurnGroup group{.session = session, .first = first};
        while (first < order_.size() && owed_[static_cast<std::uint32_t>(order_[first])].session == session) ++first;
        group.count = first - group.first;
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

void TurnOutput::clear() noexcept {
    frames_.clear();
    owed_.clear();
    texts_.clear();
    gathered_.clear();
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
    constexpr std::size_t kKeptBlocks = 16;
    if (blocks_.size() > kKeptBlocks) blocks_.resize(kKeptBlocks);
    std::erase_if(blocks_, [](const Block& block) { return block.size > kBlock; });
    block_ = 0;
    used_ = 0;
    taken_ = 0;
}

}  // namespace tickgate::gateway
