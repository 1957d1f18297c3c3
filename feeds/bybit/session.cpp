#include "feeds/bybit/session.hpp"

#include <utility>

#include "feeds/json_cursor.hpp"

namespace tickgate::feeds::bybit {
namespace {

SymbolStyle style_of(Market market) noexcept {
    if (market == Market::Spot) return {"BYBIT", BareName::Spot, known_quotes()};
    return {"BYBIT-LINEAR", BareName::Perpetual, known_quotes()};
}

}  // namespace

BybitSession::BybitSession(Market market, book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, style_of(market), std::move(options)} {}

bool BybitSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        on_book(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        on_trades(*trades, raw, out);
    }
    return true;
}

void BybitSession::on_book(const BookMessage& said, const RawMessage& raw, Events& out) {
    StreamSymbol* const symbol = find_or_list(said.symbol, said.bids, said.asks, raw, out);
    if (symbol == nullptr) return;
    const LevelBatch batch{book::VenueId{said.update_id}, said.time, raw.receive_time, said.bids, said.asks};
    // The venue has restarted: the whole book, whatever the message is called.
    const bool is_restart = said.update_id == 1;
    if (said.is_snapshot || is_restart) {
        symbol->last_id = said.update_id;
        on_snapshot(*symbol, batch, raw, out);
        return;
    }
    if (symbol->normalizer.joined()) {
        if (said.update_id <= symbol->last_id) return;  // a repeat
        if (said.update_id == symbol->last_id + 1) {
            ++mutable_counters().chain_ok;
        } else {
            symbol->normalizer.on_gap(raw.receive_time, out);
        }
    }
    symbol->last_id = said.update_id;
    on_delta(*symbol, batch, out);
}

void BybitSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const SymbolTrade& entry : said.trades) {
        StreamSymbol* const symbol = find_or_list(entry.symbol, entry.trade, raw, out);
        if (symbol != nullptr) on_trade(*symbol, entry.trade, raw, out);
    }
}

void BybitSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        find_or_list(book->symbol, book->bids, book->asks, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        for (const SymbolTrade& entry : trades->trades) find_or_list(entry.symbol, entry.trade, raw, out);
    }
}

std::string_view BybitSession::symbol_of_bad_message(const RawMessage& raw) const {
    // The topic's last word.
    const std::string_view topic = text_after(R"("topic":)", raw.payload);
    return topic.substr(topic.rfind('.') + 1);
}

}  // namespace tickgate::feeds::bybit
