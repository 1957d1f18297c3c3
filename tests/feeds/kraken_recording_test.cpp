// Kraken's recordings, where they are at hand, against the venue's checksums, by a book that never stops believing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "book/order_book.hpp"
#include "feeds/kraken/checksum.hpp"
#include "feeds/kraken/session.hpp"
#include "feeds/recording_reader.hpp"

namespace tickgate::feeds::kraken {
namespace {

using book::Event;
using book::Side;

struct Checks {
    int ok = 0;
    int failed = 0;
    friend bool operator==(const Checks&, const Checks&) = default;
};

/// Plays one symbol's recording; `cuts`: the book cuts itself to the depth that the venue keeps.
Checks play(const std::filesystem::path& file, bool cuts) {
    book::InstrumentRegistry registry;
    KrakenSession session{book::FeedId{}, registry, {}};
    RecordingReader recording{file};
    book::OrderBook book;
    std::vector<book::LevelChange> bids;
    std::vector<book::LevelChange> asks;
    std::vector<Event> events;
    std::size_t depth = 0;
    bool replaces = false;
    Checks checks;
    while (const RawMessage* message = recording.next()) {
        events.clear();
        session.on_message(*message, events);
        for (const Event& event : events) {
            if (event.kind == book::EventKind::Clear) {
                replaces = true;
                depth = cuts ? static_cast<std::size_t>(event.quantity.mantissa()) : 0;
            }
            if (event.kind == book::EventKind::Level) {
                (event.side == Side::Bid ? bids : asks).push_back({event.price, event.quantity});
            }
            if (!event.is_last()) continue;
            book.begin(book.sequence().next());
            for (const auto& [side, levels] : {std::pair{Side::Bid, &bids}, std::pair{Side::Ask, &asks}}) {
                replaces ? book.replace(side, *levels) : book.apply(side, *levels);
                levels->clear();
            }
            replaces = false;
            book.truncate(depth);
            ++(book_checksum(book, {}) == event.id.number() ? checks.ok : checks.failed);
        }
    }
    return checks;
}

TEST(KrakenRecordings, ABookThatIsNotCutToTheDepthFailsMostChecksums) {
    const char* set = std::getenv("TICKGATE_MARKET_DATA");
    const std::filesystem::path root = set != nullptr ? set : TICKGATE_SOURCE_DIR "/../shared/market-data";
    if (!std::filesystem::exists(root / "kraken")) GTEST_SKIP() << "no recordings at " << root;
    const auto sample = root / "kraken" / "v2_btcusd_sample.cbcap.gz";
    EXPECT_EQ(play(sample, true), (Checks{2'052, 0}));
    EXPECT_EQ(play(sample, false), (Checks{220, 1'832}));
    const auto resyncs = root / "kraken" / "v2_btcusd_l2.cbcap.gz";
    EXPECT_EQ(play(resyncs, true), (Checks{301, 0}));
    EXPECT_EQ(play(resyncs, false), (Checks{294, 7}));
}

}  // namespace
}  // namespace tickgate::feeds::kraken
