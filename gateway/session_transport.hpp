#pragma once

#include <boost/container/deque.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "book/types.hpp"
#include "gateway/admission.hpp"
#include "gateway/deflate.hpp"
#include "gateway/frame_reader.hpp"
#include "gateway/metrics.hpp"
#include "gateway/session_handler.hpp"
#include "gateway/socket_writer.hpp"
#include "gateway/tls_session.hpp"
#include "gateway/turn_output.hpp"
#include "gateway/upgraded_client.hpp"

namespace tickgate::gateway {

/// By SessionIndex; references stay valid. In large blocks, so that they do not keep the holes open that handshakes
/// leave in the heap.
template <typename T>
using SessionTable = boost::container::deque<
    T, void, boost::container::deque_options<boost::container::block_bytes<std::size_t{64} << 10>>::type>;

/// What a socket did not take: the rest of a cut frame (over TLS, of all that was encrypted), and what must follow it
/// whatever happens.
struct BlockedOutput {
    std::string rest;                ///< over TLS encrypted already
    std::size_t written = 0;         ///< of rest
    std::uint64_t took_last_ms = 0;  ///< the transport's clock when the socket last took anything
};

/// One client's connection. Small: an idle one costs this and what the handler keeps for it. Thread: its transport's.
struct Connection {
    enum class State : std::uint8_t {
        Free,
        Open,
        Closing,  ///< our close frame is on its way or out; what comes in is thrown away
    };

    int fd = -1;
    State state = State::Free;
    std::uint8_t deflate_bits = 0;  ///< as UpgradedClient's
    bool takes_arrays = false;      ///< what it is due in a turn goes as one JSON array
    bool is_paused = false;         ///< its next message is to wait
    bool is_last_input = false;     ///< nothing comes behind the input that is kept: it is taken, then the session ends
    bool is_due_heartbeat = false;  ///< on the list of those
    bool in_unread = false;         ///< on the list of those whose kept input can be read
    std::uint32_t watched = 0;      ///< what the epoll set watches it for
    Admission::Place place = Admission::kNoPlace;
    std::uint64_t heard_ms = 0;  ///< the transport's clock when anything last came; Closing: since when
    UnfinishedInput input;
    std::unique_ptr<BlockedOutput> blocked;
    std::unique_ptr<TlsSession> tls;  ///< none: plain

    [[nodiscard]] bool is_open() const noexcept { return state == State::Open; }
    /// Whole messages wait for their turn.
    [[nodiscard]] bool has_kept_input() const noexcept { return (is_paused || in_unread) && !input.is_empty(); }
};

struct TransportOptions {
    std::size_t message_bytes = 65'536;  ///< of a client's message; above it is closed with 1009
    std::uint32_t heartbeat_ms = 5'000;  ///< a client silent for three of them is closed; 0: neither of it
    std::uint32_t slow_close_s = 60;
    CompressionOptions compression{};
};

/// The WebSocket connections of one thread: reads frames and answers those of the protocol itself, and writes to each
/// session all that it is due in a turn at once. A session whose socket is full gets nothing more and is not read until
/// it has drained. What is said is the handler's. Its sockets are in an epoll set of its own, `descriptor()`, which
/// whoever waits for it watches. Thread: one; tests turn it by hand.
///
///     transport.advance_to(now);
///     transport.read_clients();
///     ... what the turn brings: transport.output().owe(...)
///     transport.run_timers();
///     transport.deliver();
class SessionTransport {
public:
    /// The handler, the admission and the metrics outlive the transport.
    SessionTransport(const TransportOptions& options, SessionHandler& handler, Admission& admission,
                     TransportMetrics& metrics, std::unique_ptr<SocketWriter> writer);
    ~SessionTransport();
    SessionTransport(const SessionTransport&) = delete;
    SessionTransport& operator=(const SessionTransport&) = delete;

    /// Takes over a client; between turns.
    void add(UpgradedClient client);

    // A turn.

    /// What time it is; never goes back.
    void advance_to(book::UnixNanos time) noexcept;
    [[nodiscard]] book::UnixNanos now() const noexcept { return now_; }
    /// The same in milliseconds: the clock for all that is personal.
    [[nodiscard]] std::uint64_t now_ms() const noexcept { return now_ms_; }
    /// Returns how much was done, as deliver().
    int read_clients();
    void run_timers();
    int deliver();

    // What sessions are due.

    [[nodiscard]] TurnOutput& output() noexcept { return output_; }
    /// The client is due this message. It comes after all it is due already, and is kept for it if its socket is
    /// blocked.
    void send_text(SessionIndex session, std::string_view payload);
    /// The same for whole frames.
    void send_frames(SessionIndex session, std::string_view frames);
    /// Closes it, with a close frame after all it is due already.
    void close(SessionIndex session, std::uint16_t code, std::string_view reason);

    void set_takes_arrays(SessionIndex session, bool takes_arrays) noexcept {
        connections_[session].takes_arrays = takes_arrays;
    }
    /// In on_text or on_binary: what is behind this message waits.
    void pause_reading(SessionIndex session) noexcept { connections_[session].is_paused = true; }
    void resume_reading(SessionIndex session);

    [[nodiscard]] bool is_open(SessionIndex session) const noexcept { return connections_[session].is_open(); }
    [[nodiscard]] bool is_blocked(SessionIndex session) const noexcept {
        return connections_[session].blocked != nullptr;
    }
    [[nodiscard]] const Connection& operator[](SessionIndex session) const noexcept { return connections_[session]; }
    /// Places in use or free.
    [[nodiscard]] std::size_t size() const noexcept { return connections_.size(); }
    /// Sessions that are not gone yet.
    [[nodiscard]] std::size_t open_sessions() const noexcept { return open_sessions_; }

    /// Becomes readable when a socket has something, or is ready again.
    [[nodiscard]] int descriptor() const noexcept { return epoll_; }
    /// Something is to be done without anything coming in.
    [[nodiscard]] bool has_work() const noexcept { return !unread_.empty() || !output_.empty(); }
    [[nodiscard]] const SocketWriter& writer() const noexcept { return *writer_; }

private:
    static constexpr std::size_t kInputBuffer = std::size_t{64} << 10;
    static constexpr std::size_t kSealedEnd = TlsSession::sealed_size(2);

    // What comes in.
    [[nodiscard]] SessionIndex take_place();
    int resume_paused();
    int poll_sockets();
    void read(SessionIndex session);
    void take_input(SessionIndex session, std::span<char> input);
    void take_frame(SessionIndex session, const ClientFrame& frame);
    void note_unread(SessionIndex session);

    // TLS.
    void take_sealed(SessionIndex session, std::span<const char> input);
    void note_alert(SessionIndex session, std::string bytes);
    [[nodiscard]] std::string take_alert(SessionIndex session);
    void send_alerts();
    [[nodiscard]] std::span<const char> sealed(const TurnGroup& group);
    void break_tls(SessionIndex session);

    // Time.
    void check(SessionIndex session);
    void add_heartbeats();
    void give_memory_back();

    // What goes out.
    [[nodiscard]] bool is_riding_alone(const TurnGroup& group) const noexcept;
    void write_all();
    [[nodiscard]] std::size_t write_some(std::span<TurnGroup> groups, std::size_t next);
    void on_written(const TurnGroup& group, std::int32_t result);
    void keep_rest(const TurnGroup& group, std::size_t accepted);
    void miss(const TurnGroup& group, std::uint32_t first, std::string& kept);
    static void keep(const Connection& connection, std::span<const char> frames, std::string& kept);
    static void keep_end(const Connection& connection, std::string& kept);
    void block(SessionIndex session, std::string kept);
    void drain(SessionIndex session);
    void unblock(SessionIndex session);

    // The end of a session.
    void begin_closing(SessionIndex session);
    void end(SessionIndex session, std::uint16_t code);
    void watch(SessionIndex session);
    void free_places();

    TransportOptions options_;
    SessionHandler& handler_;
    Admission& admission_;
    TransportMetrics& metrics_;
    std::unique_ptr<SocketWriter> writer_;
    TurnOutput output_;
    Inflater inflater_;
    SessionTable<Connection> connections_;
    int epoll_;
    std::unique_ptr<char[]> read_buffer_;
    std::unique_ptr<char[]> decrypted_;  // once a client came over TLS
    book::UnixNanos now_ = book::kNoTime;
    std::uint64_t now_ms_ = 0;
    std::size_t open_sessions_ = 0;
    std::size_t come_and_gone_ = 0;  // sessions, since memory was given back
    std::uint64_t last_come_or_gone_ms_ = 0;
    std::vector<SessionIndex> free_;    // may be used again
    std::vector<SessionIndex> ended_;   // free once the turn is over
    std::vector<SessionIndex> unread_;  // have input that was kept and can be read now
    std::vector<SessionIndex> closing_;
    std::vector<SessionIndex> hung_up_;  // closing, and their clients send nothing more: end with the turn
    /// What TLS itself has to say: goes before anything that is encrypted later.
    struct Alert {
        SessionIndex session;
        std::string bytes;
    };
    std::vector<Alert> alerts_;       // of this turn
    SessionIndex first_in_turn_ = 0;  // moves on each turn, so that nobody is always last
    std::uint64_t next_slot_ms_ = 0;
    std::uint32_t next_slot_ = 0;
    /// A heartbeat rides with what its session is due anyway; in the end it goes alone.
    struct DueHeartbeat {
        SessionIndex session;
        std::uint64_t alone_at_ms;
    };
    std::vector<DueHeartbeat> heartbeats_;                // the longest due first
    TurnOutput::FrameIndex riding_heartbeat_ = kNoIndex;  // of this turn
    std::string heartbeat_;                               // scratch
    std::string heartbeat_text_;                          // scratch
};

}  // namespace tickgate::gateway
