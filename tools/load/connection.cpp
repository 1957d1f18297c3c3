#include "tools/load/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "tools/load/upgrade.hpp"

namespace tickgate::load {

namespace {

constexpr std::uint16_t kAbnormal = 1006;
constexpr std::uint16_t kProtocolError = 1002;
constexpr const char* kClosedByServer = "closed by the server";
constexpr std::size_t kMaxAnswer = 16 * 1024;  // of an upgrade; a server that writes more is none of ours

void set_option(int descriptor, int level, int option, int value) noexcept {
    setsockopt(descriptor, level, option, &value, sizeof value);
}

bool would_block() noexcept {
    return errno == EAGAIN || errno == EINTR;
}

}  // namespace

std::uint64_t wall_micros() noexcept {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Connection::~Connection() {
    break_off();
}

void Connection::connect(std::uint32_t token, int receive_buffer) {
    token_ = token;
    reading_ = true;
    socket_ = socket(wires_.site.endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return end(kAbnormal, std::strerror(errno));
    state_ = State::Connecting;
    set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
    if (receive_buffer > 0) set_option(socket_, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    if (const auto source = source_for(token, wires_.site.endpoint)) {
        // The port is chosen at connect(): bind() would have to find one that is free towards everybody.
        set_option(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        bind(socket_, reinterpret_cast<const sockaddr*>(&source->address), source->size);
    }
    const auto* server = reinterpret_cast<const sockaddr*>(&wires_.site.endpoint.address);
    if (::connect(socket_, server, wires_.site.endpoint.size) != 0 && errno != EINPROGRESS) {
        return end(kAbnormal, std::strerror(errno));
    }
    watched_ = EPOLLOUT;
    wires_.poller.add(socket_, token_, watched_);
}

void Connection::on_ready(std::uint32_t events) {
    if (state_ == State::Connecting) return on_connected();
    if ((events & EPOLLOUT) != 0) flush();
    if (state_ == State::Closed) return;
    // A reader that has stopped is told of a broken connection all the same, and reading finds out why.
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(wires_.buffer.size());
}

void Connection::on_connected() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(kAbnormal, std::strerror(error));
    if (wires_.site.tls) return start_tls();
    start_upgrade();
}

void Connection::start_tls() {
    state_ = State::Securing;
    tls_ = std::make_unique<TlsLayer>(*wires_.site.tls, wires_.site.url.host, session_.get());
    (void)finish_handshake();
}

/// Whether it is done. Whatever TLS has to say is sent, also why it refuses.
bool Connection::finish_handshake() {
    const TlsLayer::Step step = tls_->handshake(unsent_);
    flush();
    if (step == TlsLayer::Step::WantsMore) return false;
    if (step != TlsLayer::Step::Done) {
        end(kAbnormal, tls_->fault(), tls_->is_distrusted() ? Refusal::ForGood : Refusal::ForNow);
        return false;
    }
    listener_.on_secured(tls_->was_resumed());
    start_upgrade();
    return true;
}

void Connection::start_upgrade() {
    state_ = State::Upgrading;
    nonce_ = wires_.nonces++;
    send_bytes(upgrade_request(wires_.site.url, upgrade_key(nonce_), wires_.site.deflate));
}

void Connection::read(std::size_t limit) {
    if (state_ == State::Closed || state_ == State::Connecting) return;
    const ssize_t got = recv(socket_, wires_.buffer.data(), std::min(limit, wires_.buffer.size()), 0);
    if (got < 0 && would_block()) return;
    if (got < 0) return end(kAbnormal, std::strerror(errno));
    if (got == 0) return end(kAbnormal, state_ == State::Securing ? tls_->fault() : std::string{kClosedByServer});
    const std::string_view bytes{wires_.buffer.data(), static_cast<std::size_t>(got)};
    wire_bytes_ += bytes.size();
    if (tls_) return take_encrypted(bytes, wall_micros());
    take(bytes, wall_micros());
}

void Connection::take_encrypted(std::string_view bytes, std::uint64_t received) {
    tls_->receive(bytes);
    if (state_ == State::Securing && !finish_handshake()) return;
    TlsLayer::Step step = TlsLayer::Step::Done;
    while (step == TlsLayer::Step::Done) {
        const std::size_t unsent = unsent_.size();
        const TlsLayer::Read read = tls_->read(wires_.decrypted, unsent_);
        if (unsent == 0 && !unsent_.empty()) flush();
        step = read.step;
        if (read.size > 0) take({wires_.decrypted.data(), read.size}, received);
        if (state_ == State::Closed) return;
    }
    if (step == TlsLayer::Step::Closed) return end(kAbnormal, kClosedByServer);
    if (step == TlsLayer::Step::Failed) return end(kAbnormal, tls_->fault());
}

void Connection::take(std::string_view bytes, std::uint64_t received) {
    const std::string kept = std::exchange(unfinished_, {});
    const std::string joined = kept.empty() ? std::string{} : kept + std::string{bytes};
    const std::string_view input = kept.empty() ? bytes : std::string_view{joined};
    if (state_ == State::Upgrading) return take_upgrade(input, received);
    take_frames(input, received);
}

void Connection::take_upgrade(std::string_view bytes, std::uint64_t received) {
    const std::size_t end_of_head = bytes.find("\r\n\r\n");
    if (end_of_head == std::string_view::npos) {
        if (bytes.size() > kMaxAnswer) return end(kAbnormal, "the answer to the upgrade has no end");
        unfinished_ = bytes;
        return;
    }
    const std::string_view head = bytes.substr(0, end_of_head);
    const std::string fault = upgrade_fault(head, upgrade_key(nonce_));
    if (!fault.empty()) return end(kAbnormal, fault);
    const std::string mismatch = extension_fault(head, wires_.site.deflate);
    if (!mismatch.empty()) return end(kAbnormal, mismatch, Refusal::ForGood);
    state_ = State::Open;
    listener_.on_open();
    take_frames(bytes.substr(end_of_head + 4), received);
}

void Connection::take_frames(std::string_view bytes, std::uint64_t received) {
    ServerFrames frames{bytes, wires_.site.deflate};
    while (const std::optional<ServerFrame> frame = frames.next()) {
        on_frame(*frame, received);
        if (state_ != State::Open) return;
    }
    if (frames.broken()) return end(kProtocolError, "a frame that a server must not send");
    unfinished_ = frames.rest();
}

void Connection::on_frame(const ServerFrame& frame, std::uint64_t received) {
    switch (frame.opcode) {
        case gateway::Opcode::Text:
            if (frame.is_compressed) return on_compressed(frame.payload, received);
            return listener_.on_text(frame.payload, received);
        case gateway::Opcode::Ping:
            return send(gateway::Opcode::Pong, frame.payload);
        case gateway::Opcode::Close:
            return end(close_code_of(frame.payload), kClosedByServer);
        default:
            return;
    }
}

void Connection::on_compressed(std::string_view payload, std::uint64_t received) {
    using Outcome = gateway::Inflater::Outcome;
    const Outcome outcome = wires_.inflater.inflate(payload, client::kMaxMessage);
    if (outcome == Outcome::Done) return listener_.on_text(wires_.inflater.text(), received);
    end(kProtocolError,
        outcome == Outcome::TooBig ? "a message that inflates to too much" : "a message that is no deflate");
}

void Connection::send(gateway::Opcode opcode, std::string_view payload) {
    if (state_ != State::Open) return;
    std::string frame;
    append_client_frame(frame, opcode, payload, static_cast<std::uint32_t>(wires_.nonces++ * 0x9e3779b1U));
    send_bytes(frame);
}

void Connection::send_bytes(std::string_view bytes) {
    const bool waits = !unsent_.empty();
    if (tls_) {
        tls_->encrypt(bytes, unsent_);
    } else {
        unsent_.append(bytes);
    }
    if (!waits) flush();
}

// A broken connection is left to the read that finds it: a caller in the middle of something is not told of its end.
void Connection::flush() {
    const ssize_t sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && !would_block()) {
        unsent_.clear();
    } else if (sent == std::ssize(unsent_)) {
        std::string{}.swap(unsent_);
    } else if (sent > 0) {
        unsent_.erase(0, static_cast<std::size_t>(sent));
    }
    watch();
}

void Connection::stop_reading() {
    reading_ = false;
    watch();
}

void Connection::watch() {
    const std::uint32_t in = reading_ ? std::uint32_t{EPOLLIN} : 0;
    const std::uint32_t out = unsent_.empty() ? 0 : std::uint32_t{EPOLLOUT};
    if (watched_ == (in | out)) return;
    watched_ = in | out;
    wires_.poller.change(socket_, token_, watched_);
}

void Connection::break_off() noexcept {
    if (socket_ < 0) return;
    const linger reset{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(std::exchange(socket_, -1));
    if (tls_) {
        if (client::TlsSession left = tls_->take_session()) session_ = std::move(left);
        tls_.reset();
    }
    std::string{}.swap(unfinished_);
    std::string{}.swap(unsent_);
    state_ = State::Closed;
}

void Connection::end(std::uint16_t code, std::string_view why, Refusal refusal) {
    const bool was_open = state_ == State::Open;
    break_off();
    if (was_open) return listener_.on_close(code);
    listener_.on_refused(why, refusal);
}

}  // namespace tickgate::load
