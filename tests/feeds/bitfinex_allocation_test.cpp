// From text to events nothing is allocated once the buffers have grown: counted, in a program of its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "feeds/bitfinex/session.hpp"
#include "tests/feeds/padded.hpp"
#include "tests/support/allocations.hpp"

namespace tickgate::feeds::bitfinex {
namespace {

using tests::Padded;

std::vector<Padded> messages_at(std::uint64_t n) {
    return {
        Padded{fmt::format("[7,[0.{:04},1,-7.5],{}]", n % 1'000, 4 * n)},
        Padded{fmt::format(R"([9,"te",[{},1574694478808,0.5,0.25],{}])", n, 4 * n + 1)},
        Padded{fmt::format(R"([7,"cs",-{},{}])", n, 4 * n + 2)},
        Padded{fmt::format(R"([7,"hb",{}])", 4 * n + 3)},
    };
}

TEST(BitfinexAllocation, NothingIsAllocatedForAMessage) {
    book::InstrumentRegistry registry;
    BitfinexSession session{book::FeedId{}, registry, {}};
    std::vector<book::Event> events;
    std::size_t written = 0;
    const auto play = [&](const std::vector<Padded>& messages) {
        for (const Padded& message : messages) {
            events.clear();
            session.on_message({RawMessage::Kind::Frame, {}, {}, message.text()}, events);
            written += events.size();
        }
    };
    play({Padded{R"({"event":"conf","status":"OK","flags":65536})"},
          Padded{R"({"event":"subscribed","channel":"book","chanId":7,"symbol":"tABC:USD","prec":"P0"})"},
          Padded{R"({"event":"subscribed","channel":"trades","chanId":9,"symbol":"tABC:USD"})"},
          Padded{"[7,[[0.5123,1,7.5],[0.9,1,-2]],3]"}});
    play(messages_at(1));
    std::vector<std::vector<Padded>> steady;
    for (std::uint64_t n = 2; n < 1'000; ++n) steady.push_back(messages_at(n));

    written = 0;
    const std::size_t before = test::allocations();
    for (const auto& messages : steady) play(messages);
    EXPECT_EQ(test::allocations() - before, 0U);
    EXPECT_EQ(written, 998U * 3) << "all were applied";
    EXPECT_EQ(session.counters().chain_ok, 999U * 4);
}

}  // namespace
}  // namespace tickgate::feeds::bitfinex
