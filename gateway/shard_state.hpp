#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/command.hpp"
#include "gateway/messages.hpp"
#include "gateway/metrics.hpp"
#include "gateway/session.hpp"
#include "gateway/session_transport.hpp"
#include "gateway/subscriptions.hpp"
#include "gateway/symbol_table.hpp"

namespace tickgate::gateway {

struct ShardOptions {
    std::string node = "a";
    Limits limits;
    std::uint32_t heartbeat_ms = 5'000;
    std::uint32_t slow_close_s = 60;
    CompressionOptions compression{};
    std::uint64_t seed = 0;  ///< of session ids and spread delays
};

/// All that one shard owns and its parts share. Thread: the shard's.
class ShardState {
public:
    ShardState(ShardOptions shard_options, CommandQueue& command_queue, SessionHandler& handler, Admission& admission,
               std::unique_ptr<SocketWriter> writer);

    void send_error(SessionIndex session, const ErrorInfo& error);

    /// Hands a command over, after all before it; what the queue does not take is kept.
    void command(const Command& command);
    /// Hands over what was kept. Once a turn.
    void flush_commands();
    /// Commands were handed over since the last call: the book agent is to be woken.
    [[nodiscard]] bool take_commanded() noexcept { return std::exchange(commanded_, false); }

    /// Ends one subscription, here and with the book agent.
    void unsubscribe(SessionIndex session, SubscriptionIndex subscription);
    /// The session's subscription of this stream; kNoIndex when it has none.
    [[nodiscard]] SubscriptionIndex find_subscription(const Session& session, std::uint32_t sid) const noexcept;

    ShardOptions options;
    SymbolTable symbols;
    Subscriptions subscriptions;
    SessionTable<Session> sessions;
    std::vector<std::unique_ptr<PendingOp>> ops;  // by Session::op; null where free
    ShardMetrics metrics;
    SessionTransport transport;
    std::mt19937_64 random;
    std::string text;  ///< scratch of whoever writes a message

private:
    CommandQueue& commands_;
    std::deque<Command> kept_commands_;
    bool commanded_ = false;
};

}  // namespace tickgate::gateway
