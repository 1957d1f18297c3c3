#include "feeds/stream_session.hpp"

#include <memory>
#include <utility>

#include "feeds/scaling.hpp"

namespace tickgate::feeds {

StreamSession::StreamSession(book::FeedId feed, book::InstrumentRegistry& registry, const SymbolStyle& style,
                             SessionOptions options, book::VenueChecksum checksum, Digits digits)
    : options_{std::move(options)},
      digits_{digits},
      symbols_{SymbolListing{feed, registry, style, options_.symbols, checksum}} {}

void StreamSession::on_message(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected) {
        on_connected(raw, out);
        return;
    }
    ++counters_.messages;
    const std::uint64_t errors_before = counters_.decode_errors;
    if (!take(raw, out)) on_bad_message(raw, out);
    if (counters_.decode_errors != errors_before && options_.on_bad_message) options_.on_bad_message(raw);
}

void StreamSession::on_bad_message(const RawMessage& raw, Events& out) {
    ++counters_.decode_errors;
    if (StreamSymbol* const symbol = symbols_.find(symbol_of_bad_message(raw))) {
        symbol->normalizer.resync(book::StateReason::BadMessage, raw.receive_time, out);
    }
}

void StreamSession::on_connected(const RawMessage& raw, Events& out) {
    last_numbers_.erase(raw.file);
    resync_connection(book::StateReason::Reconnect, raw, out);
}

void StreamSession::resync_connection(book::StateReason reason, const RawMessage& raw, Events& out) {
    symbols_.for_each([&](StreamSymbol& symbol) {
        if (!symbol.normalizer.joined() || symbol.connection != raw.file) return;
        symbol.normalizer.resync(reason, raw.receive_time, out);
    });
}

bool StreamSession::continues_connection(std::uint64_t number, const RawMessage& raw, Events& out) {
    const auto [last, is_first] = last_numbers_.try_emplace(raw.file, number);
    if (is_first) return true;
    if (number <= last->second) return false;
    if (number == last->second + 1) {
        ++counters_.chain_ok;
    } else {
        ++counters_.gaps;
        ++counters_.chain_failed;
        resync_connection(book::StateReason::Gap, raw, out);
    }
    last->second = number;
    return true;
}

void StreamSession::on_time(book::UnixNanos now, Events& out) {
    symbols_.for_each([&](StreamSymbol& symbol) { symbol.normalizer.on_time(now, out); });
}

void StreamSession::restart() {
    last_numbers_.clear();
    symbols_.for_each([](StreamSymbol& symbol) {
        symbol.normalizer.restart();
        symbol.last_id = 0;
        symbol.last_trade_id = 0;
    });
}

StreamSymbol* StreamSession::find_or_list(std::string_view name, std::span<const PriceLevel> bids,
                                          std::span<const PriceLevel> asks, const RawMessage& raw, Events& out) {
    const auto scales_of = [&] {
        book::Scales scales;
        widen(scales, bids);
        widen(scales, asks);
        return scales;
    };
    const auto make = [this](const book::Instrument& instrument) {
        return std::make_unique<StreamSymbol>(StreamSymbol{{instrument, digits_, options_.from_empty, counters_}});
    };
    return symbols_.find_or_list(name, raw.receive_time, scales_of, make, out);
}

StreamSymbol* StreamSession::find_or_list(std::string_view name, const Trade& trade, const RawMessage& raw,
                                          Events& out) {
    const PriceLevel level{trade.price, trade.quantity};
    return find_or_list(name, {&level, 1}, {}, raw, out);
}

void StreamSession::on_snapshot(StreamSymbol& symbol, const LevelBatch& batch, const RawMessage& raw, Events& out) {
    symbol.normalizer.on_message(raw.receive_time, out);
    symbol.connection = raw.file;
    symbol.normalizer.on_snapshot(batch, out);
}

void StreamSession::on_delta(StreamSymbol& symbol, const LevelBatch& batch, Events& out) {
    symbol.normalizer.on_message(batch.receive_time, out);
    symbol.normalizer.on_delta(batch, out);
}

void StreamSession::on_trade(StreamSymbol& symbol, const Trade& trade, const RawMessage& raw, Events& out) {
    symbol.normalizer.on_message(raw.receive_time, out);
    symbol.normalizer.on_trade(trade, raw.receive_time, out);
}

}  // namespace tickgate::feeds
