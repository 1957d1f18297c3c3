#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/deflate.hpp"
#include "gateway/deflated_cache.hpp"
#include "gateway/position.hpp"
#include "gateway/socket_writer.hpp"
#include "gateway/subscriptions.hpp"

namespace tickgate::gateway {

/// What one session is due in one turn.
struct TurnGroup {
    SessionIndex session = kNoIndex;
    std::uint32_t first = 0;        ///< in the turn's order
    std::uint32_t count = 0;        ///< messages due
    std::uint32_t taken = 0;        ///< as many of them as one turn may write
    std::span<const char> bytes{};  ///< these, in one piece, once they are joined; until release_gathered()
};

/// The messages of one turn and who is due which: one flat list, nothing held in a session. The frames of a turn lie
/// back to back; what a session is due is one range where they are neighbours, else it is gathered once. Thread: the
/// shard's.
class TurnOutput {
public:
    /// Most bytes that one session gets in a turn, but for one message that is larger by itself.
    static constexpr std::size_t kMaxBytes = std::size_t{256} << 10;
    /// Sessions that are written to together.
    static constexpr std::size_t kGroupsAtOnce = 1'024;

    using FrameIndex = std::uint32_t;

    explicit TurnOutput(const CompressionOptions& compression = {}) : compression_{compression} {}

    /// A frame that others keep until the turn is over. `prev`: the position that it goes on from. `may_come_again`:
    /// the same bytes, in later turns, so that what they are deflated to is kept.
    FrameIndex add_shared(std::span<const char> bytes, Position prev, bool may_come_again = false);
    /// A message of our own, framed here. Without a subscription it reaches its client even when its socket is full.
    FrameIndex add_text(std::string_view payload, Position prev = {});
    /// Whole frames, copied. `must_arrive`: as for a text; else it is dropped for who does not take it now.
    FrameIndex add_bytes(std::string_view frames, bool must_arrive);

    /// The session is due the frame, after all it is due already. With a subscription, missing it is missing `prev`.
    void owe(SessionIndex session, FrameIndex frame, SubscriptionIndex subscription = kNoIndex) {
        owed_.push_back({session, frame, subscription});
    }
    [[nodiscard]] bool empty() const noexcept { return owed_.empty(); }
    [[nodiscard]] std::size_t deliveries() const noexcept { return owed_.size(); }
    /// Bytes of the messages that were made here in this turn.
    [[nodiscard]] std::size_t own_bytes() const noexcept { return texts_.taken(); }

    /// Sorts by session, beginning with the one at or after `first_session`, so that nobody is always last.
    void arrange(SessionIndex first_session);
    /// As arranged: the next sessions, at most kGroupsAtOnce; none at the end. Lives until the next call.
    [[nodiscard]] std::span<TurnGroup> next_groups();
    /// As arranged: half of what is owed is due to it and those before it. Precondition: not empty.
    [[nodiscard]] SessionIndex middle_session() const noexcept { return owed_[order_[order_.size() / 2]].session; }

    /// What is taken of the group, in one piece; gathered where its frames are not neighbours. Lives until
    /// release_gathered(). `deflate_bits`: as UpgradedClient's; with any each frame goes as bytes_for() has it.
    [[nodiscard]] std::span<const char> joined(const TurnGroup& group, std::uint8_t deflate_bits = 0);
    /// The same with all texts as one message, a JSON array; control frames follow it. Deflated it is one stream, of
    /// the blocks that its texts were deflated to.
    [[nodiscard]] std::span<const char> joined_as_array(const TurnGroup& group, std::uint8_t deflate_bits = 0);
    /// Memory for what a group is encrypted to, for as long.
    [[nodiscard]] char* room(std::size_t size) { return gathered_.take(size); }
    [[nodiscard]] std::size_t gathered_bytes() const noexcept { return gathered_.taken(); }
    void release_gathered() noexcept { gathered_.clear(); }

    struct Entry {
        FrameIndex frame;
        SubscriptionIndex subscription;
    };
    /// The i-th message of a group.
    [[nodiscard]] Entry entry(const TurnGroup& group, std::uint32_t i) const noexcept {
        const Owed& owed = owed_[order_[group.first + i]];
        return {owed.frame, owed.subscription};
    }
    [[nodiscard]] std::span<const char> bytes(FrameIndex frame) const noexcept { return frames_[frame].bytes; }
    /// The frame as it goes to a client with such a window: deflated when it is first asked for, for all of the turn;
    /// as it is where it is small, gets no smaller, or may be too long for the window.
    [[nodiscard]] std::span<const char> bytes_for(FrameIndex frame, std::uint8_t deflate_bits);
    [[nodiscard]] Position prev(FrameIndex frame) const noexcept { return frames_[frame].prev; }
    [[nodiscard]] bool must_arrive(FrameIndex frame) const noexcept { return frames_[frame].must_arrive; }

    struct DeflateCounts {
        std::uint64_t calls = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;  ///< as they are where they got no smaller
    };
    /// Of this turn.
    [[nodiscard]] const DeflateCounts& deflate_counts() const noexcept { return deflate_counts_; }

    /// The turn is over; memory is kept for the next.
    void clear() noexcept;
    /// Gives back what large turns left. Precondition: cleared.
    void shrink();

private:
    struct Frame {
        std::span<const char> bytes;
        Position prev;
        bool must_arrive = false;
        bool may_come_again = false;
    };
    struct Owed {
        SessionIndex session;
        FrameIndex frame;
        SubscriptionIndex subscription;
    };

    /// Memory that does not move before clear().
    class Arena {
    public:
        [[nodiscard]] char* take(std::size_t size);
        /// The end of what was taken last is not needed.
        void give_back(std::size_t size) noexcept {
            used_ -= size;
            taken_ -= size;
        }
        [[nodiscard]] std::size_t taken() const noexcept { return taken_; }
        void clear() noexcept;
        void shrink() { std::vector<Block>{}.swap(blocks_); }

    private:
        static constexpr std::size_t kBlock = std::size_t{256} << 10;
        struct Block {
            std::unique_ptr<char[]> bytes;
            std::size_t size;
        };
        std::vector<Block> blocks_;
        std::size_t block_ = 0;
        std::size_t used_ = 0;   // of that block
        std::size_t taken_ = 0;  // since clear()
    };

    /// What a frame was deflated to, once somebody took it.
    struct Deflated {
        bool is_made = false;
        std::uint8_t window_bits = 0;   // that it needs
        std::span<const char> frame{};  // empty: it goes as it is
        std::span<const char> block{};  // of that, its text
    };

    void count_sessions(SessionIndex first_session, SessionIndex last_session);
    void compare_sessions(SessionIndex first_session);
    void bound(TurnGroup& group) const noexcept;
    [[nodiscard]] const Deflated& deflated(FrameIndex frame);
    void make_deflated(const Frame& frame, Deflated& out);
    [[nodiscard]] std::size_t deflate_text(std::string_view text, bool may_come_again, std::span<char> out);
    template <typename BytesOf>
    [[nodiscard]] std::span<const char> join(const TurnGroup& group, BytesOf bytes_of);
    [[nodiscard]] std::span<const char> joined_as_deflated_array(const TurnGroup& group, std::uint8_t deflate_bits);

    std::vector<Frame> frames_;
    std::vector<Owed> owed_;
    std::vector<std::uint32_t> order_;   // indices in owed_, sorted by session
    std::vector<std::uint32_t> places_;  // scratch: by session, where its next one goes in order_
    std::vector<TurnGroup> groups_;
    std::uint32_t next_ = 0;  // in order_: where the next group begins
    Arena texts_;
    Arena gathered_;
    CompressionOptions compression_;
    std::optional<Deflater> deflater_;  // once one is needed
    std::vector<Deflated> deflated_;    // by FrameIndex, as far as one was asked for
    Arena deflated_frames_;
    DeflatedCache deflated_cache_;
    DeflateCounts deflate_counts_;
    std::string array_;  // scratch
};

}  // namespace tickgate::gateway
