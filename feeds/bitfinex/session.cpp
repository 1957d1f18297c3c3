#include "feeds/bitfinex/session.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "feeds/bitfinex/checksum.hpp"

namespace tickgate::feeds::bitfinex {
namespace {

using namespace std::string_view_literals;

// A name without a separator is of three and three letters: of `tBFTUSD` the quote is not TUSD.
constexpr std::array kQuotes{"USD"sv, "EUR"sv, "GBP"sv, "JPY"sv, "TRY"sv, "CNH"sv, "BTC"sv,
                             "ETH"sv, "EOS"sv, "XLM"sv, "DAI"sv, "UST"sv, "EUT"sv, "MXT"sv};
constexpr SymbolStyle kStyle{"BITFINEX", BareName::Spot, kQuotes, "T"};

}  // namespace

BitfinexSession::BitfinexSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, kStyle, std::move(options), book_checksum} {}

bool BitfinexSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    Connection& connection = connections_[raw.file];
    if (take_event(connection)) return true;
    const auto& said = std::get<ChannelMessage>(message_);
    if (connection.is_numbered) {
        if (!said.number) return false;
        if (!continues_connection(*said.number, raw, out)) return true;
    }
    // A channel may speak before `subscribed` has named it: with heartbeats.
    const auto channel = connection.channels.find(said.channel);
    return channel == connection.channels.end() || on_channel(channel->second, said, raw, out);
}

bool BitfinexSession::take_event(Connection& connection) {
    if (const auto* const subscribed = std::get_if<Subscribed>(&message_)) {
        // Others are funding (`fUSD`), single orders (`R0`), prices rounded (`P1` to `P4`), tickers, candles.
        const bool is_book = subscribed->kind == "book" && subscribed->precision == "P0";
        if (!subscribed->symbol.starts_with('t') || (!is_book && subscribed->kind != "trades")) return true;
        connection.channels.insert_or_assign(
            subscribed->channel,
            Channel{is_book ? ChannelKind::Book : ChannelKind::Trades, std::string{subscribed->symbol}});
    } else if (const auto* const unsubscribed = std::get_if<Unsubscribed>(&message_)) {
        connection.channels.erase(unsubscribed->channel);
    } else if (const auto* const configured = std::get_if<Configured>(&message_)) {
        connection.is_numbered = (configured->flags & kSequenceAll) != 0;
    }
    return !std::holds_alternative<ChannelMessage>(message_);
}

bool BitfinexSession::on_channel(const Channel& channel, const ChannelMessage& said, const RawMessage& raw,
                                 Events& out) {
    if (channel.kind == ChannelKind::Book) {
        if (said.word.empty()) return on_book(channel, said, raw, out);
        if (said.word == "cs") return on_checksum(channel, said, raw, out);
        StreamSymbol* const symbol = find(channel.symbol);
        if (said.word == "hb" && symbol != nullptr) symbol->normalizer.on_message(raw.receive_time, out);
        return true;
    }
    // `tu` repeats each trade a little later; a list of them, on subscribing, is from before.
    if (said.word != "te") return true;
    Trade trade;
    if (Decoder::decode_trade(said.data, trade)) return false;
    StreamSymbol* const symbol = find_or_list(channel.symbol, trade, raw, out);
    if (symbol != nullptr) on_trade(*symbol, trade, raw, out);
    return true;
}

bool BitfinexSession::on_book(const Channel& channel, const ChannelMessage& said, const RawMessage& raw, Events& out) {
    Book book;
    if (decoder_.decode_book(said.data, book)) return false;
    StreamSymbol* const symbol = find_or_list(channel.symbol, book.bids, book.asks, raw, out);
    if (symbol == nullptr) return true;
    LevelBatch batch{{}, book::kNoTime, raw.receive_time, book.bids, book.asks};
    if (said.number) batch.id = book::VenueId{*said.number};
    if (book.is_snapshot) {
        on_snapshot(*symbol, batch, raw, out);
    } else {
        on_delta(*symbol, batch, out);
    }
    return true;
}

bool BitfinexSession::on_checksum(const Channel& channel, const ChannelMessage& said, const RawMessage& raw,
                                  Events& out) {
    std::uint32_t checksum = 0;
    if (Decoder::decode_checksum(said.data, checksum)) return false;
    StreamSymbol* const symbol = find(channel.symbol);
    if (symbol == nullptr || !symbol->normalizer.joined()) return true;
    // Of the book as it stands: a batch without levels.
    LevelBatch batch{book::VenueId{std::uint64_t{checksum}}, book::kNoTime, raw.receive_time, {}, {}};
    batch.has_checksum = true;
    on_delta(*symbol, batch, out);
    return true;
}

void BitfinexSession::on_connected(const RawMessage& raw, Events& out) {
    connections_.erase(raw.file);
    StreamSession::on_connected(raw, out);
}

void BitfinexSession::restart() {
    connections_.clear();
    StreamSession::restart();
}

void BitfinexSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected) {
        connections_.erase(raw.file);
        return;
    }
    if (decoder_.decode(raw.payload, message_)) return;
    Connection& connection = connections_[raw.file];
    if (take_event(connection)) return;
    const auto& said = std::get<ChannelMessage>(message_);
    const auto channel = connection.channels.find(said.channel);
    if (channel == connection.channels.end()) return;
    Book book;
    Trade trade;
    if (channel->second.kind == ChannelKind::Book) {
        if (!said.word.empty() || decoder_.decode_book(said.data, book)) return;
        find_or_list(channel->second.symbol, book.bids, book.asks, raw, out);
    } else if (said.word == "te" && !Decoder::decode_trade(said.data, trade)) {
        find_or_list(channel->second.symbol, trade, raw, out);
    }
}

std::string_view BitfinexSession::symbol_of_bad_message(const RawMessage& raw) const {
    const auto connection = connections_.find(raw.file);
    if (connection == connections_.end() || !raw.payload.starts_with('[')) return {};
    std::uint64_t id = 0;
    std::from_chars(raw.payload.data() + 1, raw.payload.data() + raw.payload.size(), id);
    const auto channel = connection->second.channels.find(id);
    return channel == connection->second.channels.end() ? std::string_view{} : channel->second.symbol;
}

}  // namespace tickgate::feeds::bitfinex
