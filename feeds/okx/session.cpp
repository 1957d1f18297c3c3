#include "feeds/okx/session.hpp"

#include <utility>

#include "feeds/interleaved_checksum.hpp"
#include "feeds/json_cursor.hpp"

namespace tickgate::feeds::okx {
namespace {

constexpr SymbolStyle kStyle{"OKX", BareName::Spot, {}};  // names have a separator

std::uint32_t book_checksum(const book::OrderBook& book, book::Scales scales) noexcept {
    return interleaved_checksum(book, scales, ChecksumText::Shortest);
}

}  // namespace

OkxSession::OkxSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, kStyle, std::move(options), book_checksum} {}

bool OkxSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        on_book(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        on_trades(*trades, raw, out);
    }
    return true;
}

void OkxSession::on_book(const BookMessage& said, const RawMessage& raw, Events& out) {
    StreamSymbol* const symbol = find_or_list(said.instrument, said.bids, said.asks, raw, out);
    if (symbol == nullptr) return;
    LevelBatch batch{{}, said.time, raw.receive_time, said.bids, said.asks};
    if (said.checksum) {
        batch.id = book::VenueId{std::uint64_t{*said.checksum}};
        batch.has_checksum = true;
    } else if (said.sequence) {
        batch.id = book::VenueId{*said.sequence};
    }
    const std::uint64_t last = std::exchange(symbol->last_id, said.sequence.value_or(0));
    if (said.is_snapshot) {
        on_snapshot(*symbol, batch, raw, out);
        return;
    }
    // Only what precedes counts: a message that says that nothing changed repeats its number, and after the venue's
    // maintenance numbers may fall.
    if (said.prev_sequence && symbol->normalizer.joined()) {
        if (*said.prev_sequence == last) {
            ++mutable_counters().chain_ok;
        } else {
            symbol->normalizer.on_gap(raw.receive_time, out);
        }
    }
    on_delta(*symbol, batch, out);
}

void OkxSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const InstrumentTrade& entry : said.trades) {
        StreamSymbol* const symbol = find_or_list(entry.instrument, entry.trade, raw, out);
        if (symbol == nullptr) continue;
        // A subscription starts with the last trade from before it.
        const std::uint64_t id = entry.trade.id.number();
        if (std::exchange(symbol->last_trade_id, id) != id) on_trade(*symbol, entry.trade, raw, out);
    }
}

void OkxSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        find_or_list(book->instrument, book->bids, book->asks, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        for (const InstrumentTrade& entry : trades->trades) find_or_list(entry.instrument, entry.trade, raw, out);
    }
}

std::string_view OkxSession::symbol_of_bad_message(const RawMessage& raw) const {
    return text_after(R"("instId":)", raw.payload);
}

}  // namespace tickgate::feeds::okx
