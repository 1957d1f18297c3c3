#include "gateway/subscriptions.hpp"

#include <algorithm>

namespace tickgate::gateway {

SubscriptionIndex Subscriptions::add(SessionIndex session, const StreamKey& key, std::uint32_t sid, Position since,
                                     SubscriptionIndex& first_of_session) {
    SubscriptionIndex index = 0;
    if (free_.empty()) {
        index = static_cast<SubscriptionIndex>(subscriptions_.size());
        subscriptions_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    const auto [entry, is_new] = streams_.try_emplace(sid);
    ShardStream& stream = entry->second;
    if (is_new) {
        stream.key = key;
        stream.sid = sid;
        by_instrument_[key.instrument].push_back(sid);
    }
    Subscription& subscription = subscriptions_[index];
    subscription = Subscription{};
    subscription.session = session;
    subscription.sid = sid;
    subscription.next = first_of_session;
    first_of_session = index;
    put_waiting(index, stream, since);
    subscription.asked = true;
    return index;
}

void Subscriptions::remove(SubscriptionIndex index, SubscriptionIndex& first_of_session) {
    Subscription& subscription = subscriptions_[index];
    SubscriptionIndex* link = &first_of_session;
    while (*link != index) link = &subscriptions_[*link].next;
    *link = subscription.next;

    const auto entry = streams_.find(subscription.sid);
    ShardStream& stream = entry->second;
    take_off_list(subscription, stream);
    if (stream.in_step.empty() && stream.waiting.empty()) {
        const auto of_instrument = by_instrument_.find(stream.key.instrument);
        std::erase(of_instrument->second, stream.sid);
        if (of_instrument->second.empty()) by_instrument_.erase(of_instrument);
        streams_.erase(entry);
    }
    subscription = Subscription{};
    free_.push_back(index);
}

ShardStream* Subscriptions::stream(std::uint32_t sid) noexcept {
    const auto found = streams_.find(sid);
    return found == streams_.end() ? nullptr : &found->second;
}

Position Subscriptions::position(SubscriptionIndex index) const noexcept {
    const Subscription& subscription = subscriptions_[index];
    return subscription.in_step ? stream_of(subscription).at : subscription.waits_at;
}

void Subscriptions::put_in_step(SubscriptionIndex index) {
    Subscription& subscription = subscriptions_[index];
    ShardStream& stream = streams_.at(subscription.sid);
    take_off_list(subscription, stream);
    subscription.in_step = true;
    subscription.asked = false;
    subscription.place = static_cast<std::uint32_t>(stream.in_step.size());
    stream.in_step.push_back({subscription.session, index});
}

void Subscriptions::miss(SubscriptionIndex index, Position prev, std::uint32_t turn) {
    Subscription& subscription = subscriptions_[index];
    if (!subscription.in_step) return;
    ShardStream& stream = streams_.at(subscription.sid);
    take_off_list(subscription, stream);
    put_waiting(index, stream, prev);
    subscription.waits_since = turn;
}

void Subscriptions::forget(ShardStream& stream, Position since) {
    for (const SubscriptionIndex index : stream.waiting) {
        Subscription& subscription = subscriptions_[index];
        if (subscription.asked && subscription.waits_at == since) subscription.waits_at = Position{};
    }
}

void Subscriptions::restart(SubscriptionIndex index, std::uint32_t turn) {
    miss(index, Position{}, turn);
    subscriptions_[index].waits_at = Position{};
    subscriptions_[index].asked = false;
}

void Subscriptions::block(SubscriptionIndex first_of_session, std::uint32_t turn) {
    for_each_of(first_of_session,
                [&](SubscriptionIndex index) { miss(index, streams_.at(subscriptions_[index].sid).at, turn); });
}

void Subscriptions::take_off_list(Subscription& subscription, ShardStream& stream) {
    if (subscription.in_step) {
        const ShardStream::Member moved = stream.in_step.back();
        stream.in_step[subscription.place] = moved;
        subscriptions_[moved.subscription].place = subscription.place;
        stream.in_step.pop_back();
    } else {
        const SubscriptionIndex moved = stream.waiting.back();
        stream.waiting[subscription.place] = moved;
        subscriptions_[moved].place = subscription.place;
        stream.waiting.pop_back();
    }
}

void Subscriptions::put_waiting(SubscriptionIndex index, ShardStream& stream, Position at) {
    Subscription& subscription = subscriptions_[index];
    subscription.in_step = false;
    subscription.asked = false;
    subscription.waits_at = at;
    subscription.place = static_cast<std::uint32_t>(stream.waiting.size());
    stream.waiting.push_back(index);
}

void Subscriptions::shrink() {
    while (!subscriptions_.empty() && subscriptions_.back().session == kNoIndex) subscriptions_.pop_back();
    subscriptions_.shrink_to_fit();
    std::erase_if(free_, [this](SubscriptionIndex index) { return index >= subscriptions_.size(); });
    free_.shrink_to_fit();
    for (auto& [sid, stream] : streams_) {
        stream.in_step.shrink_to_fit();
        stream.waiting.shrink_to_fit();
    }
}

}  // namespace tickgate::gateway
