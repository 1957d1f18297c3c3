// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <vector>

#include <fmt/format.h>

#include "feeds/bitget/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::bitget {
namespace {

using tests::Padded;

/// An update and a trade.
std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"({{"action":"update","arg":{{"instType":"SPOT","channel":"books","instId":"ABCUSDT"}},)"
                           R"("data":[{{"asks":[["9.0000","0"]],"bids":[["0.{:04}","1.5"]],"checksum":-7,"seq":{},)"
                           R"("ts":"1695710000294"}}]}})",
                           n % 1'000, 3 * n)},
        Padded{fmt::format(R"({{"action":"update","arg":{{"instType":"SPOT","channel":"trade","instId":"ABCUSDT"}},)"
                           R"("data":[{{"ts":"1695709835822","price":"5.3","size":"0.1","side":"sell",)"
                           R"("tradeId":"{}"}}]}})",
                           n)},
    };
}

TEST(BitgetAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    BitgetSession session{book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{R"({"action":"snapshot","arg":{"instType":"SPOT","channel":"books","instId":"ABCUSDT"},"data":[{)"
                 R"("asks":[["9.0001","2.5"]],"bids":[],"checksum":-7,"seq":1,"ts":"1695710000294"}]})"}});
    play(messages_at(1));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 2; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 998U * 3) << "all were applied";
    EXPECT_EQ(session.counters().chain_failed, 0U);
    EXPECT_EQ(session.counters().decode_errors, 0U);
}

}  // namespace
}  // namespace tickgate::feeds::bitget
