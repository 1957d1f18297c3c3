#include "gateway/symbol_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tickgate::gateway {
namespace {

class SymbolTableTest : public testing::Test {
protected:
    book::InstrumentId list(std::string symbol, std::string venue_symbol) {
        const auto& instrument =
            registry.add(book::FeedId{0}, std::move(symbol), std::move(venue_symbol), book::Scales{2, 5});
        table.add(instrument);
        return instrument.id;
    }
    std::vector<std::string> matching(std::string_view pattern) const {
        std::vector<std::string> symbols;
        for (const book::InstrumentId id : table.match(pattern)) symbols.push_back(table[id].instrument->symbol);
        return symbols;
    }
    std::vector<std::string> near(std::string_view name) const {
        const auto names = table.near(name);
        return {names.begin(), names.end()};
    }

    book::InstrumentRegistry registry;
    SymbolTable table;
    using Texts = std::vector<std::string>;
};

TEST_F(SymbolTableTest, FindsCanonicalSymbolsAndAliasesInAnyCase) {
    const auto spot = list("BINANCE:BTC-USDT", "BTCUSDT");
    const auto kraken = list("KRAKEN:BTC-USD", "XBT/USD");
    EXPECT_EQ(table.find("BINANCE:BTC-USDT"), spot);
    EXPECT_EQ(table.find("binance:btc-usdt"), spot);
    EXPECT_EQ(table.find("Binance:btcusdt"), spot);
    EXPECT_EQ(table.find("KRAKEN:XBT/USD"), kraken);
    EXPECT_EQ(table.find("KRAKEN:BTCUSDT"), std::nullopt);
    EXPECT_EQ(table.find("BTC-USDT"), std::nullopt);
    EXPECT_EQ(table.find(""), std::nullopt);
}

TEST_F(SymbolTableTest, LetsNoAliasHideACanonicalSymbol) {
    list("X:A-B", "C-D");  // its alias X:C-D is another's symbol
    const auto canonical = list("X:C-D", "CD");
    EXPECT_EQ(table.find("x:c-d"), canonical);
}

TEST_F(SymbolTableTest, KeepsTheFirstOfTwoWithOneName) {
    const auto first = list("X:A-B", "AB");
    list("X:A-B", "AB");
    EXPECT_EQ(table.find("X:A-B"), first);
    EXPECT_EQ(table.find("X:AB"), first);
    EXPECT_EQ(matching("*"), Texts{"X:A-B"});
    EXPECT_EQ(table.size(), 1U);
}

TEST_F(SymbolTableTest, StaysTheSameWhenAnInstrumentIsAddedAgain) {
    const auto id = list("X:A-B", "AB");
    table.set_status(id, {.state = book::SymbolState::Live});
    table.add(*table[id].instrument);
    EXPECT_EQ(table[id].status.state, book::SymbolState::Live);
    EXPECT_EQ(matching("*"), Texts{"X:A-B"});
}

TEST_F(SymbolTableTest, KnowsStateAndScalesOfEachSymbol) {
    const auto id = list("X:A-B", "AB");
    EXPECT_EQ(table[id].status.state, book::SymbolState::Starting);
    EXPECT_EQ(table[id].scales, (book::Scales{2, 5}));
    table.set_status(id, {.state = book::SymbolState::Stale});
    table.set_scales(id, book::Scales{3, 8});
    EXPECT_EQ(table[id].status.state, book::SymbolState::Stale);
    EXPECT_EQ(table[id].scales, (book::Scales{3, 8}));
}

TEST_F(SymbolTableTest, KnowsOnlyWhatItWasTold) {
    const auto& never_added = registry.add(book::FeedId{0}, "X:N-O", "NO", {});
    const auto id = list("X:A-B", "AB");
    EXPECT_TRUE(table.knows(id));
    EXPECT_FALSE(table.knows(never_added.id));
    EXPECT_FALSE(table.knows(book::InstrumentId{77}));
}

TEST_F(SymbolTableTest, MatchesWildcardsInTheOrderOfTheSymbols) {
    list("KRAKEN:BTC-USD", "XBT/USD");
    list("BINANCE:ETH-USDT", "ETHUSDT");
    list("BINANCE:BTC-USDT", "BTCUSDT");
    list("BINANCE:BTC-USD", "BTCUSD");
    EXPECT_EQ(matching("binance:*"), (Texts{"BINANCE:BTC-USD", "BINANCE:BTC-USDT", "BINANCE:ETH-USDT"}));
    EXPECT_EQ(matching("*:BTC-USD"), (Texts{"BINANCE:BTC-USD", "KRAKEN:BTC-USD"}));
    EXPECT_EQ(matching("BINANCE:*-USDT"), (Texts{"BINANCE:BTC-USDT", "BINANCE:ETH-USDT"}));
    EXPECT_EQ(matching("*").size(), 4U);
    EXPECT_EQ(matching("KRAKEN:BTC-USD"), Texts{"KRAKEN:BTC-USD"});
    EXPECT_EQ(matching("BINANCE:BTCUSDT*"), Texts{});
    EXPECT_EQ(matching(""), Texts{});
}

TEST(Wildcard, FitsAnyTextForEachStar) {
    EXPECT_TRUE(matches_wildcard("", ""));
    EXPECT_TRUE(matches_wildcard("", "**"));
    EXPECT_TRUE(matches_wildcard("abc", "a*c"));
    EXPECT_TRUE(matches_wildcard("abcbc", "a*bc"));
    EXPECT_TRUE(matches_wildcard("aXbXc", "*b*c"));
    EXPECT_TRUE(matches_wildcard("abc", "*ABC*"));
    EXPECT_FALSE(matches_wildcard("abc", "a*b"));
    EXPECT_FALSE(matches_wildcard("abc", "abcd*"));
    EXPECT_FALSE(matches_wildcard("", "*a"));
    EXPECT_FALSE(matches_wildcard("ab", "a*b*b"));
}

TEST(Wildcard, TakesNoTimeForManyStars) {
    std::string pattern;
    for (int i = 0; i < 30'000; ++i) pattern += "*A";
    EXPECT_FALSE(matches_wildcard(std::string(60, 'A') + "B", pattern));
    EXPECT_FALSE(matches_wildcard(std::string(20'000, 'A'), "*A*A*A*A*A*A*A*A*A*B"));
}

TEST_F(SymbolTableTest, NamesTheNearestOfAnUnknownSymbolFirst) {
    list("BINANCE:FO-USDT", "FOUSDT");
    list("BINANCE:BTC-USDT", "BTCUSDT");
    list("BINANCE:BTC-USDC", "BTCUSDC");
    list("BINANCE:ETH-BTC", "ETHBTC");
    list("KRAKEN:BTC-USD", "XBT/USD");
    EXPECT_EQ(near("BINANCE:FOO-USDT").front(), "BINANCE:FO-USDT");
    EXPECT_EQ(near("binance:bct-usdt"), (Texts{"BINANCE:BTC-USDT", "BINANCE:BTC-USDC", "BINANCE:FO-USDT"}));
    EXPECT_EQ(near("KRAKEN:BTC-USDT"), Texts{"KRAKEN:BTC-USD"});
    EXPECT_EQ(near("something else"), Texts{});
    EXPECT_EQ(near(""), Texts{});
    EXPECT_EQ(near(std::string(60'000, 'B')), Texts{});
}

TEST_F(SymbolTableTest, ComparesANameWithoutVenueWithThoseOfAllVenues) {
    list("BINANCE:BTC-USDT", "BTCUSDT");
    list("KRAKEN:BTC-USD", "XBT/USD");
    EXPECT_EQ(near("btc-usd"), (Texts{"KRAKEN:BTC-USD", "BINANCE:BTC-USDT"}));
}

TEST_F(SymbolTableTest, NamesThreeAtMost) {
    for (int i = 0; i < 10; ++i) list("SYN:S" + std::to_string(i), "S" + std::to_string(i));
    EXPECT_EQ(near("SYN:S"), (Texts{"SYN:S0", "SYN:S1", "SYN:S2"}));
}

TEST_F(SymbolTableTest, HoldsTwentyThousandSymbols) {
    for (int i = 0; i < 20'000; ++i) list("SYN:S" + std::to_string(i), "S" + std::to_string(i));
    EXPECT_EQ(table.find("syn:s19999"), book::InstrumentId{19'999});
    EXPECT_EQ(matching("*").size(), 20'000U);
    EXPECT_EQ(matching("syn:*999").size(), 20U);
    EXPECT_EQ(near("SYN:S20000").size(), 3U);
}

}  // namespace
}  // namespace tickgate::gateway
