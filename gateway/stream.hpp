#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "book/symbol_book.hpp"
#include "gateway/position.hpp"
#include "gateway/shard_outputs.hpp"
#include "gateway/wire.hpp"

namespace tickgate::gateway {

/// The wire checksum of a symbol's best ten, computed once for each sequence, whatever asks for it.
class TopTenChecksum {
public:
    [[nodiscard]] std::uint32_t of(const book::SymbolBook& book) noexcept;

private:
    Position computed_at_;
    std::uint32_t value_ = 0;
};

/// One symbol as its streams see it.
struct StreamSource {
    const book::SymbolBook& book;
    const SymbolWire& wire;
    TopTenChecksum& top_ten_checksum;
};

/// What a stream says to somebody who waits at some position.
struct StreamAnswer {
    enum class Kind : std::uint8_t {
        Frame,    ///< `frame` leads from `prev` to the stream's at()
        InStep,   ///< there is nothing to send: whoever waits there is where the stream is
        Ahead,    ///< the asker is ahead of the stream: ask again when it is due
        Nothing,  ///< the position is no longer known: it is to be answered as one that holds nothing
        Busy,     ///< too many different positions at this at(): likewise
    };
    Kind kind = Kind::Nothing;
    Position prev{};                     ///< nothing: the frame is a state complete in itself
    const std::string* frame = nullptr;  ///< with its WebSocket header; lives until the next answer
};

/// (channel, symbol, depth, rate): what it sent last, and where that stands. Encodes each message once, for all
/// subscribers. It exists while somebody subscribes. Thread: the book agent's.
class Stream {
public:
    /// Different positions that are answered each with its own delta at one at(); the rest share the snapshot. (Of
    /// trades all are answered; only so many answers are kept.)
    static constexpr std::size_t kMaxPositions = 8;

    Stream(StreamKey key, std::uint32_t sid, std::size_t shards);
    virtual ~Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] const StreamKey& key() const noexcept { return key_; }
    [[nodiscard]] std::uint32_t sid() const noexcept { return sid_; }
    /// The sequence (trades: number) that the messages sent so far lead to.
    [[nodiscard]] book::Sequence at() const noexcept { return at_; }

    /// Takes the symbol's present state as what was sent last.
    virtual void start(const StreamSource& source) = 0;
    /// There may be something to send, as far as a quick look tells.
    [[nodiscard]] virtual bool owes(const book::SymbolBook& book) const noexcept = 0;
    /// Sends to all in step what changed since at(), if anything did. False where a queue has no room: nothing was
    /// done.
    [[nodiscard]] virtual bool publish(const StreamSource& source, book::UnixNanos sent, ShardOutputs& out) = 0;
    /// A scale change began a new epoch: sends the whole state to all in step. False as for publish.
    [[nodiscard]] virtual bool publish_afresh(const StreamSource& source, book::UnixNanos sent, ShardOutputs& out) = 0;
    /// What brings one that waits at `since` to at(). Encoded once for each position that is kept while at() stays.
    [[nodiscard]] StreamAnswer answer(Position since, const StreamSource& source, book::UnixNanos sent);

    void add_member(std::size_t shard) noexcept { ++members_[shard]; }
    void remove_member(std::size_t shard) noexcept { --members_[shard]; }
    [[nodiscard]] bool has_members() const noexcept;
    /// The shards that have a subscriber.
    [[nodiscard]] ShardMask shards() const noexcept;

    /// Messages encoded since the stream began.
    [[nodiscard]] std::uint64_t encoded() const noexcept { return encoded_; }

protected:
    /// Encodes what leads from `since` (nothing: the whole state) to at() at the end of `out`, and says where from.
    /// Called only where `since` is nothing, or not after at().
    virtual StreamAnswer encode_answer(Position since, const StreamSource& source, book::UnixNanos sent,
                                       std::string& out) = 0;
    void move_to(book::Sequence at) noexcept;
    [[nodiscard]] ShardRecord due_record(Position seq) const noexcept;
    void count_encoded() noexcept { ++encoded_; }

private:
    struct Cached {
        Position since;
        StreamAnswer answer;
        std::string frame;
    };

    StreamKey key_;
    std::uint32_t sid_;
    book::Sequence at_;
    std::vector<std::uint32_t> members_;           // by shard
    std::vector<std::unique_ptr<Cached>> cached_;  // answers at at_
    std::uint64_t encoded_ = 0;
};

[[nodiscard]] std::unique_ptr<Stream> make_stream(StreamKey key, std::uint32_t sid, std::size_t shards);

/// Trades that a new subscriber gets.
inline constexpr std::size_t kFirstTrades = 20;

}  // namespace tickgate::gateway
