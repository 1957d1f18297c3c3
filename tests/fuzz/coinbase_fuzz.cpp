#include "feeds/coinbase/session.hpp"
#include "tests/fuzz/venue_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace coinbase = tickgate::feeds::coinbase;
    return tickgate::fuzz::take_input(data, size, [](tickgate::book::InstrumentRegistry& registry) {
        return std::make_unique<coinbase::CoinbaseSession>(coinbase::Api::Exchange, tickgate::book::FeedId{}, registry,
                                                           tickgate::feeds::SessionOptions{});
    });
}
