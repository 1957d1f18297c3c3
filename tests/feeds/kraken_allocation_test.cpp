// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "feeds/kraken/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::kraken {
namespace {

using tests::Padded;

/// An update and a trade of each version, and what comes between.
std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format(R"([7,{{"a":[["5.{:02}","1.500","1618678132.5"]]}},{{"b":[["4.{:02}","0.000",)"
                           R"("1618678132.6"]],"c":"{}"}},"book-10","XBT/EUR"])",
                           n % 100, n % 100, n)},
        Padded{R"([9,[["5.05","8.500","1618678155.718950","b","m",""]],"trade","XBT/EUR"])"},
        Padded{fmt::format(R"({{"channel":"book","type":"update","data":[{{"symbol":"BTC/USD","bids":[],"asks":)"
                           R"([{{"price":63005.{},"qty":2.08665551}}],"checksum":{},)"
                           R"("timestamp":"2026-08-01T02:53:53.646219Z"}}]}})",
                           n % 10, n)},
        Padded{R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":63005.1,)"
               R"("qty":0.00027625,"ord_type":"limit","trade_id":5,"timestamp":"2026-08-01T02:53:55.4Z"}]})"},
        Padded{R"({"channel":"heartbeat"})"},
    };
}

TEST(KrakenAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    KrakenSession session{book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play(
        {Padded{R"([7,{"as":[["5.10","1.500","1618678132.5"]],"bs":[]},"book-10","XBT/EUR"])"},
         Padded{R"({"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[],"asks":[{"price":63005.0,)"
                R"("qty":2.07265551}],"checksum":1,"timestamp":"2026-08-01T02:53:53.398143Z"}]})"}});
    play(messages_at(1));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 2; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 998U * 5) << "all were applied";
    EXPECT_EQ(session.counters().decode_errors, 0U);
}

}  // namespace
}  // namespace tickgate::feeds::kraken
