#include "feeds/deribit/session.hpp"

#include <utility>

#include "feeds/json_cursor.hpp"

namespace tickgate::feeds::deribit {
namespace {

constexpr SymbolStyle kStyle{"DERIBIT", BareName::Spot, {}};  // names have a separator

}  // namespace

DeribitSession::DeribitSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, kStyle, std::move(options)} {}

bool DeribitSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        on_book(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        on_trades(*trades, raw, out);
    } else if (const auto* const ticker = std::get_if<TickerMessage>(&message_)) {
        // Books may rest for hours; that the venue goes on telling their best levels shows that they still come.
        StreamSymbol* const symbol = find(ticker->instrument);
        if (symbol != nullptr) symbol->normalizer.on_message(raw.receive_time, out);
    }
    return true;
}

void DeribitSession::on_book(const BookMessage& said, const RawMessage& raw, Events& out) {
    StreamSymbol* const symbol = find_or_list(said.instrument, said.bids, said.asks, raw, out);
    if (symbol == nullptr) return;
    const LevelBatch batch{book::VenueId{said.change_id}, said.time, raw.receive_time, said.bids, said.asks};
    if (!said.previous) {
        symbol->last_id = said.change_id;
        on_snapshot(*symbol, batch, raw, out);
        return;
    }
    if (symbol->normalizer.joined()) {
        if (said.change_id <= symbol->last_id) return;  // a repeat
        if (*said.previous == symbol->last_id) {
            ++mutable_counters().chain_ok;
        } else {
            symbol->normalizer.on_gap(raw.receive_time, out);
        }
    }
    symbol->last_id = said.change_id;
    on_delta(*symbol, batch, out);
}

void DeribitSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const InstrumentTrade& entry : said.trades) {
        StreamSymbol* const symbol = find_or_list(entry.instrument, entry.trade, raw, out);
        if (symbol != nullptr) on_trade(*symbol, entry.trade, raw, out);
    }
}

void DeribitSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        find_or_list(book->instrument, book->bids, book->asks, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        for (const InstrumentTrade& entry : trades->trades) find_or_list(entry.instrument, entry.trade, raw, out);
    }
}

std::string_view DeribitSession::symbol_of_bad_message(const RawMessage& raw) const {
    return text_after(R"("instrument_name":)", raw.payload);
}

}  // namespace tickgate::feeds::deribit
