// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "feeds/deribit/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::deribit {
namespace {

using tests::Padded;

std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"({{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"book.A-PERPETUAL.raw",)"
                           R"("data":{{"type":"change","timestamp":1626993724318,"prev_change_id":{},)"
                           R"("instrument_name":"A-PERPETUAL","change_id":{},"bids":[["change",0.{:04},7.5]],)"
                           R"("asks":[["delete",0.9,0.0]]}}}}}})",
                           n, n + 1, n % 1'000)},
        Padded{fmt::format(R"({{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"trades.A-PERPETUAL.raw",)"
                           R"("data":[{{"trade_id":"{}","timestamp":1626993724318,"price":0.5,"amount":10.0,)"
                           R"("direction":"sell","instrument_name":"A-PERPETUAL"}}]}}}})",
                           n)},
        Padded{R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})"},
    };
}

TEST(DeribitAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    DeribitSession session{book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.A-PERPETUAL.raw","data":)"
                 R"({"type":"snapshot","timestamp":1626993724318,"instrument_name":"A-PERPETUAL","change_id":1,)"
                 R"("bids":[["new",0.1234,7.5]],"asks":[]}}})"}});
    play(messages_at(1));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 2; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 998U * 3) << "all were applied";
    EXPECT_EQ(session.counters().chain_ok, 999U);
}

}  // namespace
}  // namespace tickgate::feeds::deribit
