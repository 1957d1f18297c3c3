#include "feeds/bitfinex/parse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/feeds/padded.hpp"

namespace tickgate::feeds::bitfinex {
namespace {

using tests::Padded;

class BitfinexParse : public testing::Test {
protected:
    boost::system::error_code decode(std::string_view text) {
        padded_ = Padded{text};
        return decoder_.decode(padded_.text(), message_);
    }
    template <typename T>
    const T& as(std::string_view text) {
        const auto error = decode(text);
        EXPECT_FALSE(error) << error.message() << ": " << text;
        return std::get<T>(message_);
    }
    /// The data of a message, whatever channel it is of.
    boost::system::error_code decode_book(std::string_view data) {
        padded_ = Padded{data};
        return decoder_.decode_book(padded_.text(), book_);
    }
    boost::system::error_code decode_trade(std::string_view data) {
        padded_ = Padded{data};
        return Decoder::decode_trade(padded_.text(), trade_);
    }

    Decoder decoder_;
    Padded padded_{""};
    Message message_;
    Book book_;
    Trade trade_;
};

TEST_F(BitfinexParse, TellsMessagesOfChannelsByTheirWord) {
    const auto& update = as<ChannelMessage>("[232957,[60400,1,0.5],18]");
    EXPECT_EQ(update.channel, 232'957U);
    EXPECT_EQ(update.word, "");
    EXPECT_EQ(update.data, "[60400,1,0.5]");
    EXPECT_EQ(update.number, 18U);

    const auto& heartbeat = as<ChannelMessage>(R"([7,"hb",19])");
    EXPECT_EQ(heartbeat.word, "hb");
    EXPECT_EQ(heartbeat.number, 19U);

    const auto& trade = as<ChannelMessage>(R"( [7, "te", [1,2,3,4], 20, 1618677543000] )");
    EXPECT_EQ(trade.word, "te");
    EXPECT_EQ(trade.data, "[1,2,3,4]");
    EXPECT_EQ(trade.number, 20U) << "a time may follow it";

    EXPECT_EQ(as<ChannelMessage>("[7,[[1,1,1]]]").number, std::nullopt);
}

TEST_F(BitfinexParse, ReadsEvents) {
    const auto& said = as<Subscribed>(
        R"({"event":"subscribed","channel":"book","chanId":9,"symbol":"tAB:CD","prec":"P0","freq":"F0","len":"100"})");
    EXPECT_EQ(said.channel, 9U);
    EXPECT_EQ(said.symbol, "tAB:CD");
    EXPECT_EQ(said.precision, "P0");
    EXPECT_EQ(as<Configured>(R"({"event":"conf","status":"OK","flags":65536})").flags, kSequenceAll);
    EXPECT_EQ(as<Unsubscribed>(R"({"event":"unsubscribed","status":"OK","chanId":9})").channel, 9U);
    EXPECT_TRUE(as<Subscribed>(R"({"event":"subscribed","channel":"candles","chanId":3,"key":"trade:1m:tABC"})")
                    .symbol.empty());
    static_cast<void>(as<Ignored>(R"({"event":"conf","status":"FAILED","flags":65536})"));
    static_cast<void>(as<Ignored>(R"({"event":"info","version":2,"platform":{"status":1}})"));
}

TEST_F(BitfinexParse, TellsSnapshotsByTheirNesting) {
    ASSERT_FALSE(decode_book("[[5.1,2,1.5],[5.2,1,-7]]"));
    EXPECT_TRUE(book_.is_snapshot);
    ASSERT_EQ(book_.bids.size(), 1U);
    ASSERT_EQ(book_.asks.size(), 1U);
    EXPECT_EQ(book_.asks[0].quantity, (book::Decimal{7, 0}));

    ASSERT_FALSE(decode_book("[2e-8,0,-1]"));
    EXPECT_FALSE(book_.is_snapshot);
    ASSERT_EQ(book_.asks.size(), 1U);
    EXPECT_EQ(book_.asks[0].price, (book::Decimal{2, 8}));
    EXPECT_EQ(book_.asks[0].quantity.mantissa, 0);

    ASSERT_FALSE(decode_book("[]"));
    EXPECT_TRUE(book_.is_snapshot) << "of an empty book";
}

TEST_F(BitfinexParse, TheSignOfATradesAmountIsTheTakersSide) {
    ASSERT_FALSE(decode_trade("[401597395,1574694478808,0.005,7245.3]"));
    EXPECT_EQ(trade_.aggressor, book::Side::Bid);
    ASSERT_FALSE(decode_trade("[401597395,1574694478808,-0.005,7245.3]"));
    EXPECT_EQ(trade_.aggressor, book::Side::Ask);
    EXPECT_EQ(trade_.quantity, (book::Decimal{5, 3}));
    EXPECT_EQ(trade_.price, (book::Decimal{72'453, 1}));
}

TEST_F(BitfinexParse, ChecksumsAreSigned) {
    std::uint32_t checksum = 0;
    const auto decode = [&](std::string_view data) {
        padded_ = Padded{std::string{data} + ","};
        return Decoder::decode_checksum(padded_.text().substr(0, data.size()), checksum);
    };
    ASSERT_FALSE(decode("-1"));
    EXPECT_EQ(checksum, 4'294'967'295U);
    ASSERT_FALSE(decode("-2147483648"));
    EXPECT_EQ(checksum, 2'147'483'648U);
    ASSERT_FALSE(decode("17"));
    EXPECT_EQ(checksum, 17U);
    EXPECT_TRUE(decode("4294967295"));
    EXPECT_TRUE(decode("1.5"));
    EXPECT_TRUE(decode(""));
}

TEST_F(BitfinexParse, NamesWhatIsWrongWithAMalformedMessage) {
    using enum DecodeError;
    EXPECT_EQ(decode(""), InvalidJson);
    EXPECT_EQ(decode("7"), NotAnObject);
    EXPECT_EQ(decode("[]"), MissingField);
    EXPECT_EQ(decode("[7]"), MissingField);
    EXPECT_EQ(decode("[7,[1]]{}"), InvalidJson);
    EXPECT_EQ(decode(R"(["a",[1]])"), BadField);
    EXPECT_EQ(decode(R"([7,[1],"x"])"), BadField);
    EXPECT_EQ(decode(R"({"event":"subscribed","channel":"book","symbol":"tA"})"), MissingField);
    EXPECT_EQ(decode(R"({"event":"subscribed","channel":"book","chanId":"9","symbol":"tA"})"), BadField);
    for (const std::string_view data : {"7", "[1,2]", "[1,2,3,4]", "[1,1,0]", "[1,-1,1]", R"(["1",1,1])", "[[1,1,1],7]",
                                        "[1,1,99999999999999999999]", "[[1,1,1]"}) {
        EXPECT_EQ(decode_book(data), BadLevels) << data;
    }
    EXPECT_EQ(decode_trade("[1,2,3]"), MissingField);
    EXPECT_EQ(decode_trade("[1,2,3,4,5]"), BadField);
    EXPECT_EQ(decode_trade("[1,2,x,4]"), BadDecimal);
    EXPECT_EQ(decode_trade("7"), BadField);
}

TEST_F(BitfinexParse, FindsEveryCutOffMessageMalformedAndSurvivesAnyByteChanged) {
    for (const std::string_view whole :
         {R"([7,"te",[401597395,1574694478808,0.005,7245.3],20])", "[7,[[5.1,2,1.5],[5.2,1,-7]],18]",
          R"({"event":"subscribed","channel":"book","chanId":9,"symbol":"tAB:CD","prec":"P0"})"}) {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            EXPECT_TRUE(decode(whole.substr(0, at))) << whole.substr(0, at);
            for (const char byte : {'"', '[', ']', '{', '}', ',', ':', '\\', '0', 'x', '\0', '\x80', ' '}) {
                std::string text{whole};
                text[at] = byte;
                if (decode(text)) continue;
                const auto* const said = std::get_if<ChannelMessage>(&message_);
                if (said == nullptr) continue;
                static_cast<void>(decoder_.decode_book(said->data, book_));
                static_cast<void>(Decoder::decode_trade(said->data, trade_));
            }
        }
    }
}

}  // namespace
}  // namespace tickgate::feeds::bitfinex
