#include "gateway/shard.hpp"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>

#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {
namespace {

constexpr std::size_t kReadBuffer = std::size_t{64} << 10;
constexpr int kEventsPerTurn = 512;
// A large turn is cut, so that what comes after it is not held up.
constexpr std::size_t kRecordsPerTurn = 4'096;
constexpr std::size_t kBytesPerTurn = std::size_t{8} << 20;
constexpr std::size_t kManySessions = 1'000;
constexpr std::uint64_t kTrimAfterMs = 500;
constexpr std::uint32_t kTurnedAwayRetryMs = 5'000;

}  // namespace

Shard::Shard(ShardOptions options, ShardQueue& in, CommandQueue& out, Admission& admission,
             std::unique_ptr<SocketWriter> writer)
    : state_{std::move(options), out},
      in_{in},
      admission_{admission},
      writer_{std::move(writer)},
      operations_{state_},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      read_buffer_{std::make_unique<char[]>(kReadBuffer + kInputPadding)} {
    if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

Shard::~Shard() {
    for (const Session& session : state_.sessions) {
        if (session.fd >= 0) ::close(session.fd);
    }
    ::close(epoll_);
}

void Shard::add_session(UpgradedClient client, book::UnixNanos now) {
    state_.advance_to(now);
    SessionIndex index = 0;
    if (free_.empty()) {
        index = static_cast<SessionIndex>(state_.sessions.size());
        state_.sessions.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    Session& session = state_.sessions[index];
    session = Session{};
    session.fd = client.fd;
    session.state = Session::State::Open;
    session.heard_ms = state_.now_ms;
    session.tokens_ms = 0;
    ++open_sessions_;
    ++come_and_gone_;
    last_come_or_gone_ms_ = state_.now_ms;
    state_.metrics.accepted.add();
    state_.metrics.sessions.add(1);

    epoll_event event{};
    event.events = session.watched = EPOLLIN;
    event.data.u32 = index;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) return end(index, 1011);
    state_.text.clear();
    append_welcome(state_.text,
                   {.node = state_.options.node,
                    .session = state_.random(),
                    .heartbeat_ms = state_.options.heartbeat_ms,
                    .limits = state_.options.limits},
                   now);
    state_.send_text(index, state_.text);
    const Admission::Decision decision = admission_.enter(client.remote_address);
    session.place = decision.place;
    if (!decision.is_admitted) return turn_away(index, decision.refusal);
    if (client.left_over.empty()) return;
    assert(client.left_over.size() <= kReadBuffer);
    client.left_over.copy(read_buffer_.get(), client.left_over.size());
    take_input(index, {read_buffer_.get(), client.left_over.size()});
}

void Shard::turn_away(SessionIndex index, ErrorCode why) {
    const bool is_full = why == ErrorCode::Overloaded;
    state_.send_error(index, {.code = why,
                              .message = is_full ? "this node is full" : "too many connections from this address",
                              .field = {},
                              .id = {},
                              .retry_ms = kTurnedAwayRetryMs});
    close_with(index, traits_of(why).close_code, traits_of(why).code);
}

int Shard::do_work(book::UnixNanos now) {
    state_.advance_to(now);
    state_.flush_commands();
    int work = resume_reading();
    work += poll_sockets();
    work += take_records();
    run_timers();
    bring_on();
    add_heartbeats();
    work += static_cast<int>(state_.output.deliveries());
    deliver();
    in_.release();
    free_sessions();
    give_memory_back();
    return work;
}

bool Shard::has_work() const noexcept {
    return !in_.empty() || !unread_.empty() || !state_.output.empty();
}

// What comes in

int Shard::poll_sockets() {
    std::array<epoll_event, kEventsPerTurn> events;
    const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, 0);
    for (int i = 0; i < count; ++i) {
        const SessionIndex index = events[static_cast<std::size_t>(i)].data.u32;
        const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
        if ((what & EPOLLOUT) != 0 && state_.sessions[index].blocked) drain(index);
        if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && state_.sessions[index].fd >= 0) read(index);
    }
    return std::max(count, 0);
}

void Shard::read(SessionIndex index) {
    Session& session = state_.sessions[index];
    const ssize_t size = ::recv(session.fd, read_buffer_.get(), kReadBuffer, MSG_DONTWAIT);
    if (size == 0) return end(index, 1006);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) end(index, 1006);
        return;
    }
    if (!session.is_open()) return;
    session.heard_ms = state_.now_ms;
    take_input(index, {read_buffer_.get(), static_cast<std::size_t>(size)});
}

void Shard::take_input(SessionIndex index, std::span<char> input) {
    Session& session = state_.sessions[index];
    const std::size_t answered_before = state_.output.own_bytes();
    const auto has_its_share = [&] { return state_.output.own_bytes() - answered_before >= TurnOutput::kMaxBytes; };
    {
        FrameReader reader{session.input, input, state_.options.limits.frame_bytes};
        // One operation at a time: what is behind it is kept, and read when it is answered.
        while (session.is_open() && session.op == kNoIndex && !has_its_share()) {
            const ClientFrame frame = reader.next();
            if (frame.kind == ClientFrame::Kind::None || !take_frame(index, frame)) break;
        }
    }
    // Answers must arrive, so what a client can ask for in a turn bounds what is held for it.
    if (has_its_share()) note_unread(index);
    watch(index);
}

bool Shard::take_frame(SessionIndex index, const ClientFrame& frame) {
    switch (frame.kind) {
        case ClientFrame::Kind::Text:
            if (operations_.handle(index, frame.payload) == Operations::Outcome::TooMany) {
                const ErrorTraits& traits = traits_of(operations_.last_error());
                close_with(index, traits.close_code, traits.code);
                return false;
            }
            return true;
        case ClientFrame::Kind::Binary:
            close_with(index, 1003, "text messages only");
            return false;
        case ClientFrame::Kind::Ping: {
            std::string pong;
            append_frame(pong, Opcode::Pong, frame.payload);
            state_.output.owe(index, state_.output.add_bytes(pong, true));
            return true;
        }
        case ClientFrame::Kind::Pong:
            return true;
        case ClientFrame::Kind::Close: {
            const bool has_code = frame.code != CloseCode::NoStatus;
            close_with(index, has_code ? static_cast<std::uint16_t>(frame.code) : 1000, {});
            return false;
        }
        case ClientFrame::Kind::Violation:
            if (frame.code == CloseCode::MessageTooBig) {
                state_.send_error(index,
                                  {.code = ErrorCode::FrameTooBig, .message = frame.payload, .field = {}, .id = {}});
            }
            close_with(index, static_cast<std::uint16_t>(frame.code), frame.payload);
            return false;
        case ClientFrame::Kind::None:
            break;
    }
    return false;
}

int Shard::resume_reading() {
    const std::vector<SessionIndex> sessions = std::exchange(unread_, {});
    for (const SessionIndex index : sessions) {
        Session& session = state_.sessions[index];
        session.in_unread = false;
        if (session.is_open() && !session.blocked) take_input(index, {});
    }
    return static_cast<int>(sessions.size());
}

void Shard::note_unread(SessionIndex index) {
    Session& session = state_.sessions[index];
    if (!session.is_open() || session.op != kNoIndex || session.input.is_empty()) return;
    if (!std::exchange(session.in_unread, true)) unread_.push_back(index);
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
            if (const SessionIndex session = operations_.on_op_done(record); session != kNoIndex) note_unread(session);
            break;
        case ShardRecord::Kind::HttpAnswer:
            on_http_answer(record);
            break;
    }
}

void Shard::on_due(const ShardRecord& record) {
    ShardStream* const stream = state_.subscriptions.stream(record.sid);
    if (stream == nullptr) return;
    const TurnOutput::FrameIndex frame = state_.output.add_shared(record.frame, record.prev);
    for (const ShardStream::Member& member : stream->in_step) {
        state_.output.owe(member.session, frame, member.subscription);
    }
    stream->at = record.seq;
}

void Shard::on_answer(const ShardRecord& record) {
    ShardStream* const stream = state_.subscriptions.stream(record.sid);
    if (stream == nullptr) return;
    const TurnOutput::FrameIndex frame = state_.output.add_shared(record.frame, record.prev);
    stream->at = record.seq;
    // Those brought into step leave the list, their place taken by its last: from the end, nobody is passed over.
    for (std::size_t i = stream->waiting.size(); i > 0; --i) {
        const SubscriptionIndex index = stream->waiting[i - 1];
        Subscription& subscription = state_.subscriptions[index];
        if (!subscription.asked || subscription.waits_at != record.since) continue;
        if (state_.sessions[subscription.session].blocked) {
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
        state_.output.owe(session, state_.output.add_text(state_.text, record.since), index);
    }
    if (!record.frame.empty()) state_.output.owe(session, frame, index);
    state_.subscriptions.put_in_step(index);
    if (std::exchange(subscription.lag_told, false)) tell_caught_up(record, index);
}

/// It is missed where what it ends is missed: then the client is behind still.
void Shard::tell_caught_up(const ShardRecord& record, SubscriptionIndex index) {
    state_.text.clear();
    append_caught_up(state_.text, record.sid);
    const TurnOutput::FrameIndex frame = state_.output.add_text(state_.text, record.seq);
    state_.output.owe(state_.subscriptions[index].session, frame, index);
    caught_up_.push_back(frame);
}

void Shard::on_status(const ShardRecord& record) {
    state_.symbols.set_status(record.instrument, record.status);
    state_.symbols.set_scales(record.instrument, record.scales);
    std::vector<SessionIndex> sessions;
    const auto tell = [&](Subscription& subscription) {
        if (subscription.status_told == record.status.changes) return;
        if (state_.sessions[subscription.session].blocked) return;
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
    const TurnOutput::FrameIndex frame = state_.output.add_text(state_.text);
    for (const SessionIndex session : sessions) state_.output.owe(session, frame);
}

void Shard::on_http_answer(const ShardRecord& record) {
    if (http_answers_ == nullptr) return;
    const std::string_view bytes{record.frame.data(), record.frame.size()};
    http_answers_->on_http_answer(record.session, bytes.substr(0, record.header_size),
                                  bytes.substr(record.header_size));
}

// The end of a session

void Shard::close_with(SessionIndex index, std::uint16_t code, std::string_view reason) {
    Session& session = state_.sessions[index];
    std::string frame;
    append_close_frame(frame, static_cast<CloseCode>(code), reason);
    if (session.blocked) {
        session.blocked->rest += frame;
    } else {
        state_.output.owe(index, state_.output.add_bytes(frame, true));
    }
    state_.metrics.closed[code].add();
    begin_closing(index);
}

void Shard::begin_closing(SessionIndex index) {
    Session& session = state_.sessions[index];
    while (session.first_subscription != kNoIndex) state_.unsubscribe(index, session.first_subscription);
    if (session.op != kNoIndex) state_.ops[std::exchange(session.op, kNoIndex)]->session = kNoIndex;
    session.state = Session::State::Closing;
    session.heard_ms = state_.now_ms;
    closing_.push_back(index);
    watch(index);
}

void Shard::end(SessionIndex index, std::uint16_t code) {
    Session& session = state_.sessions[index];
    if (session.state == Session::State::Open) {
        state_.metrics.closed[code].add();
        begin_closing(index);
    }
    std::erase(closing_, index);
    if (session.blocked) state_.metrics.blocked_now.add(-1);
    session.blocked.reset();
    if (session.is_due_heartbeat) std::erase_if(heartbeats_, [=](const auto& due) { return due.session == index; });
    admission_.leave(std::exchange(session.place, Admission::kNoPlace));
    ::close(session.fd);
    session.fd = -1;
    session.state = Session::State::Free;
    --open_sessions_;
    ++come_and_gone_;
    last_come_or_gone_ms_ = state_.now_ms;
    state_.metrics.sessions.add(-1);
    ended_.push_back(index);
}

void Shard::watch(SessionIndex index) {
    Session& session = state_.sessions[index];
    if (session.fd < 0) return;
    const bool has_kept_ops = (session.op != kNoIndex || session.in_unread) && !session.input.is_empty();
    const bool holds_back = session.is_open() && (session.blocked || has_kept_ops);
    const std::uint32_t wanted = (holds_back ? 0U : EPOLLIN) | (session.blocked ? EPOLLOUT : 0U);
    if (wanted == session.watched) return;
    epoll_event event{};
    event.events = session.watched = wanted;
    event.data.u32 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, session.fd, &event);
}

void Shard::free_sessions() {
    free_.insert(free_.end(), ended_.begin(), ended_.end());
    ended_.clear();
}

/// Once many have come or gone, and a while after the last: handshakes and output leave holes in the heap.
void Shard::give_memory_back() {
    if (come_and_gone_ < kManySessions || state_.now_ms - last_come_or_gone_ms_ < kTrimAfterMs) return;
    come_and_gone_ = 0;
    auto& sessions = state_.sessions;
    while (!sessions.empty() && sessions.back().state == Session::State::Free) sessions.pop_back();
    for (auto* const list : {&free_, &unread_, &catching_up_}) {
        std::erase_if(*list, [&](SessionIndex index) { return index >= sessions.size(); });
        list->shrink_to_fit();
    }
    ended_.shrink_to_fit();
    state_.subscriptions.shrink();
    state_.output.shrink();
    ::malloc_trim(0);
}

void Shard::start_drain(book::UnixNanos now) {
    state_.advance_to(now);
    std::uniform_int_distribution<std::uint32_t> delay{kReconnectBaseMs, kReconnectMaxMs};
    for (SessionIndex index = 0; index < state_.sessions.size(); ++index) {
        if (!state_.sessions[index].is_open()) continue;
        state_.text.clear();
        append_goaway(state_.text, "restart", delay(state_.random));
        state_.send_text(index, state_.text);
        close_with(index, 1012, "restart");
    }
}

}  // namespace tickgate::gateway
