#include "gateway/detail/client_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cassert>
#include <cerrno>
#include <span>

namespace tickgate::gateway::detail {
namespace {

constexpr std::size_t kReceiveSize = 16 * 1'024;

}  // namespace

// Asio asks for a protocol and uses it for sockets that it opens itself.
ClientStream::ClientStream(net::io_context& io, int fd, std::unique_ptr<TlsSession> tls)
    : socket_{io, net::ip::tcp::v4(), fd},
      tls_{std::move(tls)} {}

/// Takes what the socket has, once.
void ClientStream::receive(ErrorCode& error) {
    std::array<char, kReceiveSize> buffer;
    const ssize_t size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) {
        sealed_.append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size == 0) {
        error = net::error::eof;
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        error.assign(errno, boost::system::system_category());
    }
}

TlsSession::Handshake ClientStream::shake_hands(ErrorCode& error) {
    receive(error);
    if (error) return TlsSession::Handshake::WantsMore;
    std::span<const char> input{sealed_};
    const auto outcome = tls_->handshake(input, to_send_);
    sealed_.erase(0, sealed_.size() - input.size());
    return outcome;
}

/// Decrypts what is there; nothing without an error where more must be received first.
std::size_t ClientStream::take(net::mutable_buffer into, ErrorCode& error) {
    error = end_;
    if (error || (sealed_.empty() && !is_full_)) return 0;
    std::span<const char> input{sealed_};
    std::string answer;
    const auto done = tls_->decrypt(input, {static_cast<char*>(into.data()), into.size()}, answer);
    sealed_.erase(0, sealed_.size() - input.size());
    if (sealed_.empty()) std::string{}.swap(sealed_);
    using State = TlsSession::Decrypted::State;
    is_full_ = done.state == State::Full;
    if (done.state == State::Closed) end_ = net::error::eof;
    send_now(answer, end_);
    if (done.state == State::Failed) end_ = make_error_code(boost::system::errc::protocol_error);
    if (done.size == 0) error = end_;
    return done.size;
}

/// What TLS itself has to say while nothing else is under way is a few bytes: a socket that does not take them is full
/// of what the client does not read.
void ClientStream::send_now(std::string_view bytes, ErrorCode& error) {
    if (bytes.empty()) return;
    assert(to_send_.empty());
    const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(bytes.size())) error = net::error::no_buffer_space;
}

bool ClientStream::seal(net::const_buffer plain) {
    if (plain.size() == 0) return true;
    const std::size_t begin = to_send_.size();
    to_send_.resize(begin + TlsSession::sealed_size(plain.size()));
    const auto sealed = tls_->encrypt({static_cast<const char*>(plain.data()), plain.size()}, to_send_.data() + begin);
    to_send_.resize(begin + sealed.size());
    return !sealed.empty();
}

bool ClientStream::has_input() const {
    ErrorCode ignored;
    return is_full_ || !sealed_.empty() || socket_.available(ignored) != 0;
}

void ClientStream::cancel() {
    ErrorCode ignored;
    socket_.cancel(ignored);
}

void ClientStream::close() {
    ErrorCode ignored;
    socket_.close(ignored);
}

void ClientStream::finish_sending() {
    ErrorCode ignored;
    if (tls_) {
        std::array<char, TlsSession::sealed_size(2)> room;
        const auto sealed = tls_->close_notify(room.data());
        send_now({sealed.data(), sealed.size()}, ignored);
    }
    socket_.shutdown(Socket::shutdown_send, ignored);
}

ClientStream::Released ClientStream::release() {
    Released released;
    std::array<char, kReceiveSize> plain;
    ErrorCode error;
    while (tls_ && !error && (is_full_ || !sealed_.empty())) {
        released.left_over.append(plain.data(), take(net::buffer(plain), error));
    }
    if (error || end_) return released;
    const int fd = socket_.release(error);
    if (error) return released;
    released.fd = fd;
    released.tls = std::move(tls_);
    return released;
}

}  // namespace tickgate::gateway::detail
