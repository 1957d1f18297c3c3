#include "tools/client/ladder_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tickgate::client {
namespace {

using testing::HasSubstr;
using testing::Not;

class LadderView : public testing::Test {
protected:
    LadderView() {
        receive(
            R"({"type":"ack","id":1,"ok":[{"sid":1,"channel":"book","symbol":"SYN:S0","depth":25,"rate_ms":100}]})");
        receive(R"({"type":"status","symbol":"SYN:S0","state":"live","since":1})");
        receive(R"({"type":"snapshot","sid":1,"symbol":"SYN:S0","epoch":"k","seq":7,"depth":25,)"
                R"("bids":[["9.50","1.5"],["9.40","2"]],"asks":[["10.00","3"],["10.10","4"]],"ck":0})");
    }
    void receive(std::string_view text) { mirror.on_message(text, {}, actions); }

    BookMirror mirror{Request{}};
    Actions actions;
};

TEST_F(LadderView, DrawsAsksAboveBidsWithTheBestInTheMiddle) {
    const std::string frame = draw_ladder(mirror, 40);
    EXPECT_THAT(frame, HasSubstr("SYN:S0"));
    EXPECT_THAT(frame, HasSubstr("live depth 25 every 100 ms  seq 7"));
    EXPECT_LT(frame.find("10.10"), frame.find("10.00"));
    EXPECT_LT(frame.find("10.00"), frame.find("9.50"));
    EXPECT_LT(frame.find("9.50"), frame.find("9.40"));
}

TEST_F(LadderView, NeverDrawsMoreLinesThanTheTerminalHas) {
    for (std::size_t rows = 1; rows < 12; ++rows) {
        const std::string frame = draw_ladder(mirror, rows);
        EXPECT_LE(static_cast<std::size_t>(std::count(frame.begin(), frame.end(), '\n')), rows);
    }
    EXPECT_THAT(draw_ladder(mirror, 6), Not(HasSubstr("9.40")));
}

TEST_F(LadderView, DrawsBestBidAndAskAndTrades) {
    receive(R"({"type":"ack","id":2,"ok":[{"sid":2,"channel":"bbo","symbol":"SYN:S1","depth":1,"rate_ms":0},)"
            R"({"sid":3,"channel":"trades","symbol":"SYN:S2","rate_ms":0}]})");
    receive(R"({"type":"bbo","sid":2,"symbol":"SYN:S1","epoch":"k","seq":7,"bid":["9.51","1"],"ask":null})");
    receive(
        R"({"type":"trades","sid":3,"symbol":"SYN:S2","epoch":"k","prev":0,"seq":1,"trades":[["1","9.77","5","sell",1]]})");
    const std::string frame = draw_ladder(mirror, 60);
    EXPECT_THAT(frame, HasSubstr("9.51 × 1"));
    EXPECT_THAT(frame, HasSubstr("9.77"));
    EXPECT_THAT(frame, HasSubstr("sell"));
}

}  // namespace
}  // namespace tickgate::client
