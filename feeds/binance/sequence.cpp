#include "feeds/binance/sequence.hpp"

namespace tickgate::feeds::binance {

DeltaAction DepthSequence::on_delta(const UpdateRange& ids) noexcept {
    DeltaAction action = DeltaAction::Buffer;
    switch (state_) {
        case State::NoSnapshot:
            return DeltaAction::Buffer;
        case State::StartsWithNext:
            action = DeltaAction::Apply;
            break;
        case State::Snapshot:
            action = first_after(last_, ids);
            break;
        case State::Chained:
            action = next_after(ids);
            break;
    }
    if (action == DeltaAction::Apply) {
        state_ = State::Chained;
        last_ = ids.last;
    } else if (action == DeltaAction::Gap) {
        state_ = State::NoSnapshot;
    }
    return action;
}

DeltaAction DepthSequence::first_after(std::uint64_t snapshot_id, const UpdateRange& ids) const noexcept {
    if (rule_ == ChainRule::Spot) {
        if (ids.last <= snapshot_id) return DeltaAction::Skip;
        return ids.first <= snapshot_id + 1 ? DeltaAction::Apply : DeltaAction::Gap;
    }
    if (ids.last < snapshot_id) return DeltaAction::Skip;
    // The documented overlap is U <= id <= u. An event whose `pu` is the snapshot's id follows it by identity: that
    // is what comes first when the snapshot was taken between two events of the symbol.
    const bool follows = ids.first <= snapshot_id || ids.previous == snapshot_id;
    return follows ? DeltaAction::Apply : DeltaAction::Gap;
}

DeltaAction DepthSequence::next_after(const UpdateRange& ids) const noexcept {
    const bool follows = rule_ == ChainRule::Spot ? ids.first == last_ + 1 : ids.previous == last_;
    if (follows) return DeltaAction::Apply;
    // After a reconnect the venue may repeat what the book already holds: duplicates, not a gap.
    return ids.last <= last_ ? DeltaAction::Skip : DeltaAction::Gap;
}

void DepthSequence::on_snapshot(std::uint64_t last_update_id) noexcept {
    state_ = State::Snapshot;
    last_ = last_update_id;
}

}  // namespace tickgate::feeds::binance
