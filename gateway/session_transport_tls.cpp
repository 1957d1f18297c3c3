// The part of SessionTransport that clients over TLS take beside the others.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/session_transport.hpp"

namespace tickgate::gateway {

void SessionTransport::take_sealed(SessionIndex index, std::span<const char> input) {
    using State = TlsSession::Decrypted::State;
    Connection& connection = connections_[index];
    State state = State::Full;
    while (state == State::Full && connection.is_open()) {
        std::string to_send;
        const TlsSession::Decrypted decrypted =
            connection.tls->decrypt(input, {decrypted_.get(), kInputBuffer}, to_send);
        state = decrypted.state;
        if (!to_send.empty()) note_alert(index, std::move(to_send));
        if (decrypted.size > 0) take_input(index, {decrypted_.get(), decrypted.size});
    }
    if (!connection.is_open()) return;
    if (state == State::Closed) {
        connection.is_last_input = connection.has_kept_input();
        if (!connection.is_last_input) end(index, 1006);
    }
    if (state == State::Failed) break_tls(index);
}

void SessionTransport::note_alert(SessionIndex index, std::string bytes) {
    const Connection& connection = connections_[index];
    if (connection.blocked) {
        connection.blocked->rest += bytes;
    } else {
        alerts_.push_back({index, std::move(bytes)});
    }
}

std::string SessionTransport::take_alert(SessionIndex index) {
    std::string bytes;
    std::erase_if(alerts_, [&](const Alert& alert) {
        if (alert.session == index) bytes += alert.bytes;
        return alert.session == index;
    });
    return bytes;
}

/// Those of clients that nothing was written to in this turn.
void SessionTransport::send_alerts() {
    while (!alerts_.empty()) {
        const SessionIndex index = alerts_.front().session;
        std::string bytes = take_alert(index);
        const int fd = connections_[index].fd;
        if (fd < 0) continue;
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        metrics_.writes.add();
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            end(index, 1006);
            continue;
        }
        bytes.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        if (!bytes.empty()) block(index, std::move(bytes));
    }
}

/// What the group was joined to, in records; behind a close frame also the end of TLS.
std::span<const char> SessionTransport::sealed(const TurnGroup& group) {
    const Connection& connection = connections_[group.session];
    const std::string alert = alerts_.empty() ? std::string{} : take_alert(group.session);
    const bool is_last = !connection.is_open() && group.taken == group.count;
    char* const out =
        output_.room(alert.size() + TlsSession::sealed_size(group.bytes.size()) + (is_last ? kSealedEnd : 0));
    char* const text = std::ranges::copy(alert, out).out;
    const std::size_t size = connection.tls->encrypt(group.bytes, text).size();
    if (size == 0) {
        break_tls(group.session);
        return {};
    }
    char* const end = text + size;
    return {out, end + (is_last ? connection.tls->close_notify(end).size() : 0)};
}

/// The client is told by an alert, if its socket takes one.
void SessionTransport::break_tls(SessionIndex index) {
    const std::string alert = take_alert(index);
    const Connection& connection = connections_[index];
    if (!connection.blocked) ::send(connection.fd, alert.data(), alert.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    metrics_.tls_errors.add();
    end(index, 1006);
}

}  // namespace tickgate::gateway
