#include "tests/gateway/core.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "gateway/websocket_frame.hpp"
#include "tests/gateway/inflated.hpp"
#include "tests/support/certificates.hpp"

namespace tickgate::test {

using book::Event;
using book::EventKind;
using gateway::Opcode;

namespace {

/// The objects of an array as the server writes it; no text in it has a brace.
std::vector<std::string_view> elements_of(std::string_view array) {
    std::vector<std::string_view> elements;
    int depth = 0;
    std::size_t begin = 1;
    for (std::size_t i = 1; i < array.size(); ++i) {
        const char letter = array[i];
        if (depth == 0 && (letter == ',' || letter == ']')) {
            elements.push_back(array.substr(begin, i - begin));
            begin = i + 1;
        }
        if (letter == '{') ++depth;
        if (letter == '}') --depth;
    }
    if (begin != array.size()) throw std::runtime_error{"an array without an end"};
    return elements;
}

}  // namespace

Core::Unit::Unit(const CoreOptions& options, gateway::Admission& admission, std::uint64_t seed)
    : records{options.queue_bytes},
      commands{options.commands},
      shard{[&] {
                gateway::ShardOptions of_shard = options.shard;
                of_shard.seed = seed;
                return of_shard;
            }(),
            records, commands, admission, gateway::make_socket_writer(options.io)} {}

Core::Core(CoreOptions options) : admission{options.connections} {
    std::vector<gateway::ShardPort> ports;
    for (std::size_t i = 0; i < options.shards; ++i) {
        shards.push_back(std::make_unique<Unit>(options, admission, i));
        ports.push_back({&shards.back()->records, &shards.back()->commands});
    }
    agent = std::make_unique<gateway::BookAgent>(gateway::BookAgentOptions{.epoch = std::string{kEpoch},
                                                                           .recorded_feeds = {options.recorded},
                                                                           .departures_kept = options.departures,
                                                                           .trades_kept = options.trades},
                                                 events, ports);
}

const book::Instrument& Core::list(std::string symbol, book::Scales scales, book::VenueChecksum checksum) {
    std::string venue_symbol = symbol.substr(symbol.find(':') + 1);
    const book::Instrument& instrument =
        registry.add(kFeed, std::move(symbol), std::move(venue_symbol), scales, checksum);
    push(Event::listed(instrument, now));
    return instrument;
}

void Core::push(std::span<const Event> batch) {
    while (!feed.try_push(batch)) {
        static_cast<void>(turn_agent());
        for (std::size_t i = 0; i < shards.size(); ++i) static_cast<void>(turn_shard(i));
    }
}

void Core::settle() {
    int idle = 0;
    while (idle < 2) {
        int work = turn_agent();
        for (std::size_t i = 0; i < shards.size(); ++i) work += turn_shard(i);
        idle = work == 0 && !agent->has_work() ? idle + 1 : 0;
    }
}

int Core::connect(std::size_t shard, int buffer, std::uint8_t deflate_bits, std::unique_ptr<gateway::TlsSession> tls) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::system_error{errno, std::generic_category(), "socketpair"};
    }
    if (buffer > 0) ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    shards[shard]->shard.add_session(
        {.fd = ends[0], .remote_address = "client", .deflate_bits = deflate_bits, .tls = std::move(tls)}, now);
    return ends[1];
}

namespace {

const gateway::TlsContext& tls_context() {
    static const Certificates certificates;
    static const Certificates::Files files = certificates.make("core");
    static const gateway::TlsContext made{{files.certificate, files.key}, gateway::TlsContext::Clock::now()};
    return made;
}

/// The server's end of it.
std::unique_ptr<gateway::TlsSession> shake_hands(TlsClient& client) {
    auto server = std::make_unique<gateway::TlsSession>(tls_context());
    std::string to_client;
    while (!server->is_established()) {
        static_cast<void>(client.shake_hands());
        const std::string sent = client.take();
        std::span<const char> input{sent};
        if (server->handshake(input, to_client) == gateway::TlsSession::Handshake::Failed || client.has_failed()) {
            throw std::runtime_error{"the TLS handshake failed"};
        }
        client.put(std::exchange(to_client, {}));
    }
    static_cast<void>(client.shake_hands());
    return server;
}

}  // namespace

Connection::Connection(OverTls, Core& core, std::size_t shard, int buffer, std::uint8_t deflate_bits)
    : tls_{std::make_unique<TlsClient>()},
      deflate_bits_{deflate_bits} {
    fd_ = core.connect(shard, buffer, deflate_bits, shake_hands(*tls_));
}

Connection::~Connection() {
    ::close(fd_);
}

void Connection::send(std::string_view json) {
    send_frame(Opcode::Text, json);
}

void Connection::send_close(std::uint16_t code) {
    const std::array<char, 2> payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    send_frame(Opcode::Close, {payload.data(), payload.size()});
}

void Connection::send_frame(Opcode opcode, std::string_view payload) {
    constexpr std::string_view kMask = "\x37\xfa\x21\x3d";
    std::string frame{gateway::FrameHeader{opcode, payload.size()}.bytes()};
    frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
    frame += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ kMask[i % 4]);
    send_bytes(frame);
}

void Connection::send_bytes(std::string_view bytes) {
    std::string encrypted;
    if (tls_) {
        tls_->write(bytes);
        encrypted = tls_->take();
        bytes = encrypted;
    }
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size()) && errno != EPIPE && errno != ECONNRESET) {
        throw std::runtime_error{"the client's own socket is full"};
    }
}

void Connection::flush_tls() {
    const std::string bytes = tls_->take();
    ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::vector<std::string> Connection::receive(std::size_t most) {
    std::array<char, 65'536> buffer;
    while (most > 0) {
        const ssize_t size = ::recv(fd_, buffer.data(), std::min(most, buffer.size()), MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN)) has_ended_ = true;
        if (size <= 0) break;
        const std::string_view bytes{buffer.data(), static_cast<std::size_t>(size)};
        if (tls_) {
            tls_->put(bytes);
            input_ += tls_->read();
            if (tls_->has_failed()) throw std::runtime_error{"what came over TLS is broken"};
        } else {
            input_ += bytes;
        }
        most -= static_cast<std::size_t>(size);
    }
    std::vector<std::string> texts;
    std::size_t begin = 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input_[begin + i]); };
    for (;;) {
        const std::size_t left = input_.size() - begin;
        if (left < 2) break;
        std::size_t header = 2;
        std::uint64_t size = byte(1);
        if (size > 127) throw std::runtime_error{"a frame from the server is masked"};
        if (size >= 126) header = size == 126 ? 4 : 10;
        if (left < header) break;
        if (header > 2) {
            size = 0;
            for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
        }
        if (left < header + size) break;
        const std::string_view payload = std::string_view{input_}.substr(begin + header, size);
        const auto opcode = static_cast<Opcode>(byte(0) & 0x0fU);
        if ((byte(0) & 0xf0U) == 0xC0U && deflate_bits_ != 0 && !gateway::is_control(opcode)) {
            ++deflated_;
            take_frame(opcode, inflated(payload, deflate_bits_), texts);
        } else if ((byte(0) & 0xf0U) == 0x80U) {
            take_frame(opcode, payload, texts);
        } else {
            throw std::runtime_error{"a frame's first byte is wrong"};
        }
        begin += header + size;
    }
    input_.erase(0, begin);
    return texts;
}

void Connection::take_frame(Opcode opcode, std::string_view payload, std::vector<std::string>& texts) {
    if (close_code_) throw std::runtime_error{"a frame after the close frame"};
    switch (opcode) {
        case Opcode::Text:
            return take_text(payload, texts);
        case Opcode::Ping:
            ++pings_;
            if (answers_pings_) send_frame(Opcode::Pong, payload);
            return;
        case Opcode::Close:
            close_code_ = payload.size() < 2 ? 1005
                                             : static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                                                          static_cast<unsigned char>(payload[1]));
            return;
        case Opcode::Pong:
            return;
        default:
            throw std::runtime_error{"a frame of an unexpected kind"};
    }
}

void Connection::take_text(std::string_view text, std::vector<std::string>& texts) {
    if (takes_arrays_apart_ && text.starts_with('[')) {
        ++arrays_;
        for (const std::string_view element : elements_of(text)) take_text(element, texts);
    } else if (text.starts_with(R"({"type":"hb",)")) {
        ++heartbeats_;
    } else {
        texts.emplace_back(text);
    }
}

Event level_event(book::InstrumentId id, book::Side side, std::int64_t price, std::int64_t quantity,
                  book::UnixNanos time) {
    Event event;
    event.kind = EventKind::Level;
    event.side = side;
    event.instrument = id;
    event.price = book::Price{price};
    event.quantity = book::Quantity{quantity};
    event.venue_time = event.receive_time = time;
    return event;
}

Event trade_event(book::InstrumentId id, std::int64_t price, std::int64_t quantity, std::uint64_t number,
                  book::UnixNanos time) {
    Event event = level_event(id, number % 3 == 0 ? book::Side::Ask : book::Side::Bid, price, quantity, time);
    event.kind = EventKind::Trade;
    event.id = book::VenueId{number};
    return event;
}

Event clear_event(book::InstrumentId id, book::UnixNanos time) {
    Event event = level_event(id, book::Side::Bid, 0, 0, time);
    event.kind = EventKind::Clear;
    return event;
}

}  // namespace tickgate::test
