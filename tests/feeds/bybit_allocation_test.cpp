// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <vector>

#include <fmt/format.h>

#include "feeds/bybit/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::bybit {
namespace {

using tests::Padded;

/// A delta and a trade.
std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"({{"topic":"orderbook.50.ABCUSDT","type":"delta","ts":1733011000693,"data":{{)"
                           R"("s":"ABCUSDT","b":[["0.{:04}","1.5"]],"a":[["9.0000","0"]],"u":{},"seq":{}}},)"
                           R"("cts":1733011000599}})",
                           n % 1'000, n, 3 * n)},
        Padded{fmt::format(R"({{"topic":"publicTrade.ABCUSDT","type":"snapshot","ts":1709891000005,"data":[{{)"
                           R"("T":1709891000000,"s":"ABCUSDT","S":"Sell","v":"0.5","p":"2.00","i":)"
                           R"("0a1b2c3d-4e5f-6071-8293-a4b5c6d7{:04}","BT":false}}]}})",
                           n)},
    };
}

TEST(BybitAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    BybitSession session{Market::Linear, book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{R"({"topic":"orderbook.50.ABCUSDT","type":"snapshot","ts":1733011000693,"data":{"s":"ABCUSDT",)"
                 R"("b":[],"a":[["9.0001","2.5"]],"u":10,"seq":20}})"}});
    play(messages_at(11));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 12; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 988U * 3) << "all were applied";
    EXPECT_EQ(session.counters().chain_failed, 0U);
    EXPECT_EQ(session.counters().decode_errors, 0U);
}

}  // namespace
}  // namespace tickgate::feeds::bybit
