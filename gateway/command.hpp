#pragma once

#include <array>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "gateway/position.hpp"
#include "gateway/shard_queue.hpp"

namespace tickgate::gateway {

/// An epoch as a client names it. One that is longer than any of ours equals none of ours.
class EpochName {
public:
    constexpr EpochName() noexcept = default;
    explicit EpochName(std::string_view text) noexcept {
        if (text.size() > text_.size()) return;
        std::memcpy(text_.data(), text.data(), text.size());
        size_ = static_cast<std::uint8_t>(text.size());
    }
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, 31> text_{};
    std::uint8_t size_ = 0;
};

/// What a shard asks of the book agent. Carried out in order.
struct Command {
    enum class Kind : std::uint8_t {
        Join,         ///< one more subscriber of `key`; with `since`, one that wants to go on from there
        Leave,        ///< one subscriber less of `sid`
        CatchUp,      ///< somebody waits at `since` of `sid`
        OpDone,       ///< answer with the same record: everything before is carried out
        BookQuery,    ///< a snapshot of `key.instrument` at `key.depth`, for `session`
        TradesQuery,  ///< the last trades of `key.instrument`, for `session`
    };
    Kind kind = Kind::OpDone;
    bool resumes = false;            ///< Join: it goes on from `since`, held at `held_depth`
    bool own_position = false;       ///< Join: `since` is known to this node; otherwise it is of `epoch`
    StreamKey key{};                 ///< Join and queries
    std::uint32_t sid = 0;           ///< Leave, CatchUp
    std::uint32_t subscription = 0;  ///< Join: the shard's number for it, echoed
    std::uint32_t session = 0;       ///< echoed: the op of a Join and its OpDone; the number of a query
    std::uint32_t held_depth = 0;
    Position since{};
    EpochName epoch{};
};

static_assert(std::is_trivially_copyable_v<Command>);

/// From one shard to one book agent. Producer: the shard's thread. Consumer: the book thread.
inline constexpr std::size_t kCommandCapacity = 4'096;
using CommandQueue = boost::lockfree::spsc_queue<Command>;

}  // namespace tickgate::gateway
