#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/tls_session.hpp"

namespace tickgate::gateway::detail {

namespace net = boost::asio;

/// A client's connection, plain or over TLS, as Asio and Beast want a stream. Over TLS, reads and writes do not
/// overlap: that is how HTTP/1.1 is served here. It is not moved, and outlives its operations. Thread: the
/// io_context's.
class ClientStream {
public:
    // The concrete executor: half the memory of any_io_executor for each socket, and no type erasure on the way.
    using executor_type = net::io_context::executor_type;
    using Socket = net::basic_stream_socket<net::ip::tcp, executor_type>;
    using ErrorCode = boost::system::error_code;

    /// Owns the descriptor. Without `tls` it is plain.
    ClientStream(net::io_context& io, int fd, std::unique_ptr<TlsSession> tls);
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;

    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
    /// None on a plain connection.
    [[nodiscard]] const TlsSession* tls() const noexcept { return tls_.get(); }

    /// Needs tls(). `handler(error)`: an error of the socket, or `protocol_error` where the session has failed; the
    /// client was told then.
    template <typename Handler>
    void async_handshake(Handler handler);
    /// After a handshake that failed: what is left of the connection is plain.
    void drop_tls() noexcept { tls_.reset(); }

    template <typename Buffers, typename Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler);
    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler);

    /// `handler(error)`: there may be something to read.
    template <typename Handler>
    void async_wait_for_input(Handler&& handler);
    [[nodiscard]] bool has_input() const;

    void cancel();
    void close();
    /// Says that nothing more comes.
    void finish_sending();

    struct Released {
        int fd = -1;  ///< -1: the connection has failed, or the client said that it sends nothing more
        std::unique_ptr<TlsSession> tls;
        std::string left_over;  ///< what was received and not read, in plain
    };
    /// The stream is closed afterwards.
    [[nodiscard]] Released release();

private:
    void receive(ErrorCode& error);
    [[nodiscard]] TlsSession::Handshake shake_hands(ErrorCode& error);
    [[nodiscard]] std::size_t take(net::mutable_buffer into, ErrorCode& error);
    void send_now(std::string_view bytes, ErrorCode& error);
    [[nodiscard]] bool seal(net::const_buffer plain);
    template <typename Handler>
    void wait_and_take(net::mutable_buffer into, Handler handler);

    static constexpr std::size_t kMostSealed = 64 * 1'024;  // in one write

    Socket socket_;
    std::unique_ptr<TlsSession> tls_;
    std::string sealed_;    // received, not decrypted yet
    std::string to_send_;   // encrypted, being written
    ErrorCode end_;         // why nothing more is to be read
    bool is_full_ = false;  // decrypted text waits in the session
};

/// Beast closes a WebSocket that takes too long by this.
inline void beast_close_socket(ClientStream& stream) {
    stream.close();
}

template <typename Handler>
void ClientStream::async_handshake(Handler handler) {
    socket_.async_wait(Socket::wait_read, [this, handler = std::move(handler)](const ErrorCode& waited) mutable {
        ErrorCode error = waited;
        const auto outcome = error ? TlsSession::Handshake::WantsMore : shake_hands(error);
        if (error) return handler(error);
        net::async_write(socket_, net::buffer(std::as_const(to_send_)),
                         [this, outcome, handler = std::move(handler)](const ErrorCode& written, std::size_t) mutable {
                             std::string{}.swap(to_send_);
                             if (written) return handler(written);
                             if (outcome == TlsSession::Handshake::WantsMore)
                                 return async_handshake(std::move(handler));
                             const bool is_done = outcome == TlsSession::Handshake::Done;
                             handler(is_done ? ErrorCode{} : make_error_code(boost::system::errc::protocol_error));
                         });
    });
}

template <typename Buffers, typename Handler>
void ClientStream::async_read_some(const Buffers& buffers, Handler&& handler) {
    if (!tls_) return socket_.async_read_some(buffers, std::forward<Handler>(handler));
    const net::mutable_buffer into = *net::buffer_sequence_begin(buffers);
    ErrorCode error;
    const std::size_t size = take(into, error);
    if (size == 0 && !error) return wait_and_take(into, std::forward<Handler>(handler));
    net::post(get_executor(),
              [error, size, handler = std::forward<Handler>(handler)]() mutable { handler(error, size); });
}

template <typename Handler>
void ClientStream::wait_and_take(net::mutable_buffer into, Handler handler) {
    socket_.async_wait(Socket::wait_read, [this, into, handler = std::move(handler)](const ErrorCode& waited) mutable {
        ErrorCode error = waited;
        std::size_t size = 0;
        if (!error) receive(error);
        if (!error) size = take(into, error);
        if (size == 0 && !error) return wait_and_take(into, std::move(handler));
        handler(error, size);
    });
}

template <typename Buffers, typename Handler>
void ClientStream::async_write_some(const Buffers& buffers, Handler&& handler) {
    if (!tls_) return socket_.async_write_some(buffers, std::forward<Handler>(handler));
    std::size_t size = 0;
    bool is_sealed = true;
    for (auto it = net::buffer_sequence_begin(buffers); it != net::buffer_sequence_end(buffers); ++it) {
        const net::const_buffer plain = net::buffer(net::const_buffer{*it}, kMostSealed - size);
        is_sealed = is_sealed && seal(plain);
        size += plain.size();
    }
    net::async_write(socket_, net::buffer(std::as_const(to_send_)),
                     [this, size, is_sealed, handler = std::forward<Handler>(handler)](const ErrorCode& written,
                                                                                       std::size_t) mutable {
                         std::string{}.swap(to_send_);
                         if (written) return handler(written, std::size_t{0});
                         if (is_sealed) return handler(ErrorCode{}, size);
                         handler(make_error_code(boost::system::errc::protocol_error), std::size_t{0});
                     });
}

template <typename Handler>
void ClientStream::async_wait_for_input(Handler&& handler) {
    if (!is_full_ && sealed_.empty()) return socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
    net::post(get_executor(), [handler = std::forward<Handler>(handler)]() mutable { handler(ErrorCode{}); });
}

}  // namespace tickgate::gateway::detail
