#include "feeds/binance/session.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <variant>

#include "feeds/json_cursor.hpp"
#include "feeds/scaling.hpp"

namespace tickgate::feeds::binance {
namespace {

using namespace std::string_view_literals;

// All of COIN-M is quoted in dollars: DOTUSD is not DO-TUSD.
constexpr std::array kCoinMarginedQuotes{"USD"sv};

ChainRule chain_rule(Market market) noexcept {
    return market == Market::Spot ? ChainRule::Spot : ChainRule::Futures;
}

/// The digits after the point that a message writes.
book::Scales scales_of(const Message& message) noexcept {
    book::Scales scales;
    std::visit(
        [&scales]<typename T>(const T& said) {
            if constexpr (std::is_same_v<T, DepthUpdate> || std::is_same_v<T, DepthSnapshot>) {
                widen(scales, said.bids);
                widen(scales, said.asks);
            } else if constexpr (std::is_same_v<T, Trade>) {
                widen(scales, {said.price, said.quantity});
            } else if constexpr (std::is_same_v<T, BookTicker>) {
                widen(scales, said.bid);
                widen(scales, said.ask);
            }
        },
        message);
    return scales;
}

/// `BTCUSDT` of `https://../depth?symbol=BTCUSDT&limit=1000`.
std::string_view symbol_in_url(std::string_view url) noexcept {
    constexpr std::string_view kKey = "symbol=";
    const std::size_t at = url.find(kKey);
    if (at == std::string_view::npos) return {};
    url.remove_prefix(at + kKey.size());
    return url.substr(0, url.find('&'));
}

/// The symbol that a message which cannot be decoded seems to be about; empty when there is no telling.
std::string symbol_of_bad_message(const RawMessage& raw) {
    for (const std::string_view key : {R"("s":)"sv, R"("symbol":)"sv}) {
        if (const std::string_view symbol = text_after(key, raw.payload); !symbol.empty()) return std::string{symbol};
    }
    const std::string_view stream = text_after(R"("stream":)", raw.payload);
    return stream.empty() ? std::string{symbol_in_url(raw.url)} : upper_case(stream.substr(0, stream.find('@')));
}

LevelBatch batch_of(const DepthSnapshot& snapshot, book::UnixNanos receive_time) noexcept {
    LevelBatch batch{book::VenueId{snapshot.last_update_id}, snapshot.time, receive_time, snapshot.bids, snapshot.asks};
    batch.is_partial = true;
    return batch;
}

/// Hands a decoded message to its symbol.
struct Dispatch {
    SymbolSession& symbol;
    book::UnixNanos receive_time;
    std::vector<book::Event>& out;

    void operator()(const Ignored&) const {}
    void operator()(const DepthUpdate& update) const {
        const LevelBatch batch{book::VenueId{update.ids.last}, update.time, receive_time, update.bids, update.asks};
        symbol.on_depth(update.ids, batch, out);
    }
    void operator()(const DepthSnapshot& snapshot) const { symbol.on_snapshot(batch_of(snapshot, receive_time), out); }
    void operator()(const Trade& trade) const {
        const auto& [name, id, price, quantity, aggressor, time] = trade;
        symbol.on_trade({book::VenueId{id}, price, quantity, aggressor, time}, receive_time, out);
    }
    void operator()(const BookTicker& ticker) const {
        symbol.on_ticker({ticker.update_id, ticker.time, ticker.bid, ticker.ask}, receive_time, out);
    }
};

}  // namespace

SymbolStyle symbol_style(Market market) noexcept {
    switch (market) {
        case Market::UsdMargined:
            return {"BINANCE-USDM", BareName::Perpetual, known_quotes()};
        case Market::CoinMargined:
            return {"BINANCE-COINM", BareName::Perpetual, kCoinMarginedQuotes};
        case Market::Spot:
            break;
    }
    return {"BINANCE", BareName::Spot, known_quotes()};
}

BinanceSession::BinanceSession(Market market, book::FeedId feed, book::InstrumentRegistry& registry,
                               SessionOptions options)
    : market_{market},
      options_{std::move(options)},
      symbols_{SymbolListing{feed, registry, symbol_style(market), options_.symbols}} {}

BinanceSession::~BinanceSession() = default;

void BinanceSession::on_message(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected) return;  // the chains go on, or show that they do not
    if (raw.url.empty()) ++counters_.messages;
    const std::uint64_t errors_before = counters_.decode_errors;
    take(raw, out);
    if (counters_.decode_errors != errors_before && options_.on_bad_message) options_.on_bad_message(raw);
}

void BinanceSession::take(const RawMessage& raw, Events& out) {
    if (decoder_.decode(raw.payload, message_, levels_)) {
        on_bad_message(raw, out);
        return;
    }
    if (std::holds_alternative<Ignored>(message_)) return;
    FileNames& names = names_in(raw);
    const std::string_view name = name_of(message_, raw, names);
    if (name.empty()) {
        on_nameless_snapshot(std::get<DepthSnapshot>(message_), raw);
        return;
    }
    note(name, names);
    const std::optional<StoredBatch> nameless = std::exchange(names.nameless_snapshot, std::nullopt);
    SymbolSession* const symbol = find_or_list(name, raw, out);
    if (symbol == nullptr) return;
    if (nameless) symbol->on_snapshot(nameless->view(), out);
    symbol->on_any_message(raw.receive_time, out);
    std::visit(Dispatch{*symbol, raw.receive_time, out}, message_);
}

void BinanceSession::list_symbols(const RawMessage& raw, Events& out) {
    if (raw.kind == RawMessage::Kind::Connected) return;
    if (decoder_.decode(raw.payload, message_, levels_) || std::holds_alternative<Ignored>(message_)) return;
    FileNames& names = names_in(raw);
    const std::string_view name = name_of(message_, raw, names);
    if (name.empty()) return;
    note(name, names);
    static_cast<void>(find_or_list(name, raw, out));
}

void BinanceSession::on_time(book::UnixNanos now, Events& out) {
    symbols_.for_each([&](SymbolSession& symbol) { symbol.on_time(now, out); });
}

void BinanceSession::restart() {
    for (FileNames& names : files_) names.nameless_snapshot.reset();
    symbols_.for_each([](SymbolSession& symbol) { symbol.restart(); });
}

void BinanceSession::on_bad_message(const RawMessage& raw, Events& out) {
    ++counters_.decode_errors;
    if (SymbolSession* const symbol = symbols_.find(symbol_of_bad_message(raw))) {
        symbol->on_bad_message(raw.receive_time, out);
    }
}

void BinanceSession::on_nameless_snapshot(const DepthSnapshot& snapshot, const RawMessage& raw) {
    FileNames& names = names_in(raw);
    if (names.several) {  // nobody can tell whose it is
        ++counters_.decode_errors;
        return;
    }
    names.nameless_snapshot.emplace(batch_of(snapshot, raw.receive_time));
}

BinanceSession::FileNames& BinanceSession::names_in(const RawMessage& raw) {
    if (files_.size() <= raw.file) files_.resize(raw.file + 1);
    return files_[raw.file];
}

void BinanceSession::note(std::string_view name, FileNames& names) {
    if (names.several || names.only == name) return;
    names.several = !names.only.empty();
    names.only = names.several ? std::string_view{} : name;
}

SymbolSession* BinanceSession::find_or_list(std::string_view name, const RawMessage& raw, Events& out) {
    return symbols_.find_or_list(
        name, raw.receive_time, [this] { return scales_of(message_); },
        [this](const book::Instrument& instrument) {
            return std::make_unique<SymbolSession>(instrument, chain_rule(market_), options_.from_empty, counters_);
        },
        out);
}

std::string_view BinanceSession::name_of(const Message& message, const RawMessage& raw,
                                         const FileNames& names) noexcept {
    const std::string_view said = std::visit(
        []<typename T>(const T& it) -> std::string_view {
            if constexpr (std::is_same_v<T, Ignored>) {
                return {};
            } else {
                return it.symbol;
            }
        },
        message);
    if (!said.empty()) return said;
    const std::string_view asked = symbol_in_url(raw.url);
    return !asked.empty() ? asked : std::string_view{names.only};
}

}  // namespace tickgate::feeds::binance
