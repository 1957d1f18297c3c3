#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "feeds/bitfinex/parse.hpp"
#include "feeds/stream_session.hpp"

namespace tickgate::feeds::bitfinex {

/// Any number of trading pairs. A book is joined by its snapshot, which comes with the stream; with kSequenceAll all
/// messages of a connection are numbered, with the flag of checksums `cs` verifies a book.
class BitfinexSession final : public StreamSession {
public:
    /// `registry` outlives this.
    BitfinexSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;
    void restart() override;

private:
    enum class ChannelKind : std::uint8_t { Book, Trades };
    struct Channel {
        ChannelKind kind;
        std::string symbol;
    };
    struct Connection {
        bool is_numbered = false;
        std::unordered_map<std::uint64_t, Channel> channels;  // those that we read
    };

    bool take(const RawMessage& raw, Events& out) override;
    [[nodiscard]] std::string_view symbol_of_bad_message(const RawMessage& raw) const override;
    void on_connected(const RawMessage& raw, Events& out) override;

    /// What is said of the connection itself. False: it is a message of a channel.
    bool take_event(Connection& connection);
    bool on_channel(const Channel& channel, const ChannelMessage& said, const RawMessage& raw, Events& out);
    bool on_book(const Channel& channel, const ChannelMessage& said, const RawMessage& raw, Events& out);
    bool on_checksum(const Channel& channel, const ChannelMessage& said, const RawMessage& raw, Events& out);

    Decoder decoder_;
    Message message_;                                  // at hand
    std::map<std::uint32_t, Connection> connections_;  // by RawMessage::file
};

}  // namespace tickgate::feeds::bitfinex
