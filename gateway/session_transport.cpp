#include "gateway/session_transport.hpp"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace tickgate::gateway {
namespace {

constexpr int kEventsPerTurn = 512;
constexpr std::size_t kManySessions = 1'000;
constexpr std::uint64_t kTrimAfterMs = 500;
constexpr std::uint64_t kSlotMs = 100;
constexpr std::uint64_t kSilentHeartbeats = 3;
constexpr std::uint64_t kHeartbeatPatienceMs = 500;
constexpr std::uint64_t kCloseGraceMs = 2'000;

}  // namespace

SessionTransport::SessionTransport(const TransportOptions& options, SessionHandler& handler, Admission& admission,
                                   TransportMetrics& metrics, std::unique_ptr<SocketWriter> writer)
    : options_{options},
      handler_{handler},
      admission_{admission},
      metrics_{metrics},
      writer_{std::move(writer)},
      output_{options.compression},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      read_buffer_{std::make_unique<char[]>(kInputBuffer + kInputPadding)} {
    if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

SessionTransport::~SessionTransport() {
    for (const Connection& connection : connections_) {
        if (connection.fd >= 0) ::close(connection.fd);
    }
    ::close(epoll_);
}

void SessionTransport::add(UpgradedClient client) {
    const SessionIndex index = take_place();
    Connection& connection = connections_[index];
    connection = Connection{};
    connection.fd = client.fd;
    connection.tls = std::move(client.tls);
    if (connection.tls && !decrypted_) decrypted_ = std::make_unique<char[]>(kInputBuffer + kInputPadding);
    connection.deflate_bits = client.deflate_bits;
    connection.state = Connection::State::Open;
    connection.heard_ms = now_ms_;
    ++open_sessions_;
    ++come_and_gone_;
    last_come_or_gone_ms_ = now_ms_;
    metrics_.accepted.add();
    metrics_.sessions.add(1);
    handler_.on_open(index);

    epoll_event event{};
    event.events = connection.watched = EPOLLIN;
    event.data.u32 = index;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) return end(index, 1011);
    const Admission::Decision decision = admission_.enter(client.remote_address);
    connection.place = decision.place;
    if (!decision.is_admitted) return handler_.on_refused(index, decision.refusal);
    for (std::string_view rest = client.left_over; !rest.empty() && connection.is_open();) {
        const std::size_t size = rest.copy(read_buffer_.get(), kInputBuffer);
        rest.remove_prefix(size);
        take_input(index, {read_buffer_.get(), size});
    }
}

SessionIndex SessionTransport::take_place() {
    if (free_.empty()) {
        connections_.emplace_back();
        return static_cast<SessionIndex>(connections_.size() - 1);
    }
    const SessionIndex index = free_.back();
    free_.pop_back();
    return index;
}

// A turn's time is older than that of a session which came in since: taken as it is, the session would have last been
// heard of in the future.
void SessionTransport::advance_to(book::UnixNanos time) noexcept {
    if (time <= now_) return;
    now_ = time;
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch();
    now_ms_ = static_cast<std::uint64_t>(millis.count());
}

// What comes in

int SessionTransport::read_clients() {
    const int resumed = resume_paused();
    return resumed + poll_sockets();
}

int SessionTransport::poll_sockets() {
    std::array<epoll_event, kEventsPerTurn> events;
    const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, 0);
    for (int i = 0; i < count; ++i) {
        const SessionIndex index = events[static_cast<std::size_t>(i)].data.u32;
        const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
        if ((what & EPOLLOUT) != 0 && connections_[index].blocked) drain(index);
        if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && connections_[index].fd >= 0) read(index);
    }
    return std::max(count, 0);
}

void SessionTransport::read(SessionIndex index) {
    Connection& connection = connections_[index];
    const ssize_t size = ::recv(connection.fd, read_buffer_.get(), kInputBuffer, MSG_DONTWAIT);
    if (size == 0 && !connection.is_open()) return hung_up_.push_back(index);  // what it is due still goes out
    if (size == 0) return end(index, 1006);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) end(index, 1006);
        return;
    }
    if (!connection.is_open()) return;
    connection.heard_ms = now_ms_;
    const std::span<char> input{read_buffer_.get(), static_cast<std::size_t>(size)};
    if (connection.tls) return take_sealed(index, input);
    take_input(index, input);
}

void SessionTransport::take_input(SessionIndex index, std::span<char> input) {
    Connection& connection = connections_[index];
    const std::size_t answered_before = output_.own_bytes();
    const auto has_its_share = [&] { return output_.own_bytes() - answered_before >= TurnOutput::kMaxBytes; };
    {
        FrameReader reader{connection.input, input, options_.message_bytes,
                           connection.deflate_bits != 0 ? &inflater_ : nullptr};
        while (connection.is_open() && !connection.is_paused && !has_its_share()) {
            const ClientFrame frame = reader.next();
            if (frame.kind == ClientFrame::Kind::None) break;
            take_frame(index, frame);
        }
    }
    // Answers must arrive, so what a client can ask for in a turn bounds what is held for it.
    if (has_its_share()) note_unread(index);
    if (connection.is_last_input && connection.is_open() && !connection.has_kept_input()) return end(index, 1006);
    watch(index);
}

void SessionTransport::take_frame(SessionIndex index, const ClientFrame& frame) {
    switch (frame.kind) {
        case ClientFrame::Kind::Text:
            return handler_.on_text(index, frame.payload);
        case ClientFrame::Kind::Binary:
            return handler_.on_binary(index, frame.payload);
        case ClientFrame::Kind::Ping: {
            std::string pong;
            append_frame(pong, Opcode::Pong, frame.payload);
            return send_frames(index, pong);
        }
        case ClientFrame::Kind::Close:
            return close(index, frame.code == CloseCode::NoStatus ? 1000 : static_cast<std::uint16_t>(frame.code), {});
        case ClientFrame::Kind::Violation:
            handler_.on_violation(index, frame.code, frame.payload);
            return close(index, static_cast<std::uint16_t>(frame.code), frame.payload);
        case ClientFrame::Kind::Pong:
        case ClientFrame::Kind::None:
            return;
    }
}

int SessionTransport::resume_paused() {
    const std::vector<SessionIndex> sessions = std::exchange(unread_, {});
    for (const SessionIndex index : sessions) {
        Connection& connection = connections_[index];
        connection.in_unread = false;
        if (connection.is_open() && !connection.blocked) take_input(index, {});
    }
    return static_cast<int>(sessions.size());
}

void SessionTransport::resume_reading(SessionIndex index) {
    connections_[index].is_paused = false;
    note_unread(index);
}

void SessionTransport::note_unread(SessionIndex index) {
    Connection& connection = connections_[index];
    if (!connection.is_open() || connection.is_paused || connection.input.is_empty()) return;
    if (!std::exchange(connection.in_unread, true)) unread_.push_back(index);
}

// Time

void SessionTransport::run_timers() {
    if (now_ms_ < next_slot_ms_) return;
    const std::uint32_t slots = std::max<std::uint32_t>(options_.heartbeat_ms / static_cast<std::uint32_t>(kSlotMs), 1);
    const std::uint64_t late = next_slot_ms_ == 0 ? 0 : (now_ms_ - next_slot_ms_) / kSlotMs;
    const std::uint64_t due = std::min<std::uint64_t>(late + 1, slots);
    next_slot_ms_ = next_slot_ms_ == 0 ? now_ms_ + kSlotMs : next_slot_ms_ + (late + 1) * kSlotMs;

    for (std::uint64_t slot = 0; slot < due; ++slot) {
        for (SessionIndex index = next_slot_; index < connections_.size(); index += slots) check(index);
        next_slot_ = (next_slot_ + 1) % slots;
    }
    for (const SessionIndex index : std::vector<SessionIndex>{closing_}) {
        if (now_ms_ - connections_[index].heard_ms >= kCloseGraceMs) end(index, 1006);
    }
}

void SessionTransport::check(SessionIndex index) {
    Connection& connection = connections_[index];
    if (!connection.is_open()) return;
    if (connection.blocked) {
        const std::uint64_t silent_ms = now_ms_ - connection.blocked->took_last_ms;
        if (silent_ms >= std::uint64_t{options_.slow_close_s} * 1'000) handler_.on_slow(index);
        return;
    }
    if (options_.heartbeat_ms == 0) return;
    if (now_ms_ - connection.heard_ms > kSilentHeartbeats * options_.heartbeat_ms) {
        return close(index, 1001, "no sign of life");
    }
    if (std::exchange(connection.is_due_heartbeat, true)) return;
    const std::uint64_t patience_ms = std::min<std::uint64_t>(kHeartbeatPatienceMs, options_.heartbeat_ms / 4);
    heartbeats_.push_back({index, now_ms_ + patience_ms});
}

/// Once many have come or gone, and a while after the last: handshakes and output leave holes in the heap.
void SessionTransport::give_memory_back() {
    if (come_and_gone_ < kManySessions || now_ms_ - last_come_or_gone_ms_ < kTrimAfterMs) return;
    come_and_gone_ = 0;
    while (!connections_.empty() && connections_.back().state == Connection::State::Free) connections_.pop_back();
    for (auto* const list : {&free_, &unread_}) {
        std::erase_if(*list, [this](SessionIndex index) { return index >= connections_.size(); });
        list->shrink_to_fit();
    }
    ended_.shrink_to_fit();
    output_.shrink();
    handler_.on_shrunk(connections_.size());
    ::malloc_trim(0);
}

// The end of a session

void SessionTransport::close(SessionIndex index, std::uint16_t code, std::string_view reason) {
    std::string frame;
    append_close_frame(frame, static_cast<CloseCode>(code), reason);
    send_frames(index, frame);
    if (const Connection& connection = connections_[index]; connection.blocked) {
        keep_end(connection, connection.blocked->rest);
    }
    metrics_.closed[code].add();
    begin_closing(index);
}

void SessionTransport::begin_closing(SessionIndex index) {
    Connection& connection = connections_[index];
    connection.state = Connection::State::Closing;
    connection.heard_ms = now_ms_;
    closing_.push_back(index);
    handler_.on_closing(index);
    watch(index);
}

void SessionTransport::end(SessionIndex index, std::uint16_t code) {
    Connection& connection = connections_[index];
    if (connection.is_open()) {
        metrics_.closed[code].add();
        begin_closing(index);
    }
    std::erase(closing_, index);
    if (connection.blocked) metrics_.blocked_now.add(-1);
    connection.blocked.reset();
    connection.tls.reset();
    if (connection.is_due_heartbeat) std::erase_if(heartbeats_, [=](const auto& due) { return due.session == index; });
    admission_.leave(std::exchange(connection.place, Admission::kNoPlace));
    ::close(connection.fd);
    connection.fd = -1;
    connection.state = Connection::State::Free;
    --open_sessions_;
    ++come_and_gone_;
    last_come_or_gone_ms_ = now_ms_;
    metrics_.sessions.add(-1);
    ended_.push_back(index);
}

void SessionTransport::watch(SessionIndex index) {
    Connection& connection = connections_[index];
    if (connection.fd < 0) return;
    const bool holds_back = connection.is_open() && (connection.blocked || connection.has_kept_input());
    const std::uint32_t wanted = (holds_back ? 0U : EPOLLIN) | (connection.blocked ? EPOLLOUT : 0U);
    if (wanted == connection.watched) return;
    epoll_event event{};
    event.events = connection.watched = wanted;
    event.data.u32 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void SessionTransport::free_places() {
    free_.insert(free_.end(), ended_.begin(), ended_.end());
    ended_.clear();
}

}  // namespace tickgate::gateway
