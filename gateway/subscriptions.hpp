#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gateway/position.hpp"
#include "gateway/shard_queue.hpp"

namespace tickgate::gateway {

/// Places in a shard's tables.
using SessionIndex = std::uint32_t;
using SubscriptionIndex = std::uint32_t;
inline constexpr std::uint32_t kNoIndex = 0xffff'ffff;

/// One session's interest in one stream: in step with it, or waiting at a position.
struct Subscription {
    SessionIndex session = kNoIndex;
    std::uint32_t sid = 0;              ///< of its stream
    std::uint32_t place = 0;            ///< where it stands in its stream's list of those in step, or of those waiting
    SubscriptionIndex next = kNoIndex;  ///< the session's next one
    Position waits_at;                  ///< unless in step
    std::uint32_t waits_since = 0;      ///< turn in which it fell out of step: who waited longest asks first
    std::uint32_t status_told = 0;      ///< the symbol's status change that its session was told last
    bool in_step = false;
    bool asked = false;     ///< waiting: the question is on its way
    bool lag_told = false;  ///< waiting: the client was told that it is behind
};

/// What a shard knows of one stream.
struct ShardStream {
    struct Member {
        SessionIndex session;
        SubscriptionIndex subscription;
    };

    StreamKey key;
    std::uint32_t sid = 0;
    Position at;                             ///< where its messages have led to; nothing until the first came
    std::vector<Member> in_step;             ///< get its next message
    std::vector<SubscriptionIndex> waiting;  ///< are first brought to where it is
};

/// Who is subscribed to what in one shard, and where each stands. Positions move only here. A session that is blocked
/// has no subscription in step, so that whoever is in step can be sent to without a look at the session. Thread: the
/// shard's.
class Subscriptions {
public:
    /// A new subscription that waits at `since` and whose question the book agent has got with the join.
    SubscriptionIndex add(SessionIndex session, const StreamKey& key, std::uint32_t sid, Position since,
                          SubscriptionIndex& first_of_session);
    /// Ends it and takes it off its session's list.
    void remove(SubscriptionIndex subscription, SubscriptionIndex& first_of_session);

    [[nodiscard]] Subscription& operator[](SubscriptionIndex index) noexcept { return subscriptions_[index]; }
    [[nodiscard]] const Subscription& operator[](SubscriptionIndex index) const noexcept {
        return subscriptions_[index];
    }
    [[nodiscard]] ShardStream* stream(std::uint32_t sid) noexcept;
    [[nodiscard]] const ShardStream& stream_of(const Subscription& subscription) const noexcept {
        return streams_.at(subscription.sid);
    }
    [[nodiscard]] std::size_t size() const noexcept { return subscriptions_.size() - free_.size(); }

    /// The position that the client holds once all that was put into its output has arrived.
    [[nodiscard]] Position position(SubscriptionIndex index) const noexcept;

    /// The subscription was brought to where its stream is.
    void put_in_step(SubscriptionIndex index);
    /// A message from `prev` was not put into its session's output: it waits there, unless it waits already.
    void miss(SubscriptionIndex index, Position prev, std::uint32_t turn);
    /// The question is to be answered as of one that holds nothing.
    void forget(ShardStream& stream, Position since);
    /// It is to get the whole state again.
    void restart(SubscriptionIndex index, std::uint32_t turn);
    /// Its session takes nothing more: all it has in step wait where they are.
    void block(SubscriptionIndex first_of_session, std::uint32_t turn);

    /// Gives back what many that left had needed.
    void shrink();

    /// Calls `visit(index)` for each subscription of a session. `visit` may move it, not remove it.
    template <typename Visit>
    void for_each_of(SubscriptionIndex first_of_session, Visit&& visit) {
        for (SubscriptionIndex i = first_of_session; i != kNoIndex; i = subscriptions_[i].next) visit(i);
    }
    /// Calls `visit(stream)` for each stream of a symbol.
    template <typename Visit>
    void for_each_stream_of(book::InstrumentId instrument, Visit&& visit) {
        const auto found = by_instrument_.find(instrument);
        if (found == by_instrument_.end()) return;
        for (const std::uint32_t sid : found->second) visit(streams_.at(sid));
    }

private:
    void take_off_list(Subscription& subscription, ShardStream& stream);
    void put_waiting(SubscriptionIndex index, ShardStream& stream, Position at);

    std::vector<Subscription> subscriptions_;
    std::vector<SubscriptionIndex> free_;
    std::unordered_map<std::uint32_t, ShardStream> streams_;  // by sid
    std::unordered_map<book::InstrumentId, std::vector<std::uint32_t>> by_instrument_;
};

}  // namespace tickgate::gateway
