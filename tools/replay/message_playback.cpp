#include "tools/replay/message_playback.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/protocol.hpp"

namespace tickgate::replay {
namespace {

using book::Event;
using book::EventKind;
using book::InstrumentId;
using book::UnixNanos;
using gateway::Channel;
using gateway::Command;
using gateway::ShardRecord;
using gateway::StreamKey;

/// The class that the client's wish is rounded up to, as for a subscription over the wire.
std::uint16_t offered_class(std::string_view option, std::uint64_t wish, std::optional<std::uint32_t> offered) {
    if (!offered) throw std::invalid_argument{fmt::format("{} {} is above what is offered", option, wish)};
    return static_cast<std::uint16_t>(*offered);
}

StreamKey key_of(const Subscription& wish) {
    const std::optional<Channel> channel = gateway::channel_named(wish.channel);
    if (!channel) throw std::invalid_argument{"unknown channel " + wish.channel};
    StreamKey key{.channel = *channel};
    if (key.channel == Channel::Book) {
        key.depth = offered_class("--depth", wish.depth, gateway::round_up_depth(wish.depth));
    }
    const std::uint64_t rate_ms = wish.rate_ms.value_or(gateway::default_rate_ms(key.channel));
    key.rate_ms = offered_class("--rate-ms", rate_ms, gateway::round_up_rate(rate_ms));
    return key;
}

}  // namespace

MessagePlayback::MessagePlayback(const Options& options)
    : names_{options.subscription.symbols},
      wish_{key_of(options.subscription)},
      recorded_{options},
      to_agent_{events_},
      commands_{gateway::kCommandCapacity},
      agent_{{.epoch = "replay", .recorded_feeds = {true}}, events_, {{&records_, &commands_}}} {}

void MessagePlayback::run(const OnMessage& on_message) {
    recorded_.play([&](std::span<const Event> run) { take(run, on_message); });
    // Of a recording that holds nothing but symbols.
    if (!subscribed_) subscribe(book::kNoTime, on_message);
}

void MessagePlayback::take(std::span<const Event> run, const OnMessage& on_message) {
    const UnixNanos now = run.front().receive_time;
    // The symbols that are known at the start are listed before anything else comes.
    if (!subscribed_ && run.front().kind != EventKind::Listed) subscribe(now, on_message);
    [[maybe_unused]] const bool fits = to_agent_.try_push(run);
    assert(fits && "the queue holds more than one run, and is empty between them");
    turn(now, on_message);
}

// The client

void MessagePlayback::subscribe(UnixNanos now, const OnMessage& on_message) {
    subscribed_ = true;
    Command join{.kind = Command::Kind::Join, .key = wish_};
    for (const InstrumentId instrument : wished_instruments()) {
        join.key.instrument = instrument;
        command(join, now, on_message);
    }
    command({.kind = Command::Kind::OpDone}, now, on_message);
}

std::vector<InstrumentId> MessagePlayback::wished_instruments() const {
    std::vector<InstrumentId> wished;
    for (const std::string& name : names_) {
        for (const InstrumentId instrument : instruments_named(name)) {
            if (std::find(wished.begin(), wished.end(), instrument) == wished.end()) wished.push_back(instrument);
        }
    }
    return wished;
}

std::vector<InstrumentId> MessagePlayback::instruments_named(std::string_view name) const {
    if (name.find('*') != std::string_view::npos) return symbols_.match(name);
    if (const std::optional<InstrumentId> instrument = symbols_.find(name)) return {*instrument};
    const std::vector<std::string_view> near = symbols_.near(name);
    throw std::invalid_argument{near.empty() ? fmt::format("no symbol {}", name)
                                             : fmt::format("no symbol {}; near it: {}", name, fmt::join(near, ", "))};
}

bool MessagePlayback::is_for_client(const ShardRecord& record) {
    if (in_step_.size() <= record.sid) in_step_.resize(record.sid + 1);
    if (record.kind == ShardRecord::Kind::Due) return in_step_[record.sid];
    // It never falls behind: all that it waits for is the first answer of each stream.
    const bool is_first_answer = record.kind == ShardRecord::Kind::Answer && !in_step_[record.sid];
    if (is_first_answer) in_step_[record.sid] = true;
    return is_first_answer;
}

// The agent

void MessagePlayback::command(const Command& command, UnixNanos now, const OnMessage& on_message) {
    [[maybe_unused]] const bool fits = commands_.push(command);
    assert(fits && "the agent has carried out the one before");
    turn(now, on_message);
}

void MessagePlayback::turn(UnixNanos now, const OnMessage& on_message) {
    int work = 0;
    do {
        work = agent_.do_work(now);
        work += take_records(on_message);
    } while (work > 0);
}

int MessagePlayback::take_records(const OnMessage& on_message) {
    int taken = 0;
    for (ShardRecord record; records_.pop(record); ++taken) on_record(record, on_message);
    records_.release();
    return taken;
}

void MessagePlayback::on_record(const ShardRecord& record, const OnMessage& on_message) {
    if (record.kind == ShardRecord::Kind::Listed) symbols_.add(*record.listed);
    if (!is_for_client(record) || record.frame.empty()) return;
    const auto payload = record.frame.subspan(record.header_size);
    on_message({payload.data(), payload.size()});
}

}  // namespace tickgate::replay
