#include "tools/client/ladder_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <vector>

#include "book/decimal.hpp"

namespace tickgate::client {

namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::size_t kMostLevels = 15;
constexpr std::size_t kBarWidth = 24;

/// A frame under construction, cut off after its last row.
class Frame {
public:
    explicit Frame(std::size_t rows) : rows_{rows} {}

    void line(std::string_view text) {
        if (used_ == rows_) return;
        if (used_++ > 0) text_ += '\n';
        text_.append(text).append("\x1b[K");
    }
    [[nodiscard]] std::string take() && { return "\x1b[H" + std::move(text_) + "\x1b[J\n"; }

private:
    std::size_t rows_;
    std::size_t used_ = 0;
    std::string text_;
};

std::int64_t size_of(const HeldLevel& level) {
    const auto decimal = book::parse_decimal(level.quantity);
    return decimal ? decimal->mantissa : 0;
}

std::vector<HeldLevel> best(const HeldSide& side, std::size_t count) {
    std::vector<HeldLevel> levels;
    for (const auto& [rank, level] : side.levels()) {
        if (levels.size() == count) break;
        levels.push_back(level);
    }
    return levels;
}

std::string bar(std::int64_t size, std::int64_t largest) {
    if (largest <= 0 || size <= 0) return {};
    const double share = static_cast<double>(size) / static_cast<double>(largest);  // only drawn, never stated
    const auto cells = std::max<std::size_t>(1, static_cast<std::size_t>(share * kBarWidth));
    std::string text;
    for (std::size_t i = 0; i < cells; ++i) text += "▇";
    return text;
}

void draw_level(Frame& frame, const HeldLevel& level, std::string_view colour, std::int64_t largest) {
    frame.line(fmt::format("{}{:>16}{} {:>18} {}{}{}", colour, level.price, kPlain, level.quantity, colour,
                           bar(size_of(level), largest), kPlain));
}

void draw_book(Frame& frame, const HeldBook& book, std::size_t levels) {
    const std::vector<HeldLevel> asks = best(book.asks, levels);
    const std::vector<HeldLevel> bids = best(book.bids, levels);
    std::int64_t largest = 0;
    for (const auto* side : {&asks, &bids}) {
        for (const HeldLevel& level : *side) largest = std::max(largest, size_of(level));
    }
    for (const HeldLevel& level : asks | std::views::reverse) draw_level(frame, level, kRed, largest);
    frame.line(fmt::format("{:>16} {:>18}", "----------", book.ok ? "----------" : "resyncing"));
    for (const HeldLevel& level : bids) draw_level(frame, level, kGreen, largest);
}

std::string side_text(const std::optional<HeldLevel>& level) {
    return level ? fmt::format("{} × {}", level->price, level->quantity) : std::string{"-"};
}

void draw_touch(Frame& frame, const HeldTouch& touch) {
    frame.line(
        fmt::format("{}{:>34}{} | {}{}{}", kGreen, side_text(touch.bid), kPlain, kRed, side_text(touch.ask), kPlain));
}

void draw_trades(Frame& frame, const HeldTrades& trades, std::size_t count) {
    for (const HeldTrade& trade : trades.newest | std::views::reverse | std::views::take(count)) {
        frame.line(fmt::format("{}{:>5}{} {:>16} {:>18}", trade.side == "buy" ? kGreen : kRed, trade.side, kPlain,
                               trade.price, trade.quantity));
    }
}

std::string heading(const BookMirror& mirror, std::uint64_t sid, const Stream& stream) {
    std::string text = fmt::format("{}{}{} {}", kBold, stream.symbol, kPlain, mirror.state(stream.symbol));
    if (stream.channel == "book") text += stream.depth == 0 ? " whole book" : fmt::format(" depth {}", stream.depth);
    text += stream.rate_ms == 0 ? " unthrottled" : fmt::format(" every {} ms", stream.rate_ms);
    if (const HeldBook* book = mirror.book(sid)) text += fmt::format("  seq {}", book->seq);
    return text;
}

void draw_stream(Frame& frame, const BookMirror& mirror, std::uint64_t sid, std::size_t levels) {
    if (const HeldBook* book = mirror.book(sid)) draw_book(frame, *book, levels);
    if (const HeldTouch* touch = mirror.touch(sid)) draw_touch(frame, *touch);
    if (const HeldTrades* trades = mirror.trades(sid)) draw_trades(frame, *trades, 2 * levels);
}

std::string summary(const Counters& counters) {
    return fmt::format("{} messages, {} snapshots, {} deltas, {} resumed, {} prev breaks, {} checksum failures",
                       counters.messages, counters.snapshots, counters.deltas, counters.resumed, counters.prev_breaks,
                       counters.ck_failures);
}

}  // namespace

std::string draw_ladder(const BookMirror& mirror, std::size_t rows) {
    const std::size_t usable = rows > 1 ? rows - 1 : 1;  // the cursor's own line comes after the frame
    Frame frame{usable};
    frame.line(summary(mirror.counters()));
    const std::size_t streams = std::max<std::size_t>(1, mirror.streams().size());
    const std::size_t share = usable / streams;  // heading, middle line, and two sides
    const std::size_t levels = std::clamp<std::size_t>(share > 3 ? (share - 3) / 2 : 1, 1, kMostLevels);
    for (const auto& [sid, stream] : mirror.streams()) {
        frame.line(heading(mirror, sid, stream));
        draw_stream(frame, mirror, sid, levels);
    }
    return std::move(frame).take();
}

}  // namespace tickgate::client
