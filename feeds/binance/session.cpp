#include "feeds/binance/session.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <variant>

namespace tickgate::feeds::binance {
namespace {

using namespace std::string_view_literals;

// All of COIN-M is quoted in dollars: DOTUSD is not DO-TUSD.
constexpr std::array kCoinMarginedQuotes{"USD"sv};

ChainRule chain_rule(Market market) noexcept {
    return market == Market::Spot ? ChainRule::Spot : ChainRule::Futures;
}

void widen(book::Scales& scales, book::Decimal price, book::Decimal quantity) noexcept {
    scales.price = std::max(scales.price, price.scale);
    scales.quantity = std::max(scales.quantity, quantity.scale);
}

void widen(book::Scales& scales, std::span<const PriceLevel> levels) noexcept {
    for (const PriceLevel& level : levels) widen(scales, level.price, level.quantity);
}

/// The digits after the point that a message writes, zeros at the end included; of too many, as many as may be.
book::Scales scales_of(const Message& message) noexcept {
    book::Scales scales;
    std::visit(
        [&scales]<typename T>(const T& said) {
            if constexpr (std::is_same_v<T, DepthUpdate> || std::is_same_v<T, DepthSnapshot>) {
                widen(scales, said.bids);
                widen(scales, said.asks);
            } else if constexpr (std::is_same_v<T, Trade>) {
                widen(scales, said.price, said.quantity);
            } else if constexpr (std::is_same_v<T, BookTicker>) {
                widen(scales, said.bid.price, said.bid.quantity);
                widen(scales, said.ask.price, said.ask.quantity);
            }
        },
        message);
    return {std::min(scales.price, kMostDigits), std::min(scales.quantity, kMostDigits)};
}

/// `BTCUSDT` of `https://../depth?symbol=BTCUSDT&limit=1000`.
std::string_view symbol_in_url(std::string_view url) noexcept {
    constexpr std::string_view kKey = "symbol=";
    const std::size_t at = url.find(kKey);
    if (at == std::string_view::npos) return {};
    url.remove_prefix(at + kKey.size());
    return url.substr(0, url.find('&'));
}

/// The string that follows the first `"key":`, as far as a text that is no JSON can be read.
std::string_view value_in_text(std::string_view text, std::string_view key) noexcept {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + key.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (!text.starts_with('"')) return {};
    text.remove_prefix(1);
    const std::size_t end = text.find('"');
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

/// The symbol that a message which cannot be decoded seems to be about; empty when there is no telling.
std::string symbol_of_bad_message(const RawMessage& raw) {
    for (const std::string_view key : {R"("s":)"sv, R"("symbol":)"sv}) {
        if (const std::string_view symbol = value_in_text(raw.payload, key); !symbol.empty())
            return std::string{symbol};
    }
    const std::string_view stream = value_in_text(raw.payload, R"("stream":)");
    return stream.empty() ? std::string{symbol_in_url(raw.url)} : upper_case(stream.substr(0, stream.find('@')));
}

/// Hands a decoded message to its symbol.
struct Dispatch {
    SymbolSession& symbol;
    book::UnixNanos receive_time;
    std::vector<book::Event>& out;

    void operator()(const Ignored&) const {}
    void operator()(const DepthUpdate& update) const {
        symbol.on_depth(update.ids, {update.ids.last, update.time, receive_time, update.bids, update.asks}, out);
    }
    void operator()(const DepthSnapshot& snapshot) const {
        const auto& [name, id, time, bids, asks] = snapshot;
        symbol.on_snapshot({id, time, receive_time, bids, asks}, out);
    }
    void operator()(const Trade& trade) const { symbol.on_trade(trade, receive_time, out); }
    void operator()(const BookTicker& ticker) const { symbol.on_ticker(ticker, receive_time, out); }
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
      feed_{feed},
      registry_{&registry},
      options_{std::move(options)} {
    for (std::string& symbol : options_.symbols) symbol = upper_case(symbol);
}

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
    SymbolSession* const symbol = find_or_list(name, message_, raw, out);
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
    static_cast<void>(find_or_list(name, message_, raw, out));
}

void BinanceSession::on_time(book::UnixNanos now, Events& out) {
    for (auto& [name, symbol] : symbols_) {
        if (symbol) symbol->on_time(now, out);
    }
}

void BinanceSession::restart() {
    for (FileNames& names : files_) names.nameless_snapshot.reset();
    for (auto& [name, symbol] : symbols_) {
        if (symbol) symbol->restart();
    }
}

void BinanceSession::on_bad_message(const RawMessage& raw, Events& out) {
    ++counters_.decode_errors;
    const auto known = symbols_.find(symbol_of_bad_message(raw));
    if (known == symbols_.end() || !known->second) return;
    known->second->on_bad_message(raw.receive_time, out);
}

void BinanceSession::on_nameless_snapshot(const DepthSnapshot& snapshot, const RawMessage& raw) {
    FileNames& names = names_in(raw);
    if (names.several) {  // nobody can tell whose it is
        ++counters_.decode_errors;
        return;
    }
    names.nameless_snapshot.emplace(
        LevelBatch{snapshot.last_update_id, snapshot.time, raw.receive_time, snapshot.bids, snapshot.asks});
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

SymbolSession* BinanceSession::find_or_list(std::string_view name, const Message& message, const RawMessage& raw,
                                            Events& out) {
    if (last_ != nullptr && last_->first == name) return last_->second.get();
    const auto known = symbols_.find(name);
    if (known == symbols_.end()) return list(name, scales_of(message), raw, out);
    last_ = &*known;
    return known->second.get();
}

SymbolSession* BinanceSession::list(std::string_view name, book::Scales scales, const RawMessage& raw, Events& out) {
    std::string canonical = canonical_symbol(symbol_style(market_), name);
    std::unique_ptr<SymbolSession> symbol;
    if (wanted(name, canonical)) {
        const book::Instrument& instrument = registry_->add(feed_, std::move(canonical), std::string{name}, scales);
        symbol = std::make_unique<SymbolSession>(instrument, chain_rule(market_), options_.from_empty, counters_);
        out.push_back(book::Event::listed(instrument, raw.receive_time));
    }
    return symbols_.emplace(name, std::move(symbol)).first->second.get();
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

bool BinanceSession::wanted(std::string_view name, std::string_view canonical) const {
    if (options_.symbols.empty()) return true;
    const std::string upper = upper_case(name);
    return std::any_of(options_.symbols.begin(), options_.symbols.end(),
                       [&](const std::string& symbol) { return symbol == upper || symbol == canonical; });
}

}  // namespace tickgate::feeds::binance
