#include "feeds/symbols.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tickgate::feeds {
namespace {

using namespace std::string_view_literals;

constexpr std::array kKnownQuotes{// dollars and other stable coins
                                  "USD"sv, "USDT"sv, "USDC"sv, "FDUSD"sv, "TUSD"sv, "BUSD"sv, "USDP"sv, "USDS"sv,
                                  "USDE"sv, "USD1"sv, "PAX"sv, "DAI"sv, "UST"sv, "PYUSD"sv, "RLUSD"sv, "USDG"sv,
                                  "EURI"sv, "AEUR"sv, "EURC"sv, "BIDR"sv, "BVND"sv, "IDRT"sv, "VAI"sv,
                                  // currencies
                                  "EUR"sv, "GBP"sv, "JPY"sv, "CHF"sv, "CAD"sv, "AUD"sv, "NZD"sv, "SGD"sv, "KRW"sv,
                                  "CNH"sv, "TRY"sv, "BRL"sv, "ARS"sv, "COP"sv, "MXN"sv, "RUB"sv, "UAH"sv, "NGN"sv,
                                  "ZAR"sv, "IDR"sv, "PLN"sv, "RON"sv, "CZK"sv, "AED"sv,
                                  // coins that others are quoted in
                                  "BTC"sv, "XBT"sv, "ETH"sv, "BNB"sv, "SOL"sv, "XRP"sv, "TRX"sv, "DOGE"sv, "DOT"sv};

constexpr std::string_view kSeparators = "-_/:";

std::string_view renamed(std::string_view asset) noexcept {
    if (asset == "XBT") return "BTC";
    return asset == "XDG" ? "DOGE" : asset;
}

bool is_perpetual(std::string_view part) noexcept {
    return part == "PERP" || part == "SWAP" || part == "PERPETUAL";
}

/// A contract's suffix rather than a currency: a perpetual, or an expiry date, which starts with a digit.
bool is_suffix(std::string_view part) noexcept {
    return is_perpetual(part) || (part.size() >= 6 && part.front() >= '0' && part.front() <= '9');
}

/// An expiry date as protocol symbols have it: YYMMDD, also of `24SEP21` and `3FEB23`. Other parts stay.
std::string expiry_or_same(std::string_view part) {
    constexpr std::string_view kMonths = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    const auto digits = [](std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; };
    if (part.size() != 6 && part.size() != 7) return std::string{part};
    const std::string_view day = part.substr(0, part.size() - 5);
    const std::string_view year = part.substr(part.size() - 2);
    const std::size_t month = kMonths.find(part.substr(day.size(), 3));
    if (month == kMonths.npos || month % 3 != 0 || !digits(day) || !digits(year)) return std::string{part};
    const std::size_t number = month / 3 + 1;
    return std::string{year}
        .append(number < 10 ? "0" : "")
        .append(std::to_string(number))
        .append(day.size() < 2 ? "0" : "")
        .append(day);
}

std::vector<std::string_view> split(std::string_view name) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = name.find_first_of(kSeparators);
        parts.push_back(name.substr(0, end));
        if (end == std::string_view::npos) return parts;
        name.remove_prefix(end + 1);
    }
}

/// BTCUSDT to BTC-USDT.
std::string split_pair(std::string_view pair, std::span<const std::string_view> quotes) {
    std::string_view quote;
    for (const std::string_view known : quotes) {
        const bool fits = pair.size() > known.size() && pair.ends_with(known);
        if (fits && known.size() > quote.size()) quote = known;
    }
    if (quote.empty()) return std::string{renamed(pair)};
    const std::string_view base = pair.substr(0, pair.size() - quote.size());
    return std::string{renamed(base)}.append("-").append(renamed(quote));
}

}  // namespace

std::span<const std::string_view> known_quotes() noexcept {
    return kKnownQuotes;
}

std::string upper_case(std::string_view text) {
    std::string upper{text};
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return upper;
}

std::string canonical_symbol(const SymbolStyle& style, std::string_view venue_symbol) {
    const std::string upper = upper_case(venue_symbol);
    std::string_view name = upper;
    if (name.starts_with(style.mark)) name.remove_prefix(style.mark.size());
    const std::vector<std::string_view> parts = split(name);
    std::string symbol = std::string{style.prefix} + ':';
    std::size_t next = 1;
    if (parts.size() > 1 && !is_suffix(parts[1])) {
        symbol.append(renamed(parts[0])).append("-").append(renamed(parts[1]));
        next = 2;
    } else {
        symbol.append(split_pair(parts[0], style.quotes));
    }
    if (next == parts.size() && style.bare == BareName::Perpetual) symbol.append("-PERP");
    for (; next < parts.size(); ++next) {
        symbol.append("-").append(is_perpetual(parts[next]) ? "PERP" : expiry_or_same(parts[next]));
    }
    return symbol;
}

}  // namespace tickgate::feeds
