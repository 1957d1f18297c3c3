// The fuzzers' targets over their corpora, and over what is near them: the fuzzers themselves need clang.

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/support/fuzz_corpus.hpp"

// Each is LLVMFuzzerTestOneInput in its file.
extern "C" int bitfinex_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int bitget_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int bybit_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int coinbase_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int deribit_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int kraken_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int okx_fuzz(const std::uint8_t* data, std::size_t size);

namespace {

using tickgate::test::corpus;
using tickgate::test::FuzzTarget;
using tickgate::test::run_around;

struct Venue {
    const char* name;
    FuzzTarget target;
};

TEST(FuzzCorpus, VenuesMessagesLeadToWholeBatchesThatBooksCanTake) {
    for (const auto& [name, target] :
         {Venue{"bitfinex", bitfinex_fuzz}, Venue{"bitget", bitget_fuzz}, Venue{"bybit", bybit_fuzz},
          Venue{"coinbase", coinbase_fuzz}, Venue{"deribit", deribit_fuzz}, Venue{"kraken", kraken_fuzz},
          Venue{"okx", okx_fuzz}}) {
        const auto inputs = corpus(name);
        ASSERT_GE(inputs.size(), 5U) << name;
        run_around(target, inputs);
    }
}

}  // namespace
