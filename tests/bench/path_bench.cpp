// The whole path's speed on recorded sessions, as a ratio to bare iteration over the same bytes. See README.md.
#include <ctime>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string_view>
#include <vector>

#include "tests/bench/bare_iteration.hpp"
#include "tests/bench/book_memory.hpp"
#include "tests/bench/recording.hpp"
#include "tests/bench/whole_path.hpp"

namespace tickgate::bench {
namespace {

struct Session {
    std::string_view venue;
    std::string_view file;
};

constexpr std::array kSessions{Session{"binance-spot", "binance/spot_btcusdt_20240808.gz"},
                               Session{"binance-usdm", "binance/usdm_btcusdt_20240808.gz"},
                               Session{"binance-coinm", "binance/cm_ethusd_perp_20240808.gz"}};
constexpr std::size_t kDefaultPairs = 7;

/// Processor time of this thread, so that what else the machine does counts as little as possible.
double thread_seconds() {
    std::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <typename Work>
double seconds_of(Work&& work) {
    const double start = thread_seconds();
    work();
    return thread_seconds() - start;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct Measured {
    std::vector<double> bare;
    std::vector<double> path;
    std::vector<double> ratios;  // of each pair
    std::size_t level_changes = 0;
    std::size_t frames = 0;
};

Measured measure(const Recording& recording, std::string_view venue, std::size_t pairs) {
    Measured measured;
    std::size_t characters = 0;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        measured.bare.push_back(seconds_of([&] { characters += visit_all(recording.messages()); }));
        WholePath path{venue};
        measured.path.push_back(seconds_of([&] {
            for (const feeds::RawMessage& message : recording.messages()) path.take(message);
        }));
        measured.ratios.push_back(measured.path.back() / measured.bare.back());
        measured.level_changes = path.metrics().level_changes.value();
        measured.frames = path.frames();
    }
    if (characters == 0 || measured.frames == 0) throw std::runtime_error{"nothing was measured"};
    return measured;
}

void report(const Session& session, const Recording& recording, const Measured& measured) {
    const double bare = median(measured.bare);
    const double path = median(measured.path);
    const double megabytes = static_cast<double>(recording.bytes()) * 1e-6;
    fmt::print(
        "{}: {} bytes, {} messages, {} frames, {:.2f} M level changes/s, bare {:.0f} MB/s, path {:.0f} MB/s, "
        "ratio {:.2f} (best {:.2f})\n",
        session.venue, recording.bytes(), recording.messages().size(), measured.frames,
        static_cast<double>(measured.level_changes) / path * 1e-6, megabytes / bare, megabytes / path,
        median(measured.ratios), *std::min_element(measured.ratios.begin(), measured.ratios.end()));
}

void report_memory() {
    const BookShape shape;
    const std::size_t bytes = memory_of(shape);
    fmt::print("{} books of {} levels a side: {:.0f} MB, {:.0f} KB each\n", shape.books, shape.levels_a_side,
               static_cast<double>(bytes) * 1e-6, static_cast<double>(bytes) * 1e-3 / static_cast<double>(shape.books));
}

std::filesystem::path market_data() {
    const char* const set = std::getenv("TICKGATE_MARKET_DATA");
    return set != nullptr ? set : TICKGATE_SOURCE_DIR "/../shared/market-data";
}

/// `pairs`: how often each recording is measured; `only`: one venue's.
void run(std::size_t pairs, std::string_view only) {
    if (only.empty()) report_memory();
    for (const Session& session : kSessions) {
        if (!only.empty() && only != session.venue) continue;
        const Recording recording{market_data() / session.file};
        report(session, recording, measure(recording, session.venue, pairs));
    }
}

}  // namespace
}  // namespace tickgate::bench

int main(int argc, char** argv) {
    try {
        const std::size_t pairs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : tickgate::bench::kDefaultPairs;
        tickgate::bench::run(std::max<std::size_t>(pairs, 1), argc > 2 ? argv[2] : "");
    } catch (const std::exception& error) {
        fmt::print(stderr, "tickgate-bench-path: {}\n", error.what());
        return 1;
    }
    return 0;
}
