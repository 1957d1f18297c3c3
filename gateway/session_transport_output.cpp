// The half of SessionTransport that writes: one write for each session that is due something, and what becomes of those
// whose socket does not take it.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "gateway/session_transport.hpp"

namespace tickgate::gateway {
namespace {

// What may be gathered before it leaves, while it is still in the cache.
constexpr std::size_t kGatheredAtOnce = std::size_t{512} << 10;

}  // namespace

void SessionTransport::send_text(SessionIndex index, std::string_view payload) {
    Connection& connection = connections_[index];
    if (connection.blocked) {
        std::string frame;
        append_frame(frame, Opcode::Text, payload);
        keep(connection, frame, connection.blocked->rest);
    } else if (connection.is_open()) {
        output_.owe(index, output_.add_text(payload));
    }
}

void SessionTransport::send_frames(SessionIndex index, std::string_view frames) {
    Connection& connection = connections_[index];
    if (connection.blocked) {
        keep(connection, frames, connection.blocked->rest);
    } else if (connection.is_open()) {
        output_.owe(index, output_.add_bytes(frames, true));
    }
}

void SessionTransport::add_heartbeats() {
    if (heartbeats_.empty()) return;
    if (output_.empty() && now_ms_ < heartbeats_.front().alone_at_ms) return;
    std::erase_if(heartbeats_, [this](const DueHeartbeat& due) {
        Connection& connection = connections_[due.session];
        connection.is_due_heartbeat = connection.is_open() && !connection.blocked;
        return !connection.is_due_heartbeat;
    });
    heartbeat_text_.clear();
    handler_.append_heartbeat(heartbeat_text_);
    heartbeat_.clear();
    if (!heartbeat_text_.empty()) append_frame(heartbeat_, Opcode::Text, heartbeat_text_);
    append_frame(heartbeat_, Opcode::Ping, {});
    const TurnOutput::FrameIndex alone = output_.add_bytes(heartbeat_, false);
    riding_heartbeat_ = output_.add_shared(output_.bytes(alone), Position{});
    for (const DueHeartbeat& due : heartbeats_) {
        output_.owe(due.session, now_ms_ < due.alone_at_ms ? riding_heartbeat_ : alone);
    }
}

bool SessionTransport::is_riding_alone(const TurnGroup& group) const noexcept {
    return group.count == 1 && output_.entry(group, 0).frame == riding_heartbeat_;
}

int SessionTransport::deliver() {
    add_heartbeats();
    const auto deliveries = static_cast<int>(output_.deliveries());
    if (deliveries > 0) write_all();
    if (!alerts_.empty()) send_alerts();
    for (const SessionIndex index : std::exchange(hung_up_, {})) {
        if (connections_[index].fd >= 0) end(index, 1006);
    }
    output_.clear();
    free_places();
    give_memory_back();
    return deliveries;
}

void SessionTransport::write_all() {
    metrics_.turns.add();
    output_.arrange(first_in_turn_);
    first_in_turn_ = output_.middle_session();
    const std::uint64_t calls_before = writer_->system_calls();
    for (std::span<TurnGroup> groups = output_.next_groups(); !groups.empty(); groups = output_.next_groups()) {
        for (std::size_t first = 0; first < groups.size();) first = write_some(groups, first);
    }
    metrics_.writes.add(writer_->system_calls() - calls_before);
    const TurnOutput::DeflateCounts& deflated = output_.deflate_counts();
    metrics_.deflate_calls.add(deflated.calls);
    metrics_.deflate_bytes_in.add(deflated.bytes_in);
    metrics_.deflate_bytes_out.add(deflated.bytes_out);
    riding_heartbeat_ = kNoIndex;
    std::erase_if(heartbeats_, [this](const DueHeartbeat& due) { return !connections_[due.session].is_due_heartbeat; });
    for (const SessionIndex index : closing_) {
        const Connection& connection = connections_[index];
        if (!connection.blocked) ::shutdown(connection.fd, SHUT_WR);
    }
}

/// Writes as many of the groups as may be gathered at once; returns the next.
std::size_t SessionTransport::write_some(std::span<TurnGroup> groups, std::size_t next) {
    while (next < groups.size() && output_.gathered_bytes() < kGatheredAtOnce) {
        TurnGroup& group = groups[next];
        Connection& connection = connections_[group.session];
        if (connection.fd >= 0 && !connection.blocked && !is_riding_alone(group)) {
            connection.is_due_heartbeat = false;
            group.bytes = connection.takes_arrays ? output_.joined_as_array(group, connection.deflate_bits)
                                                  : output_.joined(group, connection.deflate_bits);
            if (connection.tls) group.bytes = sealed(group);
            if (!group.bytes.empty()) writer_->add(connection.fd, group.bytes, static_cast<std::uint32_t>(next));
        }
        ++next;
    }
    for (const WriteResult& result : writer_->flush()) on_written(groups[result.token], result.result);
    output_.release_gathered();
    return next;
}

void SessionTransport::on_written(const TurnGroup& group, std::int32_t result) {
    if (result < 0) return end(group.session, 1006);
    const auto accepted = static_cast<std::size_t>(result);
    metrics_.bytes_out.add(accepted);
    if (accepted < group.bytes.size()) return keep_rest(group, accepted);
    metrics_.deliveries.add(group.taken);
    if (group.taken == group.count) return;
    // More than a turn's share: the rest comes as if it had been slow.
    std::string kept;
    miss(group, group.taken, kept);
    if (!kept.empty()) return block(group.session, std::move(kept));
    if (is_open(group.session)) handler_.on_behind(group.session);
}

void SessionTransport::keep_rest(const TurnGroup& group, std::size_t accepted) {
    metrics_.blocked.add();
    // What was begun is ended, the rest is missed; an array is one message, and what is encrypted must all be sent.
    std::uint32_t begun = 0;
    std::size_t end = 0;
    const Connection& connection = connections_[group.session];
    while (begun < group.taken && end < accepted) {
        end += output_.bytes_for(output_.entry(group, begun++).frame, connection.deflate_bits).size();
    }
    if (connection.tls || (connection.takes_arrays && begun > 0)) {
        begun = group.taken;
        end = group.bytes.size();
    }
    std::string kept{group.bytes.data() + accepted, end - accepted};
    metrics_.deliveries.add(begun);
    miss(group, begun, kept);
    block(group.session, std::move(kept));
}

void SessionTransport::miss(const TurnGroup& group, std::uint32_t first, std::string& kept) {
    for (std::uint32_t i = first; i < group.count; ++i) {
        const TurnOutput::Entry entry = output_.entry(group, i);
        if (entry.subscription != kNoIndex) {
            if (is_open(group.session)) handler_.on_missed(group.session, entry);
        } else if (output_.must_arrive(entry.frame)) {
            keep(connections_[group.session], output_.bytes(entry.frame), kept);
        }
    }
    if (first < group.count && !is_open(group.session)) keep_end(connections_[group.session], kept);
}

void SessionTransport::keep(const Connection& connection, std::span<const char> frames, std::string& kept) {
    if (!connection.tls) {
        kept.append(frames.data(), frames.size());
        return;
    }
    const std::size_t size = kept.size();
    kept.resize(size + TlsSession::sealed_size(frames.size()));
    kept.resize(size + connection.tls->encrypt(frames, kept.data() + size).size());
}

/// A closing client gets nothing after what was kept.
void SessionTransport::keep_end(const Connection& connection, std::string& kept) {
    if (!connection.tls) return;
    const std::size_t size = kept.size();
    kept.resize(size + kSealedEnd);
    kept.resize(size + connection.tls->close_notify(kept.data() + size).size());
}

void SessionTransport::block(SessionIndex index, std::string kept) {
    connections_[index].blocked =
        std::make_unique<BlockedOutput>(BlockedOutput{.rest = std::move(kept), .written = 0, .took_last_ms = now_ms_});
    metrics_.blocked_now.add(1);
    if (is_open(index)) handler_.on_blocked(index);
    watch(index);
}

void SessionTransport::drain(SessionIndex index) {
    Connection& connection = connections_[index];
    BlockedOutput& output = *connection.blocked;
    if (output.written < output.rest.size()) {
        const ssize_t sent = ::send(connection.fd, output.rest.data() + output.written,
                                    output.rest.size() - output.written, MSG_DONTWAIT | MSG_NOSIGNAL);
        metrics_.writes.add();
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) end(index, 1006);
            return;
        }
        output.written += static_cast<std::size_t>(sent);
        output.took_last_ms = now_ms_;
        metrics_.bytes_out.add(static_cast<std::uint64_t>(sent));
        if (output.written < output.rest.size()) return;
    }
    unblock(index);
}

void SessionTransport::unblock(SessionIndex index) {
    Connection& connection = connections_[index];
    connection.blocked.reset();
    metrics_.blocked_now.add(-1);
    watch(index);
    if (!connection.is_open()) {
        ::shutdown(connection.fd, SHUT_WR);
        return;
    }
    connection.heard_ms = now_ms_;
    handler_.on_drained(index);
    note_unread(index);
}

}  // namespace tickgate::gateway
