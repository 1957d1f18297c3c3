// The half of Shard that writes: one write for each session that is due something, and what becomes of those whose
// socket does not take it.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gateway/shard.hpp"

namespace tickgate::gateway {
namespace {

// What may be gathered before it leaves, while it is still in the cache.
constexpr std::size_t kGatheredAtOnce = std::size_t{512} << 10;

}  // namespace

void Shard::add_heartbeats() {
    if (heartbeats_.empty()) return;
    if (state_.output.empty() && state_.now_ms < heartbeats_.front().alone_at_ms) return;
    std::erase_if(heartbeats_, [this](const DueHeartbeat& due) {
        Session& session = state_.sessions[due.session];
        session.is_due_heartbeat = session.is_open() && !session.blocked;
        return !session.is_due_heartbeat;
    });
    state_.text.clear();
    append_heartbeat(state_.text, state_.now);
    heartbeat_.clear();
    append_frame(heartbeat_, Opcode::Text, state_.text);
    append_frame(heartbeat_, Opcode::Ping, {});
    const TurnOutput::FrameIndex alone = state_.output.add_bytes(heartbeat_, false);
    riding_heartbeat_ = state_.output.add_shared(state_.output.bytes(alone), Position{});
    for (const DueHeartbeat& due : heartbeats_) {
        state_.output.owe(due.session, state_.now_ms < due.alone_at_ms ? riding_heartbeat_ : alone);
    }
}

bool Shard::is_riding_alone(const TurnGroup& group) const noexcept {
    return group.count == 1 && state_.output.entry(group, 0).frame == riding_heartbeat_;
}

void Shard::deliver() {
    if (state_.output.empty()) {
        state_.output.clear();
        return;
    }
    state_.metrics.turns.add();
    state_.output.arrange(first_in_turn_);
    first_in_turn_ = state_.output.middle_session();
    const std::uint64_t calls_before = writer_->system_calls();
    for (std::span<TurnGroup> groups = state_.output.next_groups(); !groups.empty();
         groups = state_.output.next_groups()) {
        for (std::size_t first = 0; first < groups.size();) first = write_some(groups, first);
    }
    state_.metrics.writes.add(writer_->system_calls() - calls_before);
    riding_heartbeat_ = kNoIndex;
    std::erase_if(heartbeats_,
                  [this](const DueHeartbeat& due) { return !state_.sessions[due.session].is_due_heartbeat; });
    for (const SessionIndex index : closing_) {
        const Session& session = state_.sessions[index];
        if (!session.blocked) ::shutdown(session.fd, SHUT_WR);
    }
    state_.output.clear();
    caught_up_.clear();
}

/// Writes as many of the groups as may be gathered at once; returns the next.
std::size_t Shard::write_some(std::span<TurnGroup> groups, std::size_t next) {
    while (next < groups.size() && state_.output.gathered_bytes() < kGatheredAtOnce) {
        TurnGroup& group = groups[next];
        Session& session = state_.sessions[group.session];
        if (session.fd >= 0 && !session.blocked && !is_riding_alone(group)) {
            session.is_due_heartbeat = false;
            group.bytes = session.takes_arrays ? state_.output.joined_as_array(group) : state_.output.joined(group);
            writer_->add(session.fd, group.bytes, static_cast<std::uint32_t>(next));
        }
        ++next;
    }
    for (const WriteResult& result : writer_->flush()) on_written(groups[result.token], result.result);
    state_.output.release_gathered();
    return next;
}

void Shard::on_written(const TurnGroup& group, std::int32_t result) {
    if (result < 0) return end(group.session, 1006);
    const auto accepted = static_cast<std::size_t>(result);
    state_.metrics.bytes_out.add(accepted);
    if (accepted < group.bytes.size()) return keep_rest(group, accepted);
    state_.metrics.deliveries.add(group.taken);
    if (group.taken == group.count) return;
    // More than a turn's share: the rest comes as if it had been slow.
    std::string kept;
    miss(group, group.taken, &kept);
    note_catching_up(group.session);
    if (!kept.empty()) {
        state_.sessions[group.session].blocked = std::make_unique<BlockedOutput>(
            BlockedOutput{.rest = std::move(kept), .written = 0, .took_last_ms = state_.now_ms});
        state_.metrics.blocked_now.add(1);
        state_.subscriptions.block(state_.sessions[group.session].first_subscription,
                                   static_cast<std::uint32_t>(state_.now_ms));
        watch(group.session);
    }
}

void Shard::keep_rest(const TurnGroup& group, std::size_t accepted) {
    Session& session = state_.sessions[group.session];
    session.blocked = std::make_unique<BlockedOutput>();
    session.blocked->took_last_ms = state_.now_ms;
    state_.metrics.blocked.add();
    state_.metrics.blocked_now.add(1);
    // What was begun is ended, the rest is missed; an array is one message.
    std::uint32_t begun = 0;
    std::size_t end = 0;
    while (begun < group.taken && end < accepted)
        end += state_.output.bytes(state_.output.entry(group, begun++).frame).size();
    if (session.takes_arrays && begun > 0) {
        begun = group.taken;
        end = group.bytes.size();
    }
    session.blocked->rest.assign(group.bytes.data() + accepted, end - accepted);
    state_.metrics.deliveries.add(begun);
    miss(group, begun, &session.blocked->rest);
    if (session.is_open()) {
        state_.subscriptions.block(session.first_subscription, static_cast<std::uint32_t>(state_.now_ms));
    }
    watch(group.session);
}

void Shard::miss(const TurnGroup& group, std::uint32_t first, std::string* kept) {
    for (std::uint32_t i = first; i < group.count; ++i) {
        const TurnOutput::Entry entry = state_.output.entry(group, i);
        if (entry.subscription != kNoIndex) {
            state_.subscriptions.miss(entry.subscription, state_.output.prev(entry.frame),
                                      static_cast<std::uint32_t>(state_.now_ms));
            if (std::ranges::binary_search(caught_up_, entry.frame)) {
                state_.subscriptions[entry.subscription].lag_told = true;
            }
        } else if (state_.output.must_arrive(entry.frame)) {
            const std::span<const char> bytes = state_.output.bytes(entry.frame);
            kept->append(bytes.data(), bytes.size());
        }
    }
}

void Shard::drain(SessionIndex index) {
    Session& session = state_.sessions[index];
    BlockedOutput& output = *session.blocked;
    if (output.written < output.rest.size()) {
        const ssize_t sent = ::send(session.fd, output.rest.data() + output.written,
                                    output.rest.size() - output.written, MSG_DONTWAIT | MSG_NOSIGNAL);
        state_.metrics.writes.add();
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) end(index, 1006);
            return;
        }
        output.written += static_cast<std::size_t>(sent);
        output.took_last_ms = state_.now_ms;
        state_.metrics.bytes_out.add(static_cast<std::uint64_t>(sent));
        if (output.written < output.rest.size()) return;
    }
    unblock(index);
}

void Shard::unblock(SessionIndex index) {
    Session& session = state_.sessions[index];
    session.blocked.reset();
    state_.metrics.blocked_now.add(-1);
    watch(index);
    if (!session.is_open()) {
        ::shutdown(session.fd, SHUT_WR);
        return;
    }
    session.heard_ms = state_.now_ms;
    tell_missed_states(index);
    note_catching_up(index);
    note_unread(index);
}

}  // namespace tickgate::gateway
