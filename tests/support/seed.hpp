#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

namespace tickgate::test {

/// A seed for this run: TICKGATE_TEST_SEED where it is set, else a random one. Printed, so that a failure can be
/// repeated.
inline std::uint64_t random_seed() {
    std::uint64_t seed = std::random_device{}();
    if (const char* text = std::getenv("TICKGATE_TEST_SEED")) {
        const std::string_view digits{text};
        std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    }
    std::cout << "TICKGATE_TEST_SEED=" << seed << '\n';
    return seed;
}

/// Random choices of one test run.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}

    /// Uniform in [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>{low, high}(engine_);
    }
    bool chance(int percent) { return between(1, 100) <= percent; }
    template <typename T>
    T one_of(std::initializer_list<T> values) {
        return values.begin()[between(0, static_cast<std::int64_t>(values.size()) - 1)];
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace tickgate::test
