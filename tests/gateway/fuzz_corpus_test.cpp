// The fuzzers' targets over their corpora, and over what is near them: the fuzzers themselves need clang.

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/support/fuzz_corpus.hpp"

// Each is LLVMFuzzerTestOneInput in its file.
extern "C" int request_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int http_target_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int websocket_frame_fuzz(const std::uint8_t* data, std::size_t size);

namespace {

using tickgate::test::corpus;
using tickgate::test::run_around;

TEST(FuzzCorpus, RequestsAreReadWithinTheirBounds) {
    const auto inputs = corpus("request");
    ASSERT_GE(inputs.size(), 10U);
    run_around(request_fuzz, inputs);
}

TEST(FuzzCorpus, HttpTargetsReadTheSameWhenWrittenAgain) {
    const auto inputs = corpus("http_target");
    ASSERT_GE(inputs.size(), 10U);
    run_around(http_target_fuzz, inputs);
}

TEST(FuzzCorpus, WebSocketFramesReadTheSameHoweverTheyAreCut) {
    const auto inputs = corpus("websocket_frame");
    ASSERT_GE(inputs.size(), 10U);
    run_around(websocket_frame_fuzz, inputs);
}

}  // namespace
