#include "feeds/symbols.hpp"

#include <gtest/gtest.h>

#include "feeds/binance/session.hpp"
#include "feeds/venues.hpp"

namespace tickgate::feeds {
namespace {

using binance::Market;
using binance::symbol_style;

struct Name {
    std::string_view venue_symbol;
    std::string_view canonical;
};

class Symbols : public testing::Test {
protected:
    static void expect(const SymbolStyle& style, std::initializer_list<Name> names) {
        for (const Name& name : names) EXPECT_EQ(canonical_symbol(style, name.venue_symbol), name.canonical);
    }
};

TEST_F(Symbols, OfBinanceSpotEndInTheLongestKnownQuote) {
    expect(symbol_style(Market::Spot), {{"BTCUSDT", "BINANCE:BTC-USDT"},
                                        {"btcusdt", "BINANCE:BTC-USDT"},
                                        {"BLZETH", "BINANCE:BLZ-ETH"},
                                        {"LRCBTC", "BINANCE:LRC-BTC"},
                                        {"RUNEEUR", "BINANCE:RUNE-EUR"},
                                        {"NKNUSDT", "BINANCE:NKN-USDT"},
                                        {"BTCFDUSD", "BINANCE:BTC-FDUSD"},
                                        {"BTCTUSD", "BINANCE:BTC-TUSD"},
                                        {"ETHBTC", "BINANCE:ETH-BTC"},
                                        {"1000SATSUSDT", "BINANCE:1000SATS-USDT"},
                                        {"USDTTRY", "BINANCE:USDT-TRY"},
                                        {"XBTEUR", "BINANCE:BTC-EUR"}});
}

TEST_F(Symbols, WithoutAKnownQuoteKeepTheirLetters) {
    expect(symbol_style(Market::Spot), {{"FOOBAR", "BINANCE:FOOBAR"}, {"USDT", "BINANCE:USDT"}});
}

TEST_F(Symbols, OfUsdMarginedFuturesArePerpetualUnlessDated) {
    expect(symbol_style(Market::UsdMargined), {{"BTCUSDT", "BINANCE-USDM:BTC-USDT-PERP"},
                                               {"BTCUSDT_240628", "BINANCE-USDM:BTC-USDT-240628"},
                                               {"ETHUSDC", "BINANCE-USDM:ETH-USDC-PERP"},
                                               {"ETHBTC", "BINANCE-USDM:ETH-BTC-PERP"}});
}

TEST_F(Symbols, OfCoinMarginedFuturesAreAllQuotedInDollars) {
    expect(symbol_style(Market::CoinMargined), {{"ETHUSD_PERP", "BINANCE-COINM:ETH-USD-PERP"},
                                                {"BTCUSD_240628", "BINANCE-COINM:BTC-USD-240628"},
                                                {"DOTUSD_PERP", "BINANCE-COINM:DOT-USD-PERP"}});
}

TEST_F(Symbols, WithSeparatorsAreTakenApartThere) {
    expect({"X", BareName::Spot, known_quotes()}, {{"XBT/USD", "X:BTC-USD"},
                                                   {"BTC-USD", "X:BTC-USD"},
                                                   {"UNI-USD-SWAP", "X:UNI-USD-PERP"},
                                                   {"BTC-PERPETUAL", "X:BTC-PERP"},
                                                   {"BTC-240628-70000-C", "X:BTC-240628-70000-C"}});
}

TEST_F(Symbols, WithADayInLettersHaveItInDigits) {
    expect({"X", BareName::Spot, known_quotes()}, {{"BTC-24SEP21-8000-P", "X:BTC-210924-8000-P"},
                                                   {"ETH-3FEB23", "X:ETH-230203"},
                                                   {"BTC_USDC-31DEC26", "X:BTC-USDC-261231"},
                                                   {"BTC-FS-24SEP21_PERP", "X:BTC-FS-210924-PERP"},
                                                   {"BTC-24XYZ21-1-C", "X:BTC-24XYZ21-1-C"},
                                                   {"BTC-240628", "X:BTC-240628"}});
}

TEST_F(Symbols, MayBeMarkedInFront) {
    expect({"X", BareName::Spot, known_quotes(), "T"},
           {{"tBTCUSD", "X:BTC-USD"}, {"tTESTBTC:TESTUSD", "X:TESTBTC-TESTUSD"}});
}

TEST_F(Symbols, StartWithThePrefixThatTheVenueTableGives) {
    for (const auto& [name, market] : {std::pair{"binance-spot", Market::Spot},
                                       {"binance-usdm", Market::UsdMargined},
                                       {"binance-coinm", Market::CoinMargined}}) {
        ASSERT_NE(find_venue(name), nullptr);
        EXPECT_EQ(find_venue(name)->prefix, symbol_style(market).prefix);
    }
    EXPECT_EQ(find_venue("binance"), nullptr);
}

}  // namespace
}  // namespace tickgate::feeds
