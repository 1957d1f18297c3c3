// The part of Shard that brings on those that are behind.
#include <algorithm>

#include "gateway/shard.hpp"

namespace tickgate::gateway {
namespace {

constexpr std::uint64_t kLagNoticeMs = 1'000;
constexpr std::size_t kQuestionsAtOnce = 32;

}  // namespace

void Shard::note_catching_up(SessionIndex index) {
    if (std::exchange(state_.sessions[index].in_catching_up, true)) return;
    catching_up_.push_back(index);
}

void Shard::bring_on() {
    std::erase_if(catching_up_, [this](SessionIndex index) {
        Session& session = state_.sessions[index];
        const bool stays = transport_.is_open(index) && (transport_.is_blocked(index) || ask_for(index));
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
    const auto waited = [&](SubscriptionIndex i) { return turn_ms() - state_.subscriptions[i].waits_since; };
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
            transport_.send_text(index, state_.text);
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
        transport_.send_text(index, state_.text);
    });
}

}  // namespace tickgate::gateway
