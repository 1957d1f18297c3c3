#include "feeds/bitget/session.hpp"

#include <utility>

#include "feeds/interleaved_checksum.hpp"
#include "feeds/json_cursor.hpp"

namespace tickgate::feeds::bitget {
namespace {

SymbolStyle style() noexcept {
    return {"BITGET", BareName::Spot, known_quotes()};
}

std::uint32_t book_checksum(const book::OrderBook& book, book::Scales scales) noexcept {
    return interleaved_checksum(book, scales, ChecksumText::FixedDigits);
}

}  // namespace

BitgetSession::BitgetSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, style(), std::move(options), book_checksum, Digits::AsWritten} {}

bool BitgetSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        on_book(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        on_trades(*trades, raw, out);
    }
    return true;
}

void BitgetSession::on_book(const BookMessage& said, const RawMessage& raw, Events& out) {
    StreamSymbol* const symbol = find_or_list(said.symbol, said.bids, said.asks, raw, out);
    if (symbol == nullptr) return;
    LevelBatch batch{{}, said.time, raw.receive_time, said.bids, said.asks};
    if (said.checksum) {
        batch.id = book::VenueId{std::uint64_t{*said.checksum}};
        batch.has_checksum = true;
    } else if (said.sequence) {
        batch.id = book::VenueId{*said.sequence};
    }
    if (said.is_snapshot) {
        symbol->last_id = said.sequence.value_or(0);
        on_snapshot(*symbol, batch, raw, out);
        return;
    }
    if (said.sequence && symbol->normalizer.joined()) {
        const std::uint64_t last = symbol->last_id;
        const bool starts_over = said.prev_sequence == 0U;
        if (*said.sequence <= last && !starts_over) return;  // a repeat
        if (starts_over || said.prev_sequence > last) {
            symbol->normalizer.on_gap(raw.receive_time, out);
        } else if (said.prev_sequence) {
            ++mutable_counters().chain_ok;
        }
        symbol->last_id = *said.sequence;
    }
    on_delta(*symbol, batch, out);
}

void BitgetSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const Trade& trade : said.trades) {
        StreamSymbol* const symbol = find_or_list(said.symbol, trade, raw, out);
        if (symbol != nullptr) on_trade(*symbol, trade, raw, out);
    }
}

void BitgetSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        find_or_list(book->symbol, book->bids, book->asks, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        for (const Trade& trade : trades->trades) find_or_list(trades->symbol, trade, raw, out);
    }
}

std::string_view BitgetSession::symbol_of_bad_message(const RawMessage& raw) const {
    return text_after(R"("instId":)", raw.payload);
}

}  // namespace tickgate::feeds::bitget
