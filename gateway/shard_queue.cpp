#include "gateway/shard_queue.hpp"

#include <algorithm>
#include <cassert>

namespace tickgate::gateway {

ShardQueue::ShardQueue(std::size_t bytes)
    : records_(kRecords),
      capacity_{bytes},
      bytes_{std::make_unique_for_overwrite<char[]>(bytes)} {
    // Each place is touched once, so that no turn pays for that.
    ShardRecord touched;
    for (std::size_t i = 0; i < kRecords; ++i) records_.push(touched) && records_.pop(touched);
}

char* ShardQueue::reserve(std::size_t size) noexcept {
    const std::uint64_t read = read_bytes_.load(std::memory_order_acquire);
    const std::size_t place = written_bytes_ % capacity_;
    const std::uint64_t next_front = place == 0 ? written_bytes_ : written_bytes_ + (capacity_ - place);
    if (read == pushed_bytes_) {
        // The reader has caught up: begin at the front again. The same bytes stay warm in the cache, and memory that no
        // burst needs is never touched.
        written_bytes_ = next_front;
        free_from_ = next_front;
        return size <= capacity_ ? bytes_.get() : nullptr;
    }
    const std::uint64_t start = place + size > capacity_ ? next_front : written_bytes_;
    // The reader learns of a skipped rest of a lap only with the next record; nothing in it is in use.
    if (start + size > std::max(read, free_from_) + capacity_) return nullptr;
    written_bytes_ = start;
    return bytes_.get() + start % capacity_;
}

void ShardQueue::push(ShardRecord record, std::size_t size) noexcept {
    if (size > 0) record.frame = {bytes_.get() + written_bytes_ % capacity_, size};
    written_bytes_ += size;
    pushed_bytes_ = written_bytes_;
    record.bytes_end = written_bytes_;
    [[maybe_unused]] const bool pushed = records_.push(record);
    assert(pushed);
}

bool ShardQueue::pop(ShardRecord& record) noexcept {
    if (!records_.pop(record)) return false;
    popped_bytes_ = record.bytes_end;
    return true;
}

}  // namespace tickgate::gateway
