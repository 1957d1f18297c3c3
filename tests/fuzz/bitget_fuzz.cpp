#include "feeds/bitget/session.hpp"
#include "tests/fuzz/venue_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return tickgate::fuzz::take_input(data, size, [](tickgate::book::InstrumentRegistry& registry) {
        return std::make_unique<tickgate::feeds::bitget::BitgetSession>(tickgate::book::FeedId{}, registry,
                                                                        tickgate::feeds::SessionOptions{});
    });
}
