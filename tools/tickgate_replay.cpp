// Replays recorded market data and prints what becomes of it, one JSON object a line.
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "tools/replay/options.hpp"
#include "tools/replay/playback.hpp"
#include "tools/replay/report.hpp"

namespace {

using namespace tickgate;

constexpr std::size_t kWriteAtOnce = 1 << 16;

/// Whole lines on stdout, many at a time.
class Output {
public:
    std::string& lines() noexcept { return lines_; }

    void line_done() {
        if (lines_.size() >= kWriteAtOnce) flush();
    }
    void flush() {
        const std::size_t written = std::fwrite(lines_.data(), 1, lines_.size(), stdout);
        if (written != lines_.size() || std::fflush(stdout) != 0) throw std::runtime_error{"stdout cannot be written"};
        lines_.clear();
    }

private:
    std::string lines_;
};

void print_books(replay::Playback& playback, std::size_t top, Output& output) {
    playback.run();
    for (const auto& book : playback.books()) {
        replay::append_book(output.lines(), *book, top);
        output.line_done();
    }
}

void print_batches(replay::Playback& playback, std::size_t top, Output& output) {
    playback.run([&](const book::SymbolBook& book, const book::Applied& applied) {
        replay::append_batch(output.lines(), book, applied, top);
        output.line_done();
    });
}

void print_stats(replay::Playback& playback, Output& output) {
    const auto start = std::chrono::steady_clock::now();
    playback.run();
    replay::append_stats(output.lines(), playback, std::chrono::steady_clock::now() - start);
}

void print(const replay::Options& options, replay::Playback& playback, Output& output) {
    switch (options.print) {
        case replay::Print::Books:
            return print_books(playback, options.top, output);
        case replay::Print::Batches:
            return print_batches(playback, options.top, output);
        case replay::Print::Stats:
            return print_stats(playback, output);
        case replay::Print::Messages:
            throw std::invalid_argument{"--print messages is not part of this build"};
    }
}

int run(const replay::Options& options) {
    replay::Playback playback{options};
    Output output;
    print(options, playback, output);
    output.flush();
    if (!playback.damage()) return 0;
    fmt::print(stderr, "tickgate-replay: {}\n", *playback.damage());
    return replay::kExitDamaged;
}

}  // namespace

int main(int argc, char** argv) {
    const auto parsed = replay::parse_options(argc, argv);
    if (const int* const code = std::get_if<int>(&parsed)) return *code;
    try {
        return run(std::get<replay::Options>(parsed));
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr, "tickgate-replay: {}\n", error.what());
        return replay::kExitUsage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "tickgate-replay: {}\n", error.what());
        return replay::kExitDamaged;
    }
}
