// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "feeds/binance/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::binance {
namespace {

using tests::Padded;

/// A depth event of a few levels, a trade and a ticker, as Spot sends them.
std::vector<Padded> messages_at(std::uint64_t id) {
    const auto level = [id](std::uint64_t n) {
        return fmt::format(R"(["617{:02}.63000000","{}.25000000"])", (id + n) % 100, id % 7);
    };
    return {
        Padded{fmt::format(
            R"({{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{0},"u":{0},)"
            R"("b":[{1},{2}],"a":[{3}]}}}})",
            id, level(1), level(2), level(3))},
        Padded{fmt::format(R"({{"e":"trade","E":1,"s":"BTCUSDT","t":{},"p":"61737.63","q":"1","T":1,"m":true}})", id)},
        Padded{fmt::format(R"({{"u":{},"s":"BTCUSDT","b":"61737.63","B":"3.78","a":"61837.64","A":"1.54"}})", id)},
    };
}

TEST(BinanceAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    BinanceSession session{Market::Spot, book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
        }
        return events.size();
    };
    play(messages_at(10));
    play({Padded{R"({"lastUpdateId":10,"bids":[["61737.63000000","1.00000000"]],"asks":[]})"}});
    play(messages_at(11));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t id = 12; id < 1'000; ++id) steady.push_back(messages_at(id));

    const std::size_t before = test::allocations();
    for (const auto& messages : steady) ASSERT_GT(play(messages), 0U);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(session.counters().chain_ok, 989U) << "all were applied";
}

}  // namespace
}  // namespace tickgate::feeds::binance
