#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/deflate.hpp"
#include "tools/load/endpoint.hpp"
#include "tools/load/poller.hpp"
#include "tools/load/server_frames.hpp"
#include "tools/load/tls_layer.hpp"

namespace tickgate::load {

/// Whether trying again may help.
enum class Refusal : std::uint8_t { ForNow, ForGood };

/// What a connection tells its owner, which must not connect anew from within.
class ConnectionListener {
public:
    virtual ~ConnectionListener() = default;
    /// The TLS handshake is done, where there is one.
    virtual void on_secured(bool resumed) = 0;
    virtual void on_open() = 0;
    /// One text message and when its bytes were read, in microseconds since 1970. The view lives until the call
    /// returns.
    virtual void on_text(std::string_view text, std::uint64_t received) = 0;
    /// It never opened.
    virtual void on_refused(std::string_view why, Refusal refusal) = 0;
    /// It was open. `code` is that of the server's close frame, 1006 where there was none.
    virtual void on_close(std::uint16_t code) = 0;
};

/// What all connections of a process share.
struct Wires {
    explicit Wires(const Site& of) : site{of} {}

    const Site& site;
    Poller poller;
    std::string buffer = std::string(256 * 1024, '\0');                    ///< for one read; nothing is kept in it
    std::string decrypted = std::string(site.tls ? 256 * 1024 : 0, '\0');  ///< likewise
    gateway::Inflater inflater;
    std::uint64_t nonces = 0;  ///< the next nonce; starts anywhere
};

/// One WebSocket over TCP, without a buffer or timer of its own: a hundred bytes or so while nothing is unfinished, and
/// what OpenSSL needs where it goes over TLS. That resumes the TLS session of the connection before.
class Connection {
public:
    Connection(Wires& wires, ConnectionListener& listener) : wires_{wires}, listener_{listener} {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Precondition: not connected. `token` is what the poller names it by; `receive_buffer` in bytes, 0: the kernel's.
    void connect(std::uint32_t token, int receive_buffer);
    /// What the poller said of it.
    void on_ready(std::uint32_t events);
    /// Reads and handles at most `limit` bytes.
    void read(std::size_t limit);
    /// Leaves what comes in to the kernel's buffer; from now on only read() takes it out.
    void stop_reading();
    void send_text(std::string_view text) { send(gateway::Opcode::Text, text); }
    /// A sign of life that no ping asked for.
    void send_pong() { send(gateway::Opcode::Pong, {}); }
    /// Breaks it off by a reset, which leaves no port behind in TIME_WAIT. The listener is told nothing.
    void break_off() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return state_ == State::Open; }
    /// All that the socket has brought since the last reset.
    [[nodiscard]] std::uint64_t wire_bytes() const noexcept { return wire_bytes_; }
    void reset_wire_bytes() noexcept { wire_bytes_ = 0; }

private:
    enum class State : std::uint8_t { Closed, Connecting, Securing, Upgrading, Open };

    void on_connected();
    void start_tls();
    bool finish_handshake();
    void take_encrypted(std::string_view bytes, std::uint64_t received);
    void start_upgrade();
    void take(std::string_view bytes, std::uint64_t received);
    void take_upgrade(std::string_view bytes, std::uint64_t received);
    void take_frames(std::string_view bytes, std::uint64_t received);
    void on_compressed(std::string_view payload, std::uint64_t received);
    void on_frame(const ServerFrame& frame, std::uint64_t received);
    void send(gateway::Opcode opcode, std::string_view payload);
    void send_bytes(std::string_view bytes);
    void flush();
    void watch();
    void end(std::uint16_t code, std::string_view why, Refusal refusal = Refusal::ForNow);

    Wires& wires_;
    ConnectionListener& listener_;
    std::unique_ptr<TlsLayer> tls_;  // while connected
    client::TlsSession session_;     // to be resumed
    std::uint64_t nonce_ = 0;
    std::uint64_t wire_bytes_ = 0;
    std::string unfinished_;  // of the upgrade's answer, or of a frame
    std::string unsent_;
    int socket_ = -1;
    std::uint32_t token_ = 0;
    std::uint32_t watched_ = 0;  // events that the poller was asked for
    State state_ = State::Closed;
    bool reading_ = true;
};

/// The wall clock in microseconds, as the gateway's `ts`.
[[nodiscard]] std::uint64_t wall_micros() noexcept;

}  // namespace tickgate::load
