#include "tests/bench/whole_path.hpp"

#include <stdexcept>

#include "feeds/venues.hpp"

namespace tickgate::bench {

using gateway::Command;
using gateway::ShardRecord;

namespace {

gateway::BookAgentOptions agent_options() {
    gateway::BookAgentOptions options;
    options.epoch = "bench";
    options.recorded_feeds = {true};
    return options;
}

}  // namespace

WholePath::WholePath(std::string_view venue)
    : session_{feeds::find_venue(venue)->make_session(book::FeedId{0}, registry_, {})},
      agent_{agent_options(), queue_, {{.out = &to_shard_, .in = &from_shard_}}} {}

void WholePath::take(const feeds::RawMessage& message) {
    events_.clear();
    session_->on_message(message, events_);
    if (!producer_.try_push(events_)) throw std::runtime_error{"a message does not fit the event queue"};
    agent_.do_work(message.receive_time);
    take_records();
}

void WholePath::take_records() {
    ShardRecord record;
    while (to_shard_.pop(record)) {
        if (record.kind == ShardRecord::Kind::Listed) subscribe(*record.listed);
        frames_ += record.frame.empty() ? 0U : 1U;
        frame_bytes_ += record.frame.size();
    }
    to_shard_.release();
}

void WholePath::subscribe(const book::Instrument& instrument) {
    Command join;
    join.kind = Command::Kind::Join;
    join.key = {.instrument = instrument.id, .channel = gateway::Channel::Book, .depth = 10, .rate_ms = 0};
    Command done;
    done.kind = Command::Kind::OpDone;
    if (!from_shard_.push(join) || !from_shard_.push(done)) throw std::runtime_error{"the command queue is full"};
}

}  // namespace tickgate::bench
