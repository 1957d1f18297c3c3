#include "gateway/shard_state.hpp"

#include <chrono>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {

// A turn's time is older than that of a session which came in since: taken as it is, the session would have last been
// heard of in the future.
void ShardState::advance_to(book::UnixNanos time) noexcept {
    if (time <= now) return;
    now = time;
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch();
    now_ms = static_cast<std::uint64_t>(millis.count());
}

void ShardState::send_text(SessionIndex index, std::string_view payload) {
    Session& session = sessions[index];
    if (session.blocked) {
        append_frame(session.blocked->rest, Opcode::Text, payload);
    } else if (session.is_open()) {
        output.owe(index, output.add_text(payload));
    }
}

void ShardState::send_error(SessionIndex index, const ErrorInfo& error) {
    metrics.errors[error.code].add();
    text.clear();
    append_error(text, error);
    send_text(index, text);
}

void ShardState::command(const Command& command) {
    commanded_ = true;
    if (kept_commands_.empty() && commands_.push(command)) return;
    kept_commands_.push_back(command);
}

void ShardState::flush_commands() {
    while (!kept_commands_.empty() && commands_.push(kept_commands_.front())) {
        commanded_ = true;
        kept_commands_.pop_front();
    }
}

void ShardState::unsubscribe(SessionIndex index, SubscriptionIndex subscription) {
    Session& session = sessions[index];
    Command leave;
    leave.kind = Command::Kind::Leave;
    leave.sid = subscriptions[subscription].sid;
    subscriptions.remove(subscription, session.first_subscription);
    --session.subscriptions;
    metrics.subscriptions.add(-1);
    command(leave);
}

SubscriptionIndex ShardState::find_subscription(const Session& session, std::uint32_t sid) const noexcept {
    SubscriptionIndex index = session.first_subscription;
    while (index != kNoIndex && subscriptions[index].sid != sid) index = subscriptions[index].next;
    return index;
}

}  // namespace tickgate::gateway
