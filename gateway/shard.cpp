#include "gateway/shard.hpp"

#include <algorithm>
#include <utility>

namespace tickgate::gateway {
namespace {

// A large turn is cut, so that what comes after it is not held up.
constexpr std::size_t kRecordsPerTurn = 4'096;
constexpr std::size_t kBytesPerTurn = std::size_t{8} << 20;
constexpr std::uint32_t kTurnedAwayRetryMs = 5'000;

}  // namespace

Shard::Shard(ShardOptions options, ShardQueue& in, CommandQueue& out, Admission& admission,
             std::unique_ptr<SocketWriter> writer)
    : state_{std::move(options), out, *this, admission, std::move(writer)},
      transport_{state_.transport},
      in_{in},
      operations_{state_} {}

Shard::~Shard() = default;

void Shard::add_session(UpgradedClient client, book::UnixNanos now) {
    transport_.advance_to(now);
    transport_.add(std::move(client));
}

int Shard::do_work(book::UnixNanos now) {
    transport_.advance_to(now);
    state_.flush_commands();
    int work = transport_.read_clients();
    work += take_records();
    transport_.run_timers();
    bring_on();
    work += transport_.deliver();
    caught_up_.clear();
    in_.release();
    return work;
}

// What the transport tells

void Shard::on_open(SessionIndex index) {
    if (index == state_.sessions.size()) state_.sessions.emplace_back();
    state_.sessions[index] = Session{};
    state_.text.clear();
    append_welcome(state_.text,
                   {.node = state_.options.node,
                    .session = state_.random(),
                    .heartbeat_ms = state_.options.heartbeat_ms,
                    .limits = state_.options.limits},
                   transport_.now());
    transport_.send_text(index, state_.text);
}

void Shard::on_refused(SessionIndex index, ErrorCode why) {
    const bool is_full = why == ErrorCode::Overloaded;
    state_.send_error(index, {.code = why,
                              .message = is_full ? "this node is full" : "too many connections from this address",
                              .field = {},
                              .id = {},
                              .retry_ms = kTurnedAwayRetryMs});
    close_with(index, why);
}

void Shard::on_text(SessionIndex index, std::string_view message) {
    if (operations_.handle(index, message) == Operations::Outcome::TooMany) {
        return close_with(index, operations_.last_error());
    }
    // One operation at a time: what is behind it is kept, and read when it is answered.
    if (state_.sessions[index].op != kNoIndex) transport_.pause_reading(index);
}

void Shard::on_binary(SessionIndex index, std::string_view) {
    transport_.close(index, 1003, "text messages only");
}

void Shard::on_violation(SessionIndex index, CloseCode code, std::string_view reason) {
    if (code != CloseCode::MessageTooBig) return;
    state_.send_error(index, {.code = ErrorCode::FrameTooBig, .message = reason, .field = {}, .id = {}});
}

void Shard::on_closing(SessionIndex index) {
    Session& session = state_.sessions[index];
    while (session.first_subscription != kNoIndex) state_.unsubscribe(index, session.first_subscription);
    if (session.op != kNoIndex) state_.ops[std::exchange(session.op, kNoIndex)]->session = kNoIndex;
}

void Shard::on_missed(SessionIndex, TurnOutput::Entry message) {
    state_.subscriptions.miss(message.subscription, transport_.output().prev(message.frame), turn_ms());
    if (std::ranges::binary_search(caught_up_, message.frame)) {
        state_.subscriptions[message.subscription].lag_told = true;
    }
}

void Shard::on_blocked(SessionIndex index) {
    state_.subscriptions.block(state_.sessions[index].first_subscription, turn_ms());
}

void Shard::on_drained(SessionIndex index) {
    tell_missed_states(index);
    note_catching_up(index);
}

void Shard::on_slow(SessionIndex index) {
    state_.send_error(index, {.code = ErrorCode::SlowClient,
                              .message = "the connection accepted nothing for too long",
                              .field = {},
                              .id = {}});
    close_with(index, ErrorCode::SlowClient);
}

void Shard::append_heartbeat(std::string& text) {
    gateway::append_heartbeat(text, transport_.now());
}

void Shard::on_shrunk(std::size_t places) {
    while (state_.sessions.size() > places) state_.sessions.pop_back();
    std::erase_if(catching_up_, [=](SessionIndex index) { return index >= places; });
    catching_up_.shrink_to_fit();
    state_.subscriptions.shrink();
}

void Shard::close_with(SessionIndex index, ErrorCode why) {
    const ErrorTraits& traits = traits_of(why);
    transport_.close(index, traits.close_code, traits.code);
}

// What the book agent sends

int Shard::take_records() {
    std::size_t records = 0;
    std::size_t bytes = 0;
    ShardRecord record;
    while (records < kRecordsPerTurn && bytes < kBytesPerTurn && in_.pop(record)) {
        ++records;
        bytes += record.frame.size();
        on_record(record);
    }
    return static_cast<int>(records);
}

void Shard::on_record(const ShardRecord& record) {
    switch (record.kind) {
        case ShardRecord::Kind::Listed:
            state_.symbols.add(*record.listed);
            break;
        case ShardRecord::Kind::Status:
            on_status(record);
            break;
        case ShardRecord::Kind::Due:
            on_due(record);
            break;
        case ShardRecord::Kind::Answer:
            on_answer(record);
            break;
        case ShardRecord::Kind::Forget:
            if (ShardStream* const stream = state_.subscriptions.stream(record.sid)) {
                state_.subscriptions.forget(*stream, record.since);
            }
            break;
        case ShardRecord::Kind::Joined:
            operations_.on_joined(record);
            break;
        case ShardRecord::Kind::OpDone:
            if (const SessionIndex session = operations_.on_op_done(record); session != kNoIndex) {
                transport_.resume_reading(session);
            }
            break;
        case ShardRecord::Kind::HttpAnswer:
            on_http_answer(record);
            break;
    }
}

void Shard::on_due(const ShardRecord& record) {
    ShardStream* const stream = state_.subscriptions.stream(record.sid);
    if (stream == nullptr) return;
    const TurnOutput::FrameIndex frame = transport_.output().add_shared(record.frame, record.prev);
    for (const ShardStream::Member& member : stream->in_step) {
        transport_.output().owe(member.session, frame, member.subscription);
    }
    stream->at = record.seq;
}

void Shard::on_answer(const ShardRecord& record) {
    ShardStream* const stream = state_.subscriptions.stream(record.sid);
    if (stream == nullptr) return;
    const TurnOutput::FrameIndex frame = transport_.output().add_shared(record.frame, record.prev, true);
    stream->at = record.seq;
    // Those brought into step leave the list, their place taken by its last: from the end, nobody is passed over.
    for (std::size_t i = stream->waiting.size(); i > 0; --i) {
        const SubscriptionIndex index = stream->waiting[i - 1];
        Subscription& subscription = state_.subscriptions[index];
        if (!subscription.asked || subscription.waits_at != record.since) continue;
        if (transport_.is_blocked(subscription.session)) {
            subscription.asked = false;
        } else {
            bring_in_step(record, *stream, index, frame);
        }
    }
}

void Shard::bring_in_step(const ShardRecord& record, ShardStream& stream, SubscriptionIndex index,
                          TurnOutput::FrameIndex frame) {
    Subscription& subscription = state_.subscriptions[index];
    const SessionIndex session = subscription.session;
    const bool has_gap = stream.key.channel == Channel::Trades && !record.frame.empty() && !record.since.is_nothing() &&
                         record.prev != record.since;
    if (has_gap) {
        state_.text.clear();
        append_gap(state_.text, stream.sid, record.since.sequence().next(), record.prev.sequence());
        transport_.output().owe(session, transport_.output().add_text(state_.text, record.since), index);
    }
    if (!record.frame.empty()) transport_.output().owe(session, frame, index);
    state_.subscriptions.put_in_step(index);
    if (std::exchange(subscription.lag_told, false)) tell_caught_up(record, index);
}

/// It is missed where what it ends is missed: then the client is behind still.
void Shard::tell_caught_up(const ShardRecord& record, SubscriptionIndex index) {
    state_.text.clear();
    append_caught_up(state_.text, record.sid);
    const TurnOutput::FrameIndex frame = transport_.output().add_text(state_.text, record.seq);
    transport_.output().owe(state_.subscriptions[index].session, frame, index);
    caught_up_.push_back(frame);
}

void Shard::on_status(const ShardRecord& record) {
    state_.symbols.set_status(record.instrument, record.status);
    state_.symbols.set_scales(record.instrument, record.scales);
    std::vector<SessionIndex> sessions;
    const auto tell = [&](Subscription& subscription) {
        if (subscription.status_told == record.status.changes) return;
        if (transport_.is_blocked(subscription.session)) return;
        subscription.status_told = record.status.changes;
        sessions.push_back(subscription.session);
    };
    state_.subscriptions.for_each_stream_of(record.instrument, [&](ShardStream& stream) {
        for (const ShardStream::Member& member : stream.in_step) tell(state_.subscriptions[member.subscription]);
        for (const SubscriptionIndex index : stream.waiting) tell(state_.subscriptions[index]);
    });
    if (sessions.empty()) return;
    std::sort(sessions.begin(), sessions.end());
    sessions.erase(std::unique(sessions.begin(), sessions.end()), sessions.end());
    state_.text.clear();
    append_status(state_.text, state_.symbols[record.instrument].instrument->symbol, record.status);
    const TurnOutput::FrameIndex frame = transport_.output().add_text(state_.text);
    for (const SessionIndex session : sessions) transport_.output().owe(session, frame);
}

void Shard::on_http_answer(const ShardRecord& record) {
    if (http_answers_ == nullptr) return;
    const std::string_view bytes{record.frame.data(), record.frame.size()};
    http_answers_->on_http_answer(record.session, bytes.substr(0, record.header_size),
                                  bytes.substr(record.header_size));
}

void Shard::start_drain(book::UnixNanos now) {
    transport_.advance_to(now);
    std::uniform_int_distribution<std::uint32_t> delay{kReconnectBaseMs, kReconnectMaxMs};
    for (SessionIndex index = 0; index < transport_.size(); ++index) {
        if (!transport_.is_open(index)) continue;
        state_.text.clear();
        append_goaway(state_.text, "restart", delay(state_.random));
        transport_.send_text(index, state_.text);
        transport_.close(index, 1012, "restart");
    }
}

}  // namespace tickgate::gateway
