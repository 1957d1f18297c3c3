// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <vector>

#include <fmt/format.h>

#include "feeds/okx/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::okx {
namespace {

using tests::Padded;

/// An update and a trade.
std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"({{"arg":{{"channel":"books","instId":"ABC-USDT"}},"action":"update","data":[{{"asks":[)"
                           R"(["9","0","0","0"]],"bids":[["0.{:04}","1.5","0","1"]],"ts":"1652459000464","checksum":0,)"
                           R"("prevSeqId":{},"seqId":{}}}]}})",
                           n % 1'000, n - 1, n)},
        Padded{fmt::format(R"({{"arg":{{"channel":"trades","instId":"ABC-USDT"}},"data":[{{"instId":"ABC-USDT",)"
                           R"("tradeId":"{}","px":"5.1","sz":"2","side":"sell","ts":"1652458000150"}}]}})",
                           n)},
    };
}

TEST(OkxAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    OkxSession session{book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{
        R"({"arg":{"channel":"books","instId":"ABC-USDT"},"action":"snapshot","data":[{"asks":)"
        R"([["9.0001","2.5","0","1"]],"bids":[],"ts":"1652459000464","checksum":0,"prevSeqId":-1,"seqId":0}]})"}});
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
}  // namespace tickgate::feeds::okx
