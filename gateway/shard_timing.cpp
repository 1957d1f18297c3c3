// The part of Shard that time drives: bringing on those that are behind, heartbeats due, and who has been silent or
// slow for too long.
#include <algorithm>

#include "gateway/shard.hpp"

namespace tickgate::gateway {
namespace {

constexpr std::uint64_t kSlotMs = 100;
constexpr std::uint64_t kSilentHeartbeats = 3;
constexpr std::uint64_t kHeartbeatPatienceMs = 500;
constexpr std::uint64_t kLagNoticeMs = 1'000;
constexpr std::size_t kQuestionsAtOnce = 32;
constexpr std::uint64_t kCloseGraceMs = 2'000;

}  // namespace

void Shard::note_catching_up(SessionIndex index) {
    if (std::exchange(state_.sessions[index].in_catching_up, true)) return;
    catching_up_.push_back(index);
}

void Shard::bring_on() {
    std::erase_if(catching_up_, [this](SessionIndex index) {
        Session& session = state_.sessions[index];
        const bool stays = session.is_open() && (session.blocked || ask_for(index));
        session.in_catching_up = stays;
        return !stays;
    });
}

bool Shard::ask_for(SessionIndex index) {
    std::vector<SubscriptionIndex> behind;
    std::size_t on_their_way = 0;
    state_.subscriptions.for_each_of(state_.sessions[index].first_subscription, [&](SubscriptionIndex i) {
        const Subscription& subscription = state_.subscriptions[i];
        if (subscription.in_step) return;
        if (!subscription.asked) {
            behind.push_back(i);
            return;
        }
        // A question about a symbol that is not live is answered when it is: it must not hold up the others.
        const ShardStream& stream = state_.subscriptions.stream_of(subscription);
        const book::SymbolState symbol = state_.symbols[stream.key.instrument].status.state;
        if (symbol == book::SymbolState::Live || symbol == book::SymbolState::Stale) ++on_their_way;
    });
    if (behind.empty()) return on_their_way > 0;
    if (on_their_way > 0) return true;
    const auto now32 = static_cast<std::uint32_t>(state_.now_ms);
    const auto waited = [&](SubscriptionIndex i) { return now32 - state_.subscriptions[i].waits_since; };
    const std::size_t count = std::min(behind.size(), kQuestionsAtOnce);
    std::partial_sort(behind.begin(), behind.begin() + static_cast<std::ptrdiff_t>(count), behind.end(),
                      [&](SubscriptionIndex a, SubscriptionIndex b) { return waited(a) > waited(b); });
    for (std::size_t i = 0; i < count; ++i) {
        Subscription& subscription = state_.subscriptions[behind[i]];
        if (waited(behind[i]) >= kLagNoticeMs && !subscription.lag_told) {
            subscription.lag_told = true;
            state_.metrics.lag_notices.add();
            state_.text.clear();
            append_lag(state_.text, subscription.sid, waited(behind[i]));
            state_.send_text(index, state_.text);
        }
        Command question;
        question.kind = Command::Kind::CatchUp;
        question.sid = subscription.sid;
        question.since = subscription.waits_at;
        state_.command(question);
        subscription.asked = true;
    }
    state_.metrics.catch_up_questions.add(count);
    return true;
}

void Shard::tell_missed_states(SessionIndex index) {
    std::vector<book::InstrumentId> told;
    state_.subscriptions.for_each_of(state_.sessions[index].first_subscription, [&](SubscriptionIndex i) {
        Subscription& subscription = state_.subscriptions[i];
        const book::InstrumentId instrument = state_.subscriptions.stream_of(subscription).key.instrument;
        const SymbolTable::Entry& symbol = state_.symbols[instrument];
        if (subscription.status_told == symbol.status.changes) return;
        subscription.status_told = symbol.status.changes;
        if (std::find(told.begin(), told.end(), instrument) != told.end()) return;
        told.push_back(instrument);
        state_.text.clear();
        append_status(state_.text, symbol.instrument->symbol, symbol.status);
        state_.send_text(index, state_.text);
    });
}

void Shard::run_timers() {
    if (state_.now_ms < next_slot_ms_) return;
    const std::uint32_t slots =
        std::max<std::uint32_t>(state_.options.heartbeat_ms / static_cast<std::uint32_t>(kSlotMs), 1);
    const std::uint64_t late = next_slot_ms_ == 0 ? 0 : (state_.now_ms - next_slot_ms_) / kSlotMs;
    const std::uint64_t due = std::min<std::uint64_t>(late + 1, slots);
    next_slot_ms_ = next_slot_ms_ == 0 ? state_.now_ms + kSlotMs : next_slot_ms_ + (late + 1) * kSlotMs;

    for (std::uint64_t slot = 0; slot < due; ++slot) {
        for (SessionIndex index = next_slot_; index < state_.sessions.size(); index += slots) {
            check_session(index);
        }
        next_slot_ = (next_slot_ + 1) % slots;
    }
    for (const SessionIndex index : std::vector<SessionIndex>{closing_}) {
        if (state_.now_ms - state_.sessions[index].heard_ms >= kCloseGraceMs) end(index, 1006);
    }
}

void Shard::check_session(SessionIndex index) {
    Session& session = state_.sessions[index];
    if (!session.is_open()) return;
    if (session.blocked) {
        const std::uint64_t silent_ms = state_.now_ms - session.blocked->took_last_ms;
        if (silent_ms < std::uint64_t{state_.options.slow_close_s} * 1'000) return;
        state_.send_error(index, {.code = ErrorCode::SlowClient,
                                  .message = "the connection accepted nothing for too long",
                                  .field = {},
                                  .id = {}});
        return close_with(index, 4408, "slow_client");
    }
    if (state_.now_ms - session.heard_ms > kSilentHeartbeats * state_.options.heartbeat_ms) {
        return close_with(index, 1001, "no sign of life");
    }
    if (std::exchange(session.is_due_heartbeat, true)) return;
    const std::uint64_t patience_ms = std::min<std::uint64_t>(kHeartbeatPatienceMs, state_.options.heartbeat_ms / 4);
    heartbeats_.push_back({index, state_.now_ms + patience_ms});
}

}  // namespace tickgate::gateway
