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

struct Recording {
    std::string file;
    std::uint64_t frames;
};

// Messages of the book's kinds and what comes between, as the description counts them.
TEST_F(MarketData, OtherVenuesHaveTheMessagesThatTheirDescriptionsCount) {
    const std::vector<Recording> recordings{
        {"coinbase/exchange_l2_6products_20210417.ws.gz", 6 + 5'114 + 76 + 70 + 6 + 3},
        {"kraken/v1_book1000_6pairs_20210417.ws.gz", 2'536},
        {"kraken/v2_btcusd_l2.cbcap.gz", 5 + 296 + 60 + 8 + 7 + 1},
        {"kraken/v2_btcusd_sample.cbcap.gz", 1 + 2'051 + 50 + 2},
        {"okx/v5_books_2inst_20220513.ws.gz", 2 + 189 + 70 + 26 + 12},
        {"bitget/v1_books_8symbols_20220407.ws.gz", 684},
        {"bitfinex/v2_book_P0_seqall_20210417.ws.gz", 1'693},
        {"bybit/v2_linear_8symbols_20210417.ws.gz", 3'342},
        {"bybit/v5_ob500_xrpusdt_20241201_first25.jsonl.gz", 25},
        {"deribit/v2_book_raw_20210722.ws.gz", 97},
    };
    for (const auto& [file, frames] : recordings) {
        const Counts counts = count({file});
        EXPECT_EQ(counts.frames, frames) << file;
        EXPECT_EQ(counts.rest, 0U) << file;
    }
}

}  // namespace
}  // namespace tickgate
