#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/client/ws_url.hpp"
#include "tools/load/endpoint.hpp"
#include "tools/load/poller.hpp"
#include "tools/load/server_frames.hpp"

namespace tickgate::load {

/// What a connection tells its owner, which must not connect anew from within.
class ConnectionListener {
public:
    virtual ~ConnectionListener() = default;
    virtual void on_open() = 0;
    /// One text message and when its bytes were read, in microseconds since 1970. The view lives until the call
    /// returns.
    virtual void on_text(std::string_view text, std::uint64_t received) = 0;
    /// It never opened.
    virtual void on_refused(std::string_view why) = 0;
    /// It was open. `code` is that of the server's close frame, 1006 where there was none.
    virtual void on_close(std::uint16_t code) = 0;
};

/// What all connections of a process share.
struct Wires {
    Poller poller;
    Endpoint server;
    client::WsUrl url;
    std::string buffer = std::string(256 * 1024, '\0');  ///< for one read; nothing is kept in it
    std::uint64_t nonces = 0;                            ///< the next nonce; starts anywhere
};

/// One WebSocket over TCP, without a buffer or timer of its own: a hundred bytes or so while nothing is unfinished.
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

private:
    enum class State : std::uint8_t { Closed, Connecting, Upgrading, Open };

    void start_upgrade();
    void take(std::string_view bytes, std::uint64_t received);
    void take_upgrade(std::string_view bytes, std::uint64_t received);
    void take_frames(std::string_view bytes, std::uint64_t received);
    void on_frame(const ServerFrame& frame, std::uint64_t received);
    void send(gateway::Opcode opcode, std::string_view payload);
    void send_bytes(std::string_view bytes);
    void flush();
    void watch();
    void end(std::uint16_t code, std::string_view why);

    Wires& wires_;
    ConnectionListener& listener_;
    std::uint64_t nonce_ = 0;
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
