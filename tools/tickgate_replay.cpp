// Replays recorded market data and prints what becomes of it, one JSON object a line.
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "tools/replay/message_playback.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/playback.hpp"
#include "tools/replay/report.hpp"

namespace {

using namespace tickgate;

constexpr std::size_t kWriteAtOnce = 1 << 16;

/// Whole lines on stdout: many at a time, or each at once where somebody may be watching.
class Output {
public:
    explicit Output(bool at_once) noexcept : write_at_{at_once ? 0 : kWriteAtOnce} {}

    std::string& lines() noexcept { return lines_; }

    void line_done() {
        if (lines_.size() >= write_at_) flush();
    }
    void flush() {
        const std::size_t written = std::fwrite(lines_.data(), 1, lines_.size(), stdout);
        if (written != lines_.size() || std::fflush(stdout) != 0) throw std::runtime_error{"stdout cannot be written"};
        lines_.clear();
    }

private:
    std::size_t write_at_;
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

void print_messages(replay::MessagePlayback& playback, Output& output) {
    playback.run([&](std::string_view json) {
        output.lines().append(json).push_back('\n');
        output.line_done();
    });
}

int finish(Output& output, const std::optional<std::string>& damage) {
    output.flush();
    if (!damage) return 0;
    fmt::print(stderr, "tickgate-replay: {}\n", *damage);
    return replay::kExitDamaged;
}

int run(const replay::Options& options) {
    Output output{!options.speed.is_max()};
    if (options.print == replay::Print::Messages) {
        replay::MessagePlayback playback{options};
        print_messages(playback, output);
        return finish(output, playback.damage());
    }
    replay::Playback playback{options};
    if (options.print == replay::Print::Books) print_books(playback, options.top, output);
    if (options.print == replay::Print::Batches) print_batches(playback, options.top, output);
    if (options.print == replay::Print::Stats) print_stats(playback, output);
    return finish(output, playback.damage());
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
