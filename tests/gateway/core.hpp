#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "book/event_queue.hpp"
#include "gateway/book_agent.hpp"
#include "gateway/shard.hpp"
#include "tests/gateway/tls_client.hpp"

namespace tickgate::test {

struct CoreOptions {
    std::size_t shards = 1;
    std::size_t queue_bytes = std::size_t{1} << 20;
    std::size_t commands = 1'024;
    std::size_t departures = 1'000;
    std::size_t trades = 64;
    bool recorded = false;  ///< the feed's time is a recording's
    gateway::ShardOptions shard{};
    gateway::ConnectionLimits connections{};
    gateway::IoBackend io = gateway::IoBackend::Epoll;
};

/// The gateway between event queue and sockets: a book agent and its shards, turned by hand at a time that the test
/// passes.
class Core {
public:
    explicit Core(CoreOptions options = {});

    /// A symbol that is listed, not live yet.
    const book::Instrument& list(std::string symbol, book::Scales scales, book::VenueChecksum checksum = nullptr);
    /// Waits for room by turning whoever makes room.
    void push(std::span<const book::Event> events);
    void push(const book::Event& event) { push({&event, 1}); }
    /// The feed says what time it is: `now`.
    void tick() { push(book::Event::tick(kFeed, now)); }
    void pass(std::chrono::nanoseconds time) { now += time; }

    int turn_agent() { return agent->do_work(now); }
    int turn_shard(std::size_t index) { return shards[index]->shard.do_work(now); }
    /// Turns everybody until nothing is left to be done.
    void settle();

    /// Our end goes to the shard; returns the client's, which does not block. `buffer`: SO_SNDBUF of ours; 0: usual.
    /// `deflate_bits`: as UpgradedClient's.
    [[nodiscard]] int connect(std::size_t shard, int buffer = 0, std::uint8_t deflate_bits = 0,
                              std::unique_ptr<gateway::TlsSession> tls = nullptr);

    static constexpr book::FeedId kFeed{0};
    static constexpr std::string_view kEpoch = "k3";

    struct Unit {
        Unit(const CoreOptions& options, gateway::Admission& admission, std::uint64_t seed);
        gateway::ShardQueue records;
        gateway::CommandQueue commands;
        gateway::Shard shard;
    };
    gateway::Admission admission;
    book::InstrumentRegistry registry;
    book::EventQueue events{4'096};
    book::EventQueue::Producer feed{events};
    std::vector<std::unique_ptr<Unit>> shards;
    std::unique_ptr<gateway::BookAgent> agent;
    book::UnixNanos now{std::chrono::seconds{1'700'000'000}};
};

/// A client's side of one WebSocket: sends masked frames, takes apart what comes.
class Connection {
public:
    explicit Connection(int fd) : fd_{fd} {}
    Connection(Core& core, std::size_t shard = 0, int buffer = 0, std::uint8_t deflate_bits = 0)
        : fd_{core.connect(shard, buffer, deflate_bits)},
          deflate_bits_{deflate_bits} {}
    /// Over TLS, its handshake done.
    struct OverTls {};
    Connection(OverTls, Core& core, std::size_t shard = 0, int buffer = 0, std::uint8_t deflate_bits = 0);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void send(std::string_view json);
    void send_close(std::uint16_t code);
    /// Bytes of the client's, over TLS encrypted by it.
    void send_bytes(std::string_view bytes);
    /// Takes up to `most` bytes from the socket and returns the text messages that are whole by now, inflated, but for
    /// heartbeats, which are counted. Pings are answered.
    std::vector<std::string> receive(std::size_t most = std::size_t{1} << 30);

    /// Whether what comes in an array is returned message by message.
    void take_arrays_apart(bool does) { takes_arrays_apart_ = does; }
    void answer_pings(bool answers) { answers_pings_ = answers; }
    [[nodiscard]] std::optional<std::uint16_t> close_code() const { return close_code_; }
    /// The other side has closed.
    [[nodiscard]] bool has_ended() const { return has_ended_; }
    /// A frame is not whole yet.
    [[nodiscard]] bool holds_part() const { return !input_.empty(); }
    [[nodiscard]] std::size_t heartbeats() const { return heartbeats_; }
    [[nodiscard]] std::size_t pings() const { return pings_; }
    /// Frames that came deflated, and arrays.
    [[nodiscard]] std::size_t deflated() const { return deflated_; }
    [[nodiscard]] std::size_t arrays() const { return arrays_; }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] TlsClient& tls() { return *tls_; }
    /// Sends what TLS has to say by itself.
    void flush_tls();

private:
    void send_frame(gateway::Opcode opcode, std::string_view payload);
    void take_frame(gateway::Opcode opcode, std::string_view payload, std::vector<std::string>& texts);
    void take_text(std::string_view text, std::vector<std::string>& texts);

    int fd_;
    std::unique_ptr<TlsClient> tls_;  // none: plain
    std::uint8_t deflate_bits_ = 0;
    std::string input_;
    bool answers_pings_ = true;
    bool takes_arrays_apart_ = false;
    bool has_ended_ = false;
    std::size_t heartbeats_ = 0;
    std::size_t pings_ = 0;
    std::size_t deflated_ = 0;
    std::size_t arrays_ = 0;
    std::optional<std::uint16_t> close_code_;
};

/// Events of one batch, the last marked as such.
[[nodiscard]] book::Event level_event(book::InstrumentId id, book::Side side, std::int64_t price, std::int64_t quantity,
                                      book::UnixNanos time);
[[nodiscard]] book::Event trade_event(book::InstrumentId id, std::int64_t price, std::int64_t quantity,
                                      std::uint64_t number, book::UnixNanos time);
[[nodiscard]] book::Event clear_event(book::InstrumentId id, book::UnixNanos time);

}  // namespace tickgate::test
