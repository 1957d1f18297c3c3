#include "gateway/shard_state.hpp"

#include <utility>

namespace tickgate::gateway {

ShardState::ShardState(ShardOptions shard_options, CommandQueue& command_queue, SessionHandler& handler,
                       Admission& admission, std::unique_ptr<SocketWriter> writer)
    : options{std::move(shard_options)},
      transport{{.message_bytes = options.limits.frame_bytes,
                 .heartbeat_ms = options.heartbeat_ms,
                 .slow_close_s = options.slow_close_s,
                 .compression = options.compression},
                handler,
                admission,
                metrics,
                std::move(writer)},
      random{options.seed},
      commands_{command_queue} {}

void ShardState::send_error(SessionIndex index, const ErrorInfo& error) {
    metrics.errors[error.code].add();
    text.clear();
    append_error(text, error);
    transport.send_text(index, text);
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
