#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "book/event_queue.hpp"
#include "gateway/book_agent.hpp"
#include "gateway/symbol_table.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/recorded_events.hpp"

namespace tickgate::replay {

/// A recording on its way through the gateway's own book agent, to a client that subscribed before its first message.
/// The agent gets one book message at a time and does all it can with it, so that what the client gets depends neither
/// on the speed nor on the machine. All on one thread.
class MessagePlayback {
public:
    /// Told of each data message, as JSON; the text lives until it returns.
    using OnMessage = std::function<void(std::string_view json)>;

    /// Errors: feeds::RecordingError; std::invalid_argument for a depth or rate that is not offered, or when nobody
    /// says whose recording it is.
    explicit MessagePlayback(const Options& options);

    /// Plays all of it. Errors: std::invalid_argument for a symbol that is not known when the recording begins.
    void run(const OnMessage& on_message);

    /// Why the recording ended early.
    [[nodiscard]] const std::optional<std::string>& damage() const noexcept { return recorded_.feed().error(); }

private:
    void take(std::span<const book::Event> run, const OnMessage& on_message);
    void subscribe(book::UnixNanos now, const OnMessage& on_message);
    [[nodiscard]] std::vector<book::InstrumentId> wished_instruments() const;
    [[nodiscard]] std::vector<book::InstrumentId> instruments_named(std::string_view name) const;
    void command(const gateway::Command& command, book::UnixNanos now, const OnMessage& on_message);
    void turn(book::UnixNanos now, const OnMessage& on_message);
    [[nodiscard]] int take_records(const OnMessage& on_message);
    void on_record(const gateway::ShardRecord& record, const OnMessage& on_message);
    [[nodiscard]] bool is_for_client(const gateway::ShardRecord& record);

    std::vector<std::string> names_;  // as asked for
    gateway::StreamKey wish_;         // but for its instrument
    RecordedEvents recorded_;
    book::EventQueue events_;
    book::EventQueue::Producer to_agent_;
    gateway::ShardQueue records_;
    gateway::CommandQueue commands_;
    gateway::BookAgent agent_;
    gateway::SymbolTable symbols_;
    bool subscribed_ = false;
    std::vector<bool> in_step_;  // by sid
};

}  // namespace tickgate::replay
