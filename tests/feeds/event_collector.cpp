#include "tests/feeds/event_collector.hpp"

#include <algorithm>
#include <array>

namespace tickgate::tests {
namespace {

using book::Event;
using book::EventKind;

std::string name_of(const Event& event) {
    switch (event.kind) {
        case EventKind::Listed:
            return "listed:" + event.listed_instrument().venue_symbol;
        case EventKind::Scale:
            return "scale";
        case EventKind::Clear:
            return "clear";
        case EventKind::Level:
            return "level";
        case EventKind::Trade:
            return "trade";
        case EventKind::Touch:
            return "touch";
        case EventKind::Status:
            return "status";
        case EventKind::Tick:
            return "tick";
        case EventKind::End:
            return "end";
    }
    return "?";
}

}  // namespace

std::size_t EventCollector::take(std::size_t most) {
    std::array<Event, 256> piece;
    std::size_t taken = 0;
    while (taken < most) {
        const std::size_t size = queue_->pop(std::span{piece}.first(std::min(piece.size(), most - taken)));
        if (size == 0) break;
        events_.insert(events_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
        taken += size;
    }
    return taken;
}

std::vector<std::string> EventCollector::words() const {
    std::vector<std::string> words;
    for (const Event& event : events_) {
        const auto millis = event.receive_time.time_since_epoch().count() / 1'000'000;
        words.push_back(name_of(event) + "@" + std::to_string(millis) + (event.is_last() ? "." : ""));
    }
    return words;
}

}  // namespace tickgate::tests
