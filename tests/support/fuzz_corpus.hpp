#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Fuzzers' targets over their corpora, and over what is near them: the fuzzers themselves need clang.
namespace tickgate::test {

/// LLVMFuzzerTestOneInput of a target.
using FuzzTarget = int (*)(const std::uint8_t*, std::size_t);

/// The inputs of tests/fuzz/corpus/NAME. Needs TICKGATE_SOURCE_DIR.
inline std::vector<std::string> corpus(const std::string& name) {
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

inline void run(FuzzTarget target, const std::string& input) {
    target(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Each input whole, cut anywhere, and with bytes changed, doubled or taken out.
inline void run_around(FuzzTarget target, const std::vector<std::string>& inputs) {
    using namespace std::string_view_literals;
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

}  // namespace tickgate::test
