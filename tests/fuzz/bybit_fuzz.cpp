#include "feeds/bybit/session.hpp"
#include "tests/fuzz/venue_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return tickgate::fuzz::take_input(data, size, [](tickgate::book::InstrumentRegistry& registry) {
        return std::make_unique<tickgate::feeds::bybit::BybitSession>(tickgate::feeds::bybit::Market::Linear,
                                                                      tickgate::book::FeedId{}, registry,
                                                                      tickgate::feeds::SessionOptions{});
    });
}
