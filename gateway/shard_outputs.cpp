#include "gateway/shard_outputs.hpp"

#include <algorithm>

namespace tickgate::gateway {

bool ShardOutputs::has_room(std::size_t records) const noexcept {
    return std::all_of(queues_.begin(), queues_.end(),
                       [records](const ShardQueue* queue) { return queue->has_room(records); });
}

bool ShardOutputs::reserve(ShardMask shards, std::size_t size) {
    places_.clear();
    bool room = true;
    for_each_shard(shards, [&](std::size_t index) {
        ShardQueue& queue = *queues_[index];
        places_.push_back(queue.has_room() ? queue.reserve(size) : nullptr);
        room = room && places_.back() != nullptr;
    });
    return room;
}

bool ShardOutputs::copy(ShardMask shards, const ShardRecord& record, std::string_view frame) {
    if (!reserve(shards, frame.size())) return false;
    std::memcpy(places_.front(), frame.data(), frame.size());
    push(shards, record, {places_.front(), frame.size()});
    return true;
}

void ShardOutputs::push(ShardMask shards, const ShardRecord& record, std::string_view frame) {
    auto place = places_.cbegin();
    for_each_shard(shards, [&](std::size_t index) {
        if (*place != frame.data()) std::memcpy(*place, frame.data(), frame.size());
        queues_[index]->push(record, frame.size());
        ++place;
    });
    touched_ |= shards;
    bytes_pushed_ += frame.size();
}

void ShardOutputs::push(ShardMask shards, const ShardRecord& record) {
    for_each_shard(shards, [&](std::size_t index) { queues_[index]->push(record); });
    touched_ |= shards;
}

}  // namespace tickgate::gateway
