#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/shard_queue.hpp"
#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {

/// A set of shards, one bit each.
using ShardMask = std::uint64_t;
inline constexpr std::size_t kMaxShards = 64;

/// The book agent's way out: the queues of all shards. A message for several shards is encoded once, into the first
/// one's queue, and copied to the others. Thread: the book thread.
class ShardOutputs {
public:
    explicit ShardOutputs(std::vector<ShardQueue*> queues) : queues_{std::move(queues)}, touched_{0} {}

    [[nodiscard]] std::size_t size() const noexcept { return queues_.size(); }
    [[nodiscard]] ShardMask all() const noexcept { return (ShardMask{2} << (queues_.size() - 1)) - 1; }

    /// Every shard can take `records` more small records.
    [[nodiscard]] bool has_room(std::size_t records) const noexcept;

    /// Encodes one WebSocket text frame straight into the queues of `shards`: `encode(char* out)` writes the payload of
    /// at most `max_payload` bytes and returns its end. False, and nothing is done, where one of them has no room.
    template <typename Encode>
    [[nodiscard]] bool publish(ShardMask shards, ShardRecord record, std::size_t max_payload, Encode&& encode) {
        if (!reserve(shards, max_payload + kMaxHeader)) return false;
        // Nearly every message has a header of 4 bytes; it is written behind which the payload already stands.
        constexpr std::size_t kUsualHeader = 4;
        char* const frame = places_.front();
        char* const payload = frame + kUsualHeader;
        const auto size = static_cast<std::size_t>(encode(payload) - payload);
        const FrameHeader header{Opcode::Text, size};
        if (header.bytes().size() != kUsualHeader) std::memmove(frame + header.bytes().size(), payload, size);
        std::memcpy(frame, header.bytes().data(), header.bytes().size());
        record.header_size = static_cast<std::uint8_t>(header.bytes().size());
        push(shards, record, {frame, header.bytes().size() + size});
        return true;
    }

    /// The same for bytes that exist already, frame header and all. They must not lie in a queue.
    [[nodiscard]] bool copy(ShardMask shards, const ShardRecord& record, std::string_view frame);

    /// A record without a frame. Precondition: has_room.
    void push(ShardMask shards, const ShardRecord& record);

    /// The shards that got something since the last call: they are to be woken.
    [[nodiscard]] ShardMask take_touched() noexcept { return std::exchange(touched_, 0); }

    [[nodiscard]] std::uint64_t bytes_pushed() const noexcept { return bytes_pushed_; }

private:
    static constexpr std::size_t kMaxHeader = 10;

    /// Finds room in all of `shards`, in places_.
    [[nodiscard]] bool reserve(ShardMask shards, std::size_t size);
    /// Hands over `frame`, which stands in the first shard's place, to all.
    void push(ShardMask shards, const ShardRecord& record, std::string_view frame);

    std::vector<ShardQueue*> queues_;  // the shards', which outlive this
    std::vector<char*> places_;
    ShardMask touched_;
    std::uint64_t bytes_pushed_ = 0;
};

/// Calls `visit(index)` for each shard of the set.
template <typename Visit>
void for_each_shard(ShardMask shards, Visit&& visit) {
    for (; shards != 0; shards &= shards - 1) visit(static_cast<std::size_t>(__builtin_ctzll(shards)));
}

}  // namespace tickgate::gateway
