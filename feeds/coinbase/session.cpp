#include "feeds/coinbase/session.hpp"

#include <algorithm>
#include <utility>

#include "feeds/json_cursor.hpp"

namespace tickgate::feeds::coinbase {
namespace {

// Names have a separator.
constexpr SymbolStyle kExchange{"COINBASE", BareName::Spot, {}};
constexpr SymbolStyle kAdvancedTrade{"COINBASE-ADV", BareName::Spot, {}};

}  // namespace

CoinbaseSession::CoinbaseSession(Api api, book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : StreamSession{feed, registry, api == Api::Exchange ? kExchange : kAdvancedTrade, std::move(options)} {}

bool CoinbaseSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) return false;
    if (message_.sequence && !continues_connection(*message_.sequence, raw, out)) return true;
    if (const auto* const books = std::get_if<BooksMessage>(&message_.said)) {
        on_books(*books, raw, out);
    } else if (const auto* const match = std::get_if<MatchMessage>(&message_.said)) {
        on_match(*match, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_.said)) {
        on_trades(*trades, raw, out);
    }
    return true;
}

void CoinbaseSession::on_books(const BooksMessage& said, const RawMessage& raw, Events& out) {
    for (const Book& book : said.books) {
        StreamSymbol* const symbol = find_or_list(book.product, book.bids, book.asks, raw, out);
        if (symbol == nullptr) continue;
        LevelBatch batch{{}, said.time, raw.receive_time, book.bids, book.asks};
        if (message_.sequence) batch.id = book::VenueId{*message_.sequence};
        if (book.is_snapshot) {
            on_snapshot(*symbol, batch, raw, out);
        } else {
            on_delta(*symbol, batch, out);
        }
    }
}

void CoinbaseSession::on_match(const MatchMessage& said, const RawMessage& raw, Events& out) {
    StreamSymbol* const symbol = find_or_list(said.match.product, said.match.trade, raw, out);
    if (symbol == nullptr) return;
    const std::uint64_t id = said.match.trade.id.number();
    const std::uint64_t last = std::exchange(symbol->last_id, std::max(symbol->last_id, id));
    // What is repeated on subscribing is old, or the last one that was missed.
    if (last == 0 ? said.is_replay : id <= last) return;
    // A hole here says nothing of the book: the venue guarantees delivery of level2, and not of matches.
    if (last != 0) ++(id == last + 1 ? mutable_counters().chain_ok : mutable_counters().chain_failed);
    on_trade(*symbol, said.match.trade, raw, out);
}

void CoinbaseSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const ProductTrade& entry : said.trades) {
        StreamSymbol* const symbol = find_or_list(entry.product, entry.trade, raw, out);
        if (symbol != nullptr) on_trade(*symbol, entry.trade, raw, out);
    }
}

void CoinbaseSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const books = std::get_if<BooksMessage>(&message_.said)) {
        for (const Book& book : books->books) find_or_list(book.product, book.bids, book.asks, raw, out);
    } else if (const auto* const match = std::get_if<MatchMessage>(&message_.said)) {
        find_or_list(match->match.product, match->match.trade, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_.said)) {
        for (const ProductTrade& entry : trades->trades) find_or_list(entry.product, entry.trade, raw, out);
    }
}

std::string_view CoinbaseSession::symbol_of_bad_message(const RawMessage& raw) const {
    return text_after(R"("product_id":)", raw.payload);
}

}  // namespace tickgate::feeds::coinbase
