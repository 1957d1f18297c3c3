#include "feeds/bitfinex/session.hpp"

#include <gmock/gmock.h>

#include "book/symbol_book.hpp"
#include "tests/feeds/session_test.hpp"

namespace tickgate::feeds::bitfinex {
namespace {

using book::UnixNanos;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kNumbered = R"({"event":"conf","status":"OK","flags":65536})";

std::string subscribed(std::uint64_t channel, std::string_view symbol, std::string_view kind = "book",
                       std::string_view precision = "P0") {
    return fmt::format(R"({{"event":"subscribed","channel":"{}","chanId":{},"symbol":"{}","prec":"{}","freq":"F0",)"
                       R"("len":"100","pair":"x"}})",
                       kind, channel, symbol, precision);
}

class Bitfinex : public tests::SessionTest {
protected:
    Bitfinex() { make({}); }
    void make(SessionOptions options) {
        session_ = std::make_unique<BitfinexSession>(book::FeedId{}, registry_, std::move(options));
    }
};

TEST_F(Bitfinex, IsJoinedByItsSnapshotAndTheSignOfTheAmountIsTheSide) {
    EXPECT_THAT(say(subscribed(7, "tABCUSD")), IsEmpty());
    EXPECT_THAT(say("[7,[[5.01,2,1.5],[5.02,1,-7]]]"),
                ElementsAre("listed tABCUSD 2/1", "live", "clear @", "bid 501x15 @", "ask 502x70 @."));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BITFINEX:ABC-USD");
    EXPECT_EQ(events_[4].venue_time, book::kNoTime);
    EXPECT_THAT(say("[7,[5.03,1,-2]]"), ElementsAre("ask 503x20 @."));
    EXPECT_THAT(say("[7,[5.01,0,1]]"), ElementsAre("bid 501x0 @."));
    EXPECT_THAT(say("[7,[5.02,0,-1]]"), ElementsAre("ask 502x0 @."));
    EXPECT_THAT(say("[7,[[5.01,2,1.5]]]"), ElementsAre("clear @", "bid 501x15 @.")) << "a list of lists replaces";
    EXPECT_EQ(counters().chain_ok, 0U);
}

TEST_F(Bitfinex, NamesWithoutASeparatorAreOfThreeAndThreeLetters) {
    say(subscribed(7, "tBFTUSD"));
    say("[7,[[5.01,2,1.5]]]");
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BITFINEX:BFT-USD");
}

TEST_F(Bitfinex, NumbersInExponentFormAreExact) {
    say(subscribed(7, "tABCUSD"));
    say("[7,[[0.5,2,1.5]]]");
    EXPECT_THAT(say("[7,[2e-8,1,1]]"), ElementsAre("scale 8/1", "bid 2x10 @."));
}

TEST_F(Bitfinex, EachMessageOfAConnectionIsNumberedHeartbeatsIncluded) {
    say(kNumbered);
    EXPECT_THAT(say(R"([9,"hb",1])"), IsEmpty()) << "ahead of `subscribed`";
    say(subscribed(7, "tABCUSD"));
    EXPECT_THAT(say("[7,[[5.01,2,1.5]],2]"), testing::Contains("bid 501x15 @2."));
    EXPECT_THAT(say(R"([9,"hb",3])"), IsEmpty());
    EXPECT_THAT(say("[8,[1,2,3,4,5,6,7,8,9,10],4]"), IsEmpty()) << "a ticker";
    EXPECT_THAT(say("[7,[5.01,1,1],5]"), ElementsAre("bid 501x10 @5."));
    EXPECT_EQ(counters().chain_ok, 4U);
    EXPECT_THAT(say("[7,[5.01,1,2],5]"), IsEmpty()) << "a repeat";
    EXPECT_THAT(say("[7,[5.01,1,2]]"), ElementsAre("resyncing bad_message")) << "without its number";
}

TEST_F(Bitfinex, ASkippedNumberEndsAllBooksOfTheConnection) {
    for (const std::uint32_t file : {0U, 1U}) say_in(file, kNumbered);
    say_in(0, subscribed(7, "tABCUSD"));
    say_in(0, subscribed(8, "tXYZ:BTC"));
    say_in(1, subscribed(7, "tDEFUSD"));
    say_in(0, "[7,[[5.01,2,1.5]],1]");
    EXPECT_THAT(say_in(0, "[8,[[3,2,1]],2]"), testing::Contains("listed tXYZ:BTC 0/0"));
    EXPECT_EQ(events_[0].listed_instrument().symbol, "BITFINEX:XYZ-BTC");
    say_in(1, "[7,[[4,2,1]],1]");
    EXPECT_THAT(say_in(0, R"([9,"hb",4])"), ElementsAre("resyncing gap", "resyncing gap"));
    EXPECT_EQ(counters().gaps, 1U);
    EXPECT_THAT(say_in(0, "[7,[5.01,1,1],5]"), IsEmpty());
    EXPECT_THAT(say_in(1, "[7,[4,1,3],2]"), ElementsAre("bid 4x3 @2."));
    EXPECT_THAT(say_in(0, "[8,[[3,2,1]],6]"), testing::Contains("live"));
}

TEST_F(Bitfinex, ANewConnectionNamesItsChannelsAnew) {
    say(kNumbered);
    say(subscribed(7, "tABCUSD"));
    say("[7,[[5.01,2,1.5]],1]");
    EXPECT_THAT(say("", RawMessage::Kind::Connected), ElementsAre("resyncing reconnect"));
    EXPECT_THAT(say("[7,[[5.01,2,1.5]]]"), IsEmpty()) << "nobody knows whose channel it is";
    say(subscribed(3, "tABCUSD"));
    EXPECT_THAT(say("[3,[[5.01,2,1.5]]]"), testing::Contains("live"));
    say(R"({"event":"unsubscribed","status":"OK","chanId":3})");
    EXPECT_THAT(say("[3,[5.01,0,1]]"), IsEmpty());
}

TEST_F(Bitfinex, ATradeIsReadOnceAndThoseFromBeforeAreLeftOut) {
    say(subscribed(5, "tABCUSD", "trades"));
    EXPECT_THAT(say("[5,[[401,1574694475039,0.5,7245.3],[400,1574694475039,-2,7245]]]"), IsEmpty());
    EXPECT_THAT(say(R"([5,"te",[402,1574694478808,-0.005,7245.3]])"),
                ElementsAre("listed tABCUSD 1/3", "trade ask 72453x5 @402."));
    EXPECT_EQ(events_[1].venue_time, UnixNanos{std::chrono::milliseconds{1'574'694'478'808}});
    EXPECT_THAT(say(R"([5,"tu",[402,1574694478808,-0.005,7245.3]])"), IsEmpty());
    EXPECT_THAT(say(R"([5,"te",[403,1574694478808,0.01,7245.3]])"), ElementsAre("trade bid 72453x10 @403."));
}

TEST_F(Bitfinex, WhatIsNoBookAndNoTradeIsCountedAndNothingElse) {
    for (const std::string& text :
         {std::string{R"({"event":"info","version":2,"serverId":"x","platform":{"status":1}})"},
          std::string{R"({"event":"error","msg":"symbol: invalid","code":10300})"}, subscribed(1, "tABCUSD", "ticker"),
          std::string{"[1,[0.068965,60157.36709703,0.0774,48578.5,0.001969,0.0262,0.076989,101459.39,0.0828,0.06]]"},
          subscribed(2, "fUSD"), std::string{"[2,[[0.0003,2,4,100]]]"}, subscribed(3, "tABCUSD", "book", "R0"),
          std::string{"[3,[[34006738527,8744.9,0.25603413]]]"}, subscribed(4, "tABCUSD", "book", "P2"),
          std::string{"[4,[[5,2,1.5]]]"}}) {
        EXPECT_THAT(say(text), IsEmpty()) << text;
    }
    EXPECT_EQ(counters().decode_errors, 0U);
}

TEST_F(Bitfinex, ATradeWithoutItsDataIsABadMessage) {
    say(subscribed(9, "tABCUSD", "trades"));
    EXPECT_THAT(look_ahead(R"([9,"te"])"), IsEmpty());
    EXPECT_THAT(say(R"([9,"te"])"), IsEmpty());
    EXPECT_EQ(counters().decode_errors, 1U);
}

TEST_F(Bitfinex, ABadMessageCostsItsSymbolAResync) {
    say(subscribed(7, "tABCUSD"));
    say("[7,[[5.01,2,1.5]]]");
    EXPECT_THAT(say("[7,[5.01,2]]"), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say("[7,[[5.01,2,1.5]]]"), testing::Contains("live"));
    EXPECT_THAT(say("[7,[5.01,"), ElementsAre("resyncing bad_message"));
    EXPECT_THAT(say("nonsense"), IsEmpty());
    EXPECT_EQ(counters().decode_errors, 3U);
}

TEST_F(Bitfinex, HeartbeatsOfItsBookKeepASymbolFresh) {
    say(subscribed(7, "tABCUSD"));
    say("[7,[[5.01,2,1.5]]]");
    EXPECT_THAT(wait(std::chrono::hours{1}), ElementsAre("stale"));
    EXPECT_THAT(say(R"([7,"hb"])"), ElementsAre("live"));
}

TEST_F(Bitfinex, OnlyWhatIsWantedIsListedAndARestartJoinsAnew) {
    make({.from_empty = false, .symbols = {"bitfinex:abc-usd"}});
    say(subscribed(8, "tXYZUSD"));
    EXPECT_THAT(say("[8,[[5.01,2,1.5]]]"), IsEmpty());
    EXPECT_THAT(look_ahead(subscribed(7, "tABCUSD")), IsEmpty());
    EXPECT_THAT(look_ahead("[7,[[5.01,2,1.5]]]"), ElementsAre("listed tABCUSD 2/1"));
    session_->restart();
    EXPECT_THAT(say("[7,[[5.01,2,1.5]]]"), IsEmpty());
}

// The checksum, which the documentation defines by a program in JavaScript.

class BitfinexBook : public Bitfinex {
protected:
    /// Tells the session a message and the book what follows from it; returns the last batch's.
    book::Applied play(std::string_view text) {
        say(text);
        book::Applied applied;
        std::vector<book::Event> run;
        for (const book::Event& event : events_) {
            if (event.kind == book::EventKind::Listed) {
                book_ = std::make_unique<book::SymbolBook>(event.listed_instrument());
                continue;
            }
            run.push_back(event);
            const bool alone = event.kind == book::EventKind::Status || event.kind == book::EventKind::Scale;
            if (!alone && !event.is_last()) continue;
            applied = book_->apply(run);
            run.clear();
        }
        return applied;
    }

    std::unique_ptr<book::SymbolBook> book_;
};

TEST_F(BitfinexBook, ItsChecksumIsOverNumbersAsJavaScriptWritesThem) {
    say(subscribed(7, "tABCUSD"));
    play("[7,[[5.01,2,1.5],[0.50,1,100.0],[0.00000015,1,2e-8],[5.02,1,-7],[1200,1,-0.0000012],[12345678,1,-250000]]]");
    // crc32 of 5.01:1.5:5.02:-7:0.5:100:1200:-0.0000012:1.5e-7:2e-8:12345678:-250000
    EXPECT_TRUE(play(R"([7,"cs",1905537255])").checksum_ok);
    EXPECT_TRUE(play(R"([7,"cs",17])").checksum_failed);
    EXPECT_EQ(book_->status().state, book::SymbolState::Resyncing);
    EXPECT_EQ(counters().decode_errors, 0U);
}

TEST_F(BitfinexBook, AChecksumOfAOneSidedBookLeavesTheOtherSideOut) {
    say(kNumbered);
    say(subscribed(7, "tABCUSD"));
    play("[7,[[5.01,2,1.5],[0.5,1,100]],1]");
    EXPECT_TRUE(play(R"([7,"cs",-99331720,2])").checksum_ok);  // crc32 of 5.01:1.5:0.5:100
    EXPECT_THAT(play(R"([7,"cs","x",3])").checksum_ok, false) << "a bad message";
    EXPECT_EQ(counters().decode_errors, 1U);
    EXPECT_THAT(say(R"([7,"cs",5,4])"), IsEmpty()) << "of no book";
}

}  // namespace
}  // namespace tickgate::feeds::bitfinex
