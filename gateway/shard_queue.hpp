#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <span>

#include "book/instrument.hpp"
#include "book/symbol_book.hpp"
#include "gateway/position.hpp"
#include "gateway/protocol.hpp"

namespace tickgate::gateway {

/// Names one stream on this node: (channel, symbol, depth, rate). bbo and trades have depth 0.
struct StreamKey {
    book::InstrumentId instrument{};
    Channel channel = Channel::Book;
    std::uint16_t depth = 0;
    std::uint16_t rate_ms = 0;

    friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

/// Why an answer to a wish to resume is a snapshot after all.
enum class ResumeRefusal : std::uint8_t { None, Expired, EpochChanged, DepthChanged, Busy };

/// What the book agent tells a shard, in order. `frame` lies in the queue's bytes until the record is released.
struct ShardRecord {
    enum class Kind : std::uint8_t {
        Listed,  ///< a symbol is known: `listed`
        Status,  ///< a symbol's state: `instrument`, `status`, `scales`
        Due,     ///< a stream's next message, for all in step: sid, prev, seq, frame
        Answer,  ///< for those who asked from `since`: sid, since, prev, seq, frame (empty: they are in step as it is)
        Forget,  ///< those who asked from `since` are to be answered as if they held nothing
        Joined,  ///< a join was carried out: session (the op), subscription, sid, since (where it waits), refusal
        OpDone,  ///< everything asked before it has been carried out: session
        HttpAnswer,  ///< `session` is the query's number; the frame is "epoch/seq" of `header_size` bytes and bare
                     ///< JSON; empty: the symbol is not ready
    };
    Kind kind = Kind::Due;
    ResumeRefusal refusal = ResumeRefusal::None;
    std::uint8_t header_size = 0;  ///< bytes of WebSocket header at the front of `frame`
    std::uint32_t sid = 0;
    std::uint32_t subscription = 0;
    std::uint32_t session = 0;
    book::InstrumentId instrument{};
    Position since;
    Position prev;
    Position seq;
    std::span<const char> frame;
    const book::Instrument* listed = nullptr;
    book::Status status;
    book::Scales scales;
    std::uint64_t bytes_end = 0;  ///< the queue's own
};

/// Records and the bytes of their frames, from one book agent to one shard, lock-free and bounded. Frames lie back to
/// back in the order pushed, so that neighbours can be written to a socket as one range.
/// Producer: the book thread. Consumer: the shard's thread.
class ShardQueue {
public:
    static constexpr std::size_t kRecords = 8'192;
    static constexpr std::size_t kDefaultBytes = std::size_t{32} << 20;

    /// `bytes`: room for frames, and so the largest one; only what is used is ever touched.
    explicit ShardQueue(std::size_t bytes = kDefaultBytes);

    /// Producer. Room for `size` bytes in one piece, or nullptr; valid until the next push.
    [[nodiscard]] char* reserve(std::size_t size) noexcept;
    /// Producer. Takes the first `size` bytes of what was reserved last and hands the record over with them.
    /// Precondition: has_room().
    void push(ShardRecord record, std::size_t size) noexcept;
    /// Producer. A record without a frame.
    void push(const ShardRecord& record) noexcept { push(record, 0); }
    /// Producer. True while `records` more can be pushed.
    [[nodiscard]] bool has_room(std::size_t records = 1) const noexcept {
        return records_.write_available() >= records;
    }

    /// Consumer. The next record; false when there is none. Its frame lives until `release`.
    [[nodiscard]] bool pop(ShardRecord& record) noexcept;
    /// Consumer. The frames of all records popped so far may be overwritten.
    void release() noexcept { read_bytes_.store(popped_bytes_, std::memory_order_release); }
    [[nodiscard]] bool empty() const noexcept { return records_.read_available() == 0; }

private:
    boost::lockfree::spsc_queue<ShardRecord, boost::lockfree::fixed_sized<true>> records_;
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    // Positions count bytes ever written; the place in `bytes_` is the rest by the capacity.
    std::uint64_t written_bytes_ = 0;             // producer; past what is pushed by a skipped rest of a lap
    std::uint64_t free_from_ = 0;                 // producer; nothing before it is in use
    std::uint64_t pushed_bytes_ = 0;              // producer; `bytes_end` of the last record
    alignas(64) std::uint64_t popped_bytes_ = 0;  // consumer
    alignas(64) std::atomic<std::uint64_t> read_bytes_{0};
};

}  // namespace tickgate::gateway
