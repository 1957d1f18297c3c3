// The messages as protocol.md shows them, to the byte.

#include "gateway/wire.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gateway/messages.hpp"

namespace tickgate::gateway {
namespace {

using book::Level;
using book::Price;
using book::Quantity;
using book::Sequence;
using book::Side;
using namespace std::chrono_literals;

constexpr book::Scales kScales{2, 5};
constexpr book::UnixNanos kNow{1'719'999'999'123'456'789ns};
const SymbolWire kWire{"BINANCE:BTC-USDT", "k3", kScales};
const MessageTimes kTimes{kNow - 3us, kNow - 2us, kNow};

Level level(std::int64_t price, std::int64_t quantity) {
    return {Price{price}, Quantity{quantity}, Sequence{1}};
}

/// What was written, after a look at whether it fits what was promised.
std::string written(std::size_t max_size, const std::function<char*(char*)>& write) {
    std::string out(max_size + 1, '\x7f');
    char* const end = write(out.data());
    EXPECT_LE(static_cast<std::size_t>(end - out.data()), max_size);
    EXPECT_EQ(out.back(), '\x7f');
    return {out.data(), end};
}

TEST(Wire, Snapshot) {
    const book::Cut cut{.bids = {level(6'424'990, 75'000), level(6'425'010, 50'000)},
                        .asks = {level(6'425'020, 120'000)}};
    EXPECT_EQ(written(max_snapshot_size(kWire, 3),
                      [&](char* out) {
                          return write_snapshot(out, kWire, 12, Sequence{88'200}, 25, cut, 2'774'912'033, kTimes);
                      }),
              R"({"type":"snapshot","sid":12,"symbol":"BINANCE:BTC-USDT","epoch":"k3","seq":88200,"depth":25,)"
              R"("bids":[["64250.10","0.50000"],["64249.90","0.75000"]],"asks":[["64250.20","1.20000"]],)"
              R"("ck":2774912033,"tx":1719999999123453,"tr":1719999999123454,"ts":1719999999123456})");
}

TEST(Wire, SnapshotOutsideOfAnyStreamWithoutVenueTime) {
    EXPECT_EQ(
        written(
            max_snapshot_size(kWire, 0),
            [](char* out) {
                return write_snapshot(out, kWire, kNoSid, Sequence{0}, 0, {}, 0, {book::kNoTime, book::kNoTime, kNow});
            }),
        R"({"type":"snapshot","symbol":"BINANCE:BTC-USDT","epoch":"k3","seq":0,"depth":0,"bids":[],"asks":[],)"
        R"("ck":0,"ts":1719999999123456})");
}

TEST(Wire, Delta) {
    const book::BookDelta delta{.bids = {{Price{6'425'010}, Quantity{0}}, {Price{6'424'990}, Quantity{75'000}}},
                                .asks = {}};
    EXPECT_EQ(written(max_delta_size(2),
                      [&](char* out) {
                          return write_delta(out, kScales, 12, Sequence{88'200}, Sequence{88'240}, delta, 1'193'046'471,
                                             kTimes);
                      }),
              R"({"type":"delta","sid":12,"prev":88200,"seq":88240,"bids":[["64250.10","0"],["64249.90","0.75000"]],)"
              R"("asks":[],"ck":1193046471,"tx":1719999999123453,"tr":1719999999123454,"ts":1719999999123456})");
}

TEST(Wire, Bbo) {
    const book::Cut top{.bids = {level(6'425'010, 50'000)}, .asks = {}};
    EXPECT_EQ(written(max_bbo_size(kWire),
                      [&](char* out) { return write_bbo(out, kWire, 44, Sequence{88'240}, top, kTimes); }),
              R"({"type":"bbo","sid":44,"symbol":"BINANCE:BTC-USDT","epoch":"k3","seq":88240,)"
              R"("bid":["64250.10","0.50000"],"ask":null,)"
              R"("tx":1719999999123453,"tr":1719999999123454,"ts":1719999999123456})");
}

TEST(Wire, Trades) {
    book::TradeTape tape{8};
    tape.add({Price{1}, Quantity{1}, Side::Ask, book::VenueId{std::uint64_t{99}}, kNow, kNow});
    tape.add({Price{6'425'020}, Quantity{1'000}, Side::Bid, book::VenueId{"a\"1"}, kNow - 9us, kNow - 3us});
    tape.add({Price{-5}, Quantity{2'000}, Side::Ask, book::VenueId{}, book::kNoTime, kNow - 2us});
    EXPECT_EQ(written(max_trades_size(kWire, 2),
                      [&](char* out) { return write_trades(out, kWire, 45, Sequence{1}, Sequence{3}, tape, kNow); }),
              R"({"type":"trades","sid":45,"symbol":"BINANCE:BTC-USDT","epoch":"k3","prev":1,"seq":3,"trades":[)"
              R"(["a\"1","64250.20","0.01000","buy",1719999999123447],["","-0.05","0.02000","sell"]],)"
              R"("tr":1719999999123454,"ts":1719999999123456})");
}

TEST(Wire, TheLongestOfEachFitsWhatIsPromised) {
    constexpr auto kLongest = std::numeric_limits<std::int64_t>::min() + 1;
    constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
    const SymbolWire wire{std::string_view{"LONG:SYMBOL-NAME"}, "k3.4294967295", {18, 18}};
    const book::UnixNanos late{std::chrono::nanoseconds{kLargest}};
    const MessageTimes times{late, late, late};
    const Sequence largest{std::numeric_limits<std::uint64_t>::max()};
    const std::vector<Level> side(50, level(kLongest, kLargest));
    const book::Cut cut{side, side};
    const std::vector<book::LevelChange> changes(50, {Price{kLongest}, Quantity{kLargest}});
    constexpr std::uint32_t kSid = 0xffff'ffff;
    static_cast<void>(written(max_snapshot_size(wire, 100), [&](char* out) {
        return write_snapshot(out, wire, kSid, largest, 500, cut, 0xffff'ffff, times);
    }));
    static_cast<void>(written(max_delta_size(100), [&](char* out) {
        return write_delta(out, wire.scales, kSid, largest, largest, {changes, changes}, 0xffff'ffff, times);
    }));
    static_cast<void>(
        written(max_bbo_size(wire), [&](char* out) { return write_bbo(out, wire, kSid, largest, cut, times); }));
    book::TradeTape tape{50};
    for (int i = 0; i < 50; ++i) {
        tape.add({Price{kLongest}, Quantity{kLargest}, Side::Ask, book::VenueId{std::string(16, '\x01')}, late, late});
    }
    static_cast<void>(written(max_trades_size(wire, 50), [&](char* out) {
        return write_trades(out, wire, kSid, Sequence{0}, Sequence{50}, tape, late);
    }));
}

/// What `append(out, args...)` appends.
template <typename Append, typename... Args>
std::string appended(Append append, const Args&... args) {
    std::string out;
    append(out, args...);
    return out;
}

TEST(Messages, Welcome) {
    const WelcomeInfo info{.node = "a", .session = 0x9f3c, .heartbeat_ms = 5'000, .limits = {}};
    std::string out;
    append_welcome(out, info, kNow);
    const std::size_t server = out.find(R"("server":")");
    const std::size_t node = out.find(R"(,"node")");
    EXPECT_EQ(out.substr(0, server), R"({"type":"welcome","proto":1,)");
    EXPECT_EQ(out.substr(node),
              R"(,"node":"a","session":"0000000000009f3c","ts":1719999999123456,"heartbeat_ms":5000,"auth":"none",)"
              R"("channels":["book","bbo","trades"],"depths":[1,5,10,25,50,100,500,0],)"
              R"("rates_ms":[0,50,100,250,500,1000,5000],)"
              R"("limits":{"subscriptions":1000,"ops_per_s":20,"frame_bytes":65536,"symbols_per_op":200},)"
              R"("reconnect":{"base_ms":500,"max_ms":15000}})");
}

TEST(Messages, AnswersToOneClient) {
    EXPECT_EQ(appended(append_ack, R"("x")"), R"({"type":"ack","id":"x"})");
    EXPECT_EQ(appended(append_pong, "12", kNow), R"({"type":"pong","id":12,"ts":1719999999123456})");
    EXPECT_EQ(appended(append_error, ErrorInfo{.code = ErrorCode::BadRequest,
                                               .message = "depth must be an integer",
                                               .field = "depth",
                                               .id = "7"}),
              R"({"type":"error","id":7,"code":"bad_request","message":"depth must be an integer","field":"depth",)"
              R"("temporary":false,"retry_ms":0})");
    EXPECT_EQ(appended(append_error, ErrorInfo{.code = ErrorCode::BadJson, .message = "\"", .field = {}, .id = {}}),
              R"({"type":"error","id":null,"code":"bad_json","message":"\"","temporary":false,"retry_ms":0})");
}

TEST(Messages, Health) {
    EXPECT_EQ(appended(append_heartbeat, kNow), R"({"type":"hb","ts":1719999999123456})");
    EXPECT_EQ(
        appended(append_status, "KRAKEN:BTC-USD",
                 book::Status{book::SymbolState::Stale, book::StateReason::NoUpdate, kNow, 3}),
        R"({"type":"status","symbol":"KRAKEN:BTC-USD","state":"stale","why":"no_update","since":1719999999123456})");
    EXPECT_EQ(appended(append_status, "KRAKEN:BTC-USD", book::Status{}),
              R"({"type":"status","symbol":"KRAKEN:BTC-USD","state":"resyncing","why":"connecting"})");
    EXPECT_EQ(appended(append_lag, 12U, 2'300U), R"({"type":"lag","sid":12,"state":"behind","lag_ms":2300})");
    EXPECT_EQ(appended(append_caught_up, 12U), R"({"type":"lag","sid":12,"state":"caught_up"})");
    EXPECT_EQ(appended(append_gap, 45U, Sequence{515}, Sequence{540}),
              R"({"type":"gap","sid":45,"from":515,"to":540,"why":"slow_client"})");
    EXPECT_EQ(appended(append_goaway, "restart", 1'830U), R"({"type":"goaway","why":"restart","retry_ms":1830})");
}

TEST(Messages, StreamsInAnAck) {
    const StreamKey book_key{book::InstrumentId{0}, Channel::Book, 25, 100};
    EXPECT_EQ(appended(append_acked_stream,
                       AckedStream{.sid = 12, .key = book_key, .symbol = "BINANCE:BTC-USDT", .resumed = true}),
              R"({"sid":12,"channel":"book","symbol":"BINANCE:BTC-USDT","depth":25,"rate_ms":100,"resumed":true})");
    const StreamKey trades_key{book::InstrumentId{0}, Channel::Trades, 0, 0};
    EXPECT_EQ(
        appended(
            append_acked_stream,
            AckedStream{.sid = 5, .key = trades_key, .symbol = "A:B", .refusal = ResumeRefusal::Expired, .was = 4}),
        R"({"sid":5,"channel":"trades","symbol":"A:B","rate_ms":0,"resumed":false,"why":"resume_expired","was":4})");
    const std::pair<ResumeRefusal, std::string_view> reasons[] = {{ResumeRefusal::EpochChanged, "epoch_changed"},
                                                                  {ResumeRefusal::DepthChanged, "depth_changed"},
                                                                  {ResumeRefusal::Busy, "busy"}};
    for (const auto& [refusal, why] : reasons) {
        const std::string entry =
            appended(append_acked_stream, AckedStream{.sid = 5, .key = book_key, .symbol = "A:B", .refusal = refusal});
        EXPECT_NE(entry.find(R"("resumed":false,"why":")" + std::string{why} + '"'), std::string::npos) << entry;
    }
}

TEST(Messages, ASymbol) {
    const book::Instrument instrument{.id = book::InstrumentId{0},
                                      .feed = book::FeedId{0},
                                      .symbol = "BINANCE:BTC-USDT",
                                      .venue_symbol = "BTCUSDT",
                                      .scales = {}};
    SymbolTable::Entry entry{.instrument = &instrument, .scales = {2, 5}, .status = {}};
    entry.status.state = book::SymbolState::Live;
    EXPECT_EQ(appended(append_symbol, entry),
              R"({"symbol":"BINANCE:BTC-USDT","venue_symbol":"BTCUSDT","price_scale":2,"qty_scale":5,"state":"live"})");
}

}  // namespace
}  // namespace tickgate::gateway
