#include "book/event.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace tickgate::book {
namespace {

constexpr UnixNanos kNow{std::chrono::nanoseconds{1'723'161'256'000'000'001}};

std::string text(const VenueId& id) {
    std::array<char, VenueId::kMaxText> out;
    return {out.data(), id.write(out.data())};
}

TEST(VenueId, IsEmptyUntilTheVenueGivesOne) {
    const VenueId id;
    EXPECT_TRUE(id.empty());
    EXPECT_FALSE(id.is_number());
    EXPECT_EQ(id.number(), 0U);
    EXPECT_EQ(text(id), "");
}

TEST(VenueId, KeepsANumberOfFullWidth) {
    constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();
    const VenueId id{kLargest};
    EXPECT_TRUE(id.is_number());
    EXPECT_EQ(id.number(), kLargest);
    EXPECT_EQ(text(id), "18446744073709551615");
}

TEST(VenueId, ZeroIsANumberAndNotNothing) {
    const VenueId id{std::uint64_t{0}};
    EXPECT_FALSE(id.empty());
    EXPECT_TRUE(id.is_number());
    EXPECT_EQ(text(id), "0");
}

TEST(VenueId, KeepsTextAndCutsItToSixteenBytes) {
    EXPECT_EQ(text(VenueId{std::string_view{"ab-1"}}), "ab-1");
    const VenueId longer{std::string_view{"0123456789abcdefXYZ"}};
    EXPECT_EQ(text(longer), "0123456789abcdef");
    EXPECT_FALSE(longer.is_number());
    EXPECT_EQ(longer.number(), 0U);
}

TEST(Event, ByItselfEndsNoBatch) {
    Event event;
    EXPECT_FALSE(event.is_last());
    event.flags = Event::kPartialSnapshot;
    EXPECT_FALSE(event.is_last());
    event.flags |= Event::kLast;
    EXPECT_TRUE(event.is_last());
}

TEST(Event, CarriesAListedInstrumentByItsAddress) {
    InstrumentRegistry registry;
    const Instrument& instrument = registry.add(FeedId{3}, "BINANCE:BTC-USDT", "BTCUSDT", {2, 5});
    const Event event = Event::listed(instrument, kNow);
    EXPECT_EQ(event.kind, EventKind::Listed);
    EXPECT_EQ(event.instrument, instrument.id);
    EXPECT_EQ(event.receive_time, kNow);
    EXPECT_EQ(&event.listed_instrument(), &instrument);
}

TEST(Event, CarriesScales) {
    const Event event = Event::scale(InstrumentId{7}, {3, 18}, kNow);
    EXPECT_EQ(event.kind, EventKind::Scale);
    EXPECT_EQ(event.instrument, InstrumentId{7});
    EXPECT_EQ(event.scales(), (Scales{3, 18}));
}

TEST(Event, CarriesAStateWithItsReason) {
    const Event event = Event::status(InstrumentId{7}, SymbolState::Resyncing, StateReason::Gap, kNow);
    EXPECT_EQ(event.kind, EventKind::Status);
    EXPECT_EQ(event.state, SymbolState::Resyncing);
    EXPECT_EQ(event.reason, StateReason::Gap);
    EXPECT_EQ(event.receive_time, kNow);
}

TEST(Event, OfAFeedNamesTheFeed) {
    EXPECT_EQ(Event::tick(FeedId{2}, kNow).kind, EventKind::Tick);
    EXPECT_EQ(Event::tick(FeedId{2}, kNow).feed(), FeedId{2});
    EXPECT_EQ(Event::end(FeedId{4}, kNow).kind, EventKind::End);
    EXPECT_EQ(Event::end(FeedId{4}, kNow).feed(), FeedId{4});
    EXPECT_EQ(Event::end(FeedId{4}, kNow).receive_time, kNow);
}

TEST(InstrumentRegistry, NumbersInstrumentsDenselyAndKeepsTheirAddresses) {
    InstrumentRegistry registry;
    const Instrument& first = registry.add(FeedId{0}, "SYN:S0", "S0", {2, 2});
    for (int i = 1; i < 1'000; ++i) registry.add(FeedId{0}, "SYN:S" + std::to_string(i), "S", {2, 2});
    const Instrument& last = registry.add(FeedId{1}, "SYN:LAST", "LAST", {4, 6});
    EXPECT_EQ(index_of(first.id), 0U);
    EXPECT_EQ(first.symbol, "SYN:S0");
    EXPECT_EQ(index_of(last.id), 1'000U);
    EXPECT_EQ(last.feed, FeedId{1});
    EXPECT_EQ(last.venue_symbol, "LAST");
    EXPECT_EQ(last.scales, (Scales{4, 6}));
}

}  // namespace
}  // namespace tickgate::book
