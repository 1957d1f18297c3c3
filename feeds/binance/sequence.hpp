#pragma once

#include <cstdint>

#include "feeds/binance/messages.hpp"

namespace tickgate::feeds::binance {

/// Spot numbers each symbol's updates without holes; on futures all symbols share the numbers, so that only `pu`
/// says which event came before.
enum class ChainRule : std::uint8_t { Spot, Futures };

enum class DeltaAction : std::uint8_t {
    Apply,   ///< continues the book
    Skip,    ///< the book holds it already: older than the snapshot, or a repeat
    Buffer,  ///< no snapshot yet: keep it
    Gap,     ///< something between the book and it is missing: keep it, and get a new snapshot
};

/// Decides what to do with each depth event of one symbol while it is joined to a snapshot and after.
/// Source: Binance, "How to manage a local order book correctly", of Spot and of the futures; RULES.md, where all of
/// it holds on recordings.
class DepthSequence {
public:
    explicit DepthSequence(ChainRule rule) noexcept : rule_{rule} {}

    /// After a Gap the sequence is again without a snapshot.
    [[nodiscard]] DeltaAction on_delta(const UpdateRange& ids) noexcept;

    /// What `on_delta` would say of `ids` as the first event after a snapshot of this id: Apply, Skip or Gap.
    [[nodiscard]] DeltaAction first_after(std::uint64_t snapshot_id, const UpdateRange& ids) const noexcept;

    /// The book is now the snapshot's.
    void on_snapshot(std::uint64_t last_update_id) noexcept;
    /// The next event is applied whatever its ids, and starts the chain: for a recording without a snapshot.
    void start_with_next() noexcept { state_ = State::StartsWithNext; }
    /// There is no snapshot (any more).
    void restart() noexcept { state_ = State::NoSnapshot; }

    /// True while the book may be believed.
    [[nodiscard]] bool joined() const noexcept { return state_ == State::Snapshot || state_ == State::Chained; }
    /// The update id that the book stands at. Meaningful while joined().
    [[nodiscard]] std::uint64_t last_update_id() const noexcept { return last_; }

private:
    enum class State : std::uint8_t { NoSnapshot, StartsWithNext, Snapshot, Chained };

    [[nodiscard]] DeltaAction next_after(const UpdateRange& ids) const noexcept;

    ChainRule rule_;
    State state_ = State::NoSnapshot;
    std::uint64_t last_ = 0;
};

}  // namespace tickgate::feeds::binance
