// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "feeds/coinbase/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::coinbase {
namespace {

using tests::Padded;

/// An update and a trade of each feed, and what comes between.
std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"({{"type":"l2update","product_id":"ABC-BTC","changes":[["buy","0.{:04}","1.50"],)"
                           R"(["sell","0.9000","0.00"]],"time":"2021-04-17T16:43:37.078325Z"}})",
                           n % 1'000)},
        Padded{fmt::format(R"({{"type":"match","trade_id":{},"side":"sell","size":"2.50","price":"0.0512",)"
                           R"("product_id":"ABC-BTC","sequence":7,"time":"2021-04-17T16:43:38.5Z"}})",
                           n)},
        Padded{fmt::format(R"({{"channel":"l2_data","timestamp":"2026-04-07T14:30:01.4Z","sequence_num":{},"events":[)"
                           R"({{"type":"update","product_id":"ABC-USD","updates":[{{"side":"bid","price_level":"5.0",)"
                           R"("new_quantity":"{}"}}]}}]}})",
                           2 * n, n)},
        Padded{fmt::format(R"({{"channel":"market_trades","timestamp":"2026-04-07T14:30:01.4Z","sequence_num":{},)"
                           R"("events":[{{"type":"update","trades":[{{"trade_id":"{}","product_id":"ABC-USD",)"
                           R"("price":"5.1","size":"1","side":"BUY","time":"2026-04-07T14:30:02Z"}}]}}]}})",
                           2 * n + 1, n)},
    };
}

TEST(CoinbaseAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    CoinbaseSession session{Api::Exchange, book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{R"({"type":"snapshot","product_id":"ABC-BTC","asks":[["0.9500","10.50"]],"bids":[]})"},
          Padded{R"({"channel":"l2_data","timestamp":"2026-04-07T14:30:01.4Z","sequence_num":1,"events":[)"
                 R"({"type":"snapshot","product_id":"ABC-USD","updates":[]}]})"}});
    play(messages_at(1));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 2; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 998U * 5) << "all were applied";
    EXPECT_EQ(session.counters().chain_failed, 0U);
    EXPECT_EQ(session.counters().decode_errors, 0U);
}

}  // namespace
}  // namespace tickgate::feeds::coinbase
