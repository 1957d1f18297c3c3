#include "feeds/kraken/session.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "feeds/json_cursor.hpp"
#include "feeds/kraken/checksum.hpp"
#include "feeds/scaling.hpp"

namespace tickgate::feeds::kraken {
namespace {

constexpr SymbolStyle kStyle{"KRAKEN", BareName::Spot, {}};  // names have a separator

/// The depths that can be subscribed to.
constexpr std::array<std::uint32_t, 5> kDepths{10, 25, 100, 500, 1000};

/// The least depth that has room for a snapshot of so many levels; 0 where none has.
std::uint32_t depth_for(std::size_t levels) noexcept {
    const auto* const depth = std::find_if(kDepths.begin(), kDepths.end(), [&](auto d) { return d >= levels; });
    return depth == kDepths.end() ? 0 : *depth;
}

/// The symbol that a message which cannot be decoded seems to be about: version 2 names it, in version 1 it is the
/// last string.
std::string_view symbol_of_bad_message(std::string_view text) noexcept {
    const std::string_view named = text_after(R"("symbol":)", text);
    if (!named.empty() || !text.starts_with('[')) return named;
    const std::size_t end = text.rfind('"');
    if (end == std::string_view::npos || end == 0) return {};
    const std::size_t begin = text.rfind('"', end - 1);
    return begin == std::string_view::npos ? std::string_view{} : text.substr(begin + 1, end - begin - 1);
}

}  // namespace

KrakenSession::KrakenSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options)
    : options_{std::move(options)},
      symbols_{SymbolListing{feed, registry, kStyle, options_.symbols, book_checksum}} {}

void KrakenSession::on_message(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected) {
        on_connected(raw, out);
        return;
    }
    ++counters_.messages;
    const std::uint64_t errors_before = counters_.decode_errors;
    take(raw, out);
    if (counters_.decode_errors != errors_before && options_.on_bad_message) options_.on_bad_message(raw);
}

void KrakenSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_)) {
        on_bad_message(raw, out);
    } else if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        on_book(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        on_trades(*trades, raw, out);
    } else if (const auto* const subscribed = std::get_if<Subscribed>(&message_)) {
        depths_.insert_or_assign(std::string{subscribed->symbol}, subscribed->depth);
    }
}

void KrakenSession::on_book(const BookMessage& said, const RawMessage& raw, Events& out) {
    Symbol* const symbol = find_or_list(said, raw, out);
    if (symbol == nullptr) return;
    LevelBatch batch{{}, said.time, raw.receive_time, said.bids, said.asks};
    if (said.checksum) batch.id = book::VenueId{std::uint64_t{*said.checksum}};
    batch.has_checksum = said.checksum.has_value();
    if (said.is_snapshot || options_.from_empty) batch.depth = depth_of(said);
    symbol->normalizer.on_message(raw.receive_time, out);
    if (said.is_snapshot) {
        symbol->connection = raw.file;
        symbol->normalizer.on_snapshot(batch, out);
    } else {
        symbol->normalizer.on_delta(batch, out);
    }
}

void KrakenSession::on_trades(const TradesMessage& said, const RawMessage& raw, Events& out) {
    for (const SymbolTrade& trade : said.trades) {
        Symbol* const symbol = find_or_list(trade, raw, out);
        if (symbol == nullptr) continue;
        symbol->normalizer.on_message(raw.receive_time, out);
        symbol->normalizer.on_trade(trade.trade, raw.receive_time, out);
    }
}

void KrakenSession::on_bad_message(const RawMessage& raw, Events& out) {
    ++counters_.decode_errors;
    if (Symbol* const symbol = symbols_.find(symbol_of_bad_message(raw.payload))) {
        symbol->normalizer.resync(book::StateReason::BadMessage, raw.receive_time, out);
    }
}

void KrakenSession::on_connected(const RawMessage& raw, Events& out) {
    symbols_.for_each([&](Symbol& symbol) {
        if (!symbol.normalizer.joined() || symbol.connection != raw.file) return;
        symbol.normalizer.resync(book::StateReason::Reconnect, raw.receive_time, out);
    });
}

void KrakenSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected || decoder_.decode(raw.payload, message_)) return;
    if (const auto* const book = std::get_if<BookMessage>(&message_)) {
        find_or_list(*book, raw, out);
    } else if (const auto* const trades = std::get_if<TradesMessage>(&message_)) {
        for (const SymbolTrade& trade : trades->trades) find_or_list(trade, raw, out);
    }
}

void KrakenSession::on_time(book::UnixNanos now, Events& out) {
    symbols_.for_each([&](Symbol& symbol) { symbol.normalizer.on_time(now, out); });
}

void KrakenSession::restart() {
    depths_.clear();
    symbols_.for_each([](Symbol& symbol) { symbol.normalizer.restart(); });
}

template <typename ScalesOf>
KrakenSession::Symbol* KrakenSession::find_or_list(std::string_view name, ScalesOf scales_of, const RawMessage& raw,
                                                   Events& out) {
    const auto make = [this](const book::Instrument& instrument) {
        return std::make_unique<Symbol>(Symbol{{instrument, Digits::AsWritten, options_.from_empty, counters_}});
    };
    return symbols_.find_or_list(name, raw.receive_time, scales_of, make, out);
}

KrakenSession::Symbol* KrakenSession::find_or_list(const BookMessage& said, const RawMessage& raw, Events& out) {
    const auto scales_of = [&said] {
        book::Scales scales;
        widen(scales, said.bids);
        widen(scales, said.asks);
        return scales;
    };
    return find_or_list(said.symbol, scales_of, raw, out);
}

KrakenSession::Symbol* KrakenSession::find_or_list(const SymbolTrade& said, const RawMessage& raw, Events& out) {
    const auto scales_of = [&said] {
        book::Scales scales;
        widen(scales, PriceLevel{said.trade.price, said.trade.quantity});
        return scales;
    };
    return find_or_list(said.symbol, scales_of, raw, out);
}

std::uint32_t KrakenSession::depth_of(const BookMessage& said) const {
    if (said.depth != 0) return said.depth;
    const auto subscribed = depths_.find(said.symbol);
    if (subscribed != depths_.end()) return subscribed->second;
    return !said.is_snapshot ? 0 : depth_for(std::max(said.bids.size(), said.asks.size()));
}

}  // namespace tickgate::feeds::kraken
