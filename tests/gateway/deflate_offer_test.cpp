#include "gateway/deflate_offer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tickgate::gateway {
namespace {

using Outcome = DeflateAgreement::Outcome;

constexpr std::string_view kPlainAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(DeflateOffer, IsMetWithoutContextTakeoverWhateverItSaysOfThat) {
    for (const std::string_view offer :
         {"permessage-deflate", "Permessage-Deflate", "permessage-deflate; client_max_window_bits",
          "permessage-deflate;client_max_window_bits=8", "permessage-deflate; client_max_window_bits=\"15\"",
          "permessage-deflate; server_no_context_takeover", "permessage-deflate; client_no_context_takeover",
          "permessage-deflate ; client_no_context_takeover ;server_no_context_takeover ; client_max_window_bits = 10",
          " , ,permessage-deflate,", "x-webkit-deflate-frame, permessage-deflate",
          "other; a=1; b=\"c\\d\", permessage-deflate"}) {
        const DeflateAgreement agreement = agree_on_deflate(offer);
        EXPECT_EQ(agreement.outcome, Outcome::Agreed) << offer;
        EXPECT_EQ(agreement.answer, kPlainAnswer) << offer;
        EXPECT_EQ(agreement.window_bits, 12) << offer;
    }
}

TEST(DeflateOffer, NamesTheWindowWhereTheClientDoes) {
    for (const auto& [offered, agreed] :
         std::vector<std::pair<int, int>>{{9, 9}, {10, 10}, {12, 12}, {13, 12}, {15, 12}}) {
        const auto agreement =
            agree_on_deflate("permessage-deflate; server_max_window_bits=" + std::to_string(offered));
        EXPECT_EQ(agreement.answer, std::string{kPlainAnswer} + "; server_max_window_bits=" + std::to_string(agreed));
        EXPECT_EQ(agreement.window_bits, agreed);
    }
}

TEST(DeflateOffer, IsDeclinedWhereItCannotBeMet) {
    for (const std::string_view parameters :
         {"server_max_window_bits=8", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16",
          "server_max_window_bits=09", "server_max_window_bits=1", "server_max_window_bits=100",
          "server_max_window_bits=ten", "client_max_window_bits=7", "client_max_window_bits=16",
          "client_max_window_bits=08", "client_no_context_takeover=1", "server_no_context_takeover=true", "other",
          "other=1", "client_max_window_bits; client_max_window_bits=10",
          "server_no_context_takeover; server_no_context_takeover",
          "client_no_context_takeover; Client_No_Context_Takeover",
          "server_max_window_bits=10; server_max_window_bits=10"}) {
        const auto agreement = agree_on_deflate("permessage-deflate; " + std::string{parameters});
        EXPECT_EQ(agreement.outcome, Outcome::None) << parameters;
        EXPECT_EQ(agreement.window_bits, 0) << parameters;
    }
    for (const std::string_view offer : {"", " ", ",", "deflate-frame", "permessage-bzip2; a"}) {
        EXPECT_EQ(agree_on_deflate(offer).outcome, Outcome::None) << offer;
    }
}

TEST(DeflateOffer, TheFirstThatCanBeMetIsTaken) {
    const auto agreement = agree_on_deflate(
        "permessage-deflate; server_max_window_bits=8, permessage-deflate; unknown, "
        "permessage-deflate; server_max_window_bits=10, permessage-deflate");
    EXPECT_EQ(agreement.window_bits, 10);
}

TEST(DeflateOffer, MustBeAList) {
    for (const std::string_view text :
         {";", "=", "permessage-deflate;", "permessage-deflate; =1",
          "permessage-deflate; a=", "permessage-deflate; a=\"", "permessage-deflate; a=\"\"",
          "permessage-deflate; a=\"b c\"", "permessage-deflate; a=\"b\\", "two words", "permessage-deflate; a b",
          "permessage-deflate, (", "permessage-deflate; a=\"b\"c"}) {
        EXPECT_EQ(agree_on_deflate(text).outcome, Outcome::Malformed) << text;
    }
}

}  // namespace
}  // namespace tickgate::gateway
