// The fuzzers' targets over their corpora, and over what is near them: the fuzzers themselves need clang.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Each is LLVMFuzzerTestOneInput in its file.
extern "C" int request_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int http_target_fuzz(const std::uint8_t* data, std::size_t size);
extern "C" int websocket_frame_fuzz(const std::uint8_t* data, std::size_t size);

namespace {

using namespace std::string_view_literals;

using Target = int (*)(const std::uint8_t*, std::size_t);

std::vector<std::string> corpus(const std::string& name) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator{TICKGATE_SOURCE_DIR "/tests/fuzz/corpus/" + name}) {
        paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    std::vector<std::string> inputs;
    for (const auto& path : paths) {
        std::ifstream file{path, std::ios::binary};
        inputs.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
    }
    return inputs;
}

void run(Target target, const std::string& input) {
    target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Each input whole, cut anywhere, and with bytes changed, doubled or taken out.
void run_around(Target target, const std::vector<std::string>& inputs) {
    constexpr std::string_view kLikely = "\"\\{}[]:,%?&=/+0-9eE \0\xff\xc3"sv;
    std::mt19937 random{7};
    for (const std::string& input : inputs) {
        run(target, input);
        for (std::size_t size = 0; size < input.size(); ++size) run(target, input.substr(0, size));
        for (int i = 0; i < 2'000 && !input.empty(); ++i) {
            std::string changed = input;
            for (auto changes = random() % 3; changes < 3 && !changed.empty(); ++changes) {
                const std::size_t at = random() % changed.size();
                const char other = kLikely[random() % kLikely.size()];
                switch (random() % 3) {
                    case 0:
                        changed[at] = other;
                        break;
                    case 1:
                        changed.insert(at, 1, other);
                        break;
                    default:
                        changed.erase(at, 1 + random() % 4);
                }
            }
            run(target, changed);
        }
    }
}

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
