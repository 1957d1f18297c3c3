// Reads the real recordings, where they are at hand, against the counts that their description gives.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/recording_reader.hpp"

namespace tickgate {
namespace {

using feeds::RawMessage;

struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t rest = 0;
    std::uint64_t connected = 0;
    std::map<std::string, std::uint64_t> streams;
};

/// What follows the `@` in a combined-stream envelope, without the speed: depth, bookTicker, trade, ...
std::string stream_of(std::string_view payload) {
    const auto at = payload.find('@');
    return std::string{payload.substr(at + 1, payload.find_first_of("@\"", at + 1) - at - 1)};
}

class MarketData : public testing::Test {
protected:
    void SetUp() override {
        const char* set = std::getenv("TICKGATE_MARKET_DATA");
        root_ = set != nullptr ? set : TICKGATE_SOURCE_DIR "/../shared/market-data";
        if (!std::filesystem::exists(root_ / "binance")) GTEST_SKIP() << "no recordings at " << root_;
    }
    Counts count(const std::vector<std::string>& names) {
        std::vector<std::filesystem::path> files;
        for (const auto& name : names) files.push_back(root_ / name);
        feeds::MergedRecording recording{files};
        Counts counts;
        auto last = book::kNoTime;
        while (const RawMessage* message = recording.next()) {
            EXPECT_GE(message->receive_time, last);
            last = message->receive_time;
            if (message->kind == RawMessage::Kind::RestAnswer) ++counts.rest;
            if (message->kind == RawMessage::Kind::Connected) ++counts.connected;
            if (message->kind != RawMessage::Kind::Frame) continue;
            ++counts.frames;
            ++counts.streams[stream_of(message->payload)];
        }
        return counts;
    }

    std::filesystem::path root_;
};

using Streams = std::map<std::string, std::uint64_t>;

TEST_F(MarketData, SpotHasTheMessagesThatItsDescriptionCounts) {
    const Counts counts = count({"binance/spot_btcusdt_20240808.gz"});
    EXPECT_EQ(counts.streams, (Streams{{"depth", 3'451}, {"bookTicker", 28'040}, {"trade", 9'757}}));
    EXPECT_EQ(counts.rest, 1U);
    EXPECT_EQ(counts.frames + counts.rest, 41'249U);
}

TEST_F(MarketData, UsdmHasTheMessagesThatItsDescriptionCounts) {
    const Counts counts = count({"binance/usdm_btcusdt_20240808.gz"});
    EXPECT_EQ(counts.streams, (Streams{{"depth", 6'551}, {"bookTicker", 66'089}, {"trade", 21'313}}));
    EXPECT_EQ(counts.rest, 1U);
    EXPECT_EQ(counts.frames + counts.rest, 93'954U);
}

TEST_F(MarketData, CoinmHasTheMessagesThatItsDescriptionCounts) {
    const Counts counts = count({"binance/cm_ethusd_perp_20240808.gz"});
    EXPECT_EQ(counts.streams, (Streams{{"depth", 22'909}, {"bookTicker", 15'812}, {"trade", 1'732}}));
    EXPECT_EQ(counts.rest, 1U);
    EXPECT_EQ(counts.frames + counts.rest, 40'454U);
}

TEST_F(MarketData, FourSpotSymbolsHaveTheMessagesThatTheirDescriptionCounts) {
    const Counts counts = count({"binance/spot_4symbols_20211012.ws.gz", "binance/spot_4symbols_20211012.rest.gz"});
    EXPECT_EQ(counts.streams, (Streams{{"depth", 177}, {"bookTicker", 84}, {"aggTrade", 2}, {"kline_1m", 2}}));
    EXPECT_EQ(counts.rest, 4U);
    EXPECT_EQ(counts.frames, 265U);
    EXPECT_EQ(counts.connected, 1U);
}

TEST_F(MarketData, KrakensCapturesHaveTheMessagesThatTheirDescriptionCounts) {
    EXPECT_EQ(count({"kraken/v2_btcusd_l2.cbcap.gz"}).frames, 5U + 296U + 60U + 8U + 7U + 1U);
    // One status and one answer to the subscription besides the snapshot, the updates and the heartbeats.
    EXPECT_EQ(count({"kraken/v2_btcusd_sample.cbcap.gz"}).frames, 1U + 2'051U + 50U + 2U);
}

}  // namespace
}  // namespace tickgate
