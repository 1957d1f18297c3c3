#include "tools/replay/recorded_events.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "feeds/venues.hpp"

namespace tickgate::replay {
namespace {

using book::Event;
using book::EventKind;
using book::UnixNanos;

std::unique_ptr<feeds::VenueSession> make_session(const Options& options, std::string_view declared,
                                                  book::InstrumentRegistry& registry) {
    const std::string_view name = options.venue.empty() ? declared : std::string_view{options.venue};
    if (name.empty()) throw std::invalid_argument{"the recording does not say whose it is: --venue is needed"};
    const feeds::Venue* const venue = feeds::find_venue(name);
    if (venue == nullptr) throw std::invalid_argument{"unknown venue " + std::string{name}};
    return venue->make_session(book::FeedId{}, registry, {.from_empty = options.from_empty, .symbols = {}});
}

UnixNanos wall_clock() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

bool is_level(EventKind kind) noexcept {
    return kind == EventKind::Clear || kind == EventKind::Level || kind == EventKind::Touch;
}

/// How many of `events` belong together: a batch, or the part of it that is here; else one.
std::size_t run_length(std::span<const Event> events) noexcept {
    if (!is_level(events.front().kind)) return 1;
    const auto last = std::find_if(events.begin(), events.end(), [](const Event& event) { return event.is_last(); });
    return static_cast<std::size_t>(last - events.begin()) + (last == events.end() ? 0 : 1);
}

}  // namespace

RecordedEvents::RecordedEvents(const Options& options) : events_(kAtOnce) {
    const auto session = [&](std::string_view declared) { return make_session(options, declared, registry_); };
    feeds::ReplayOptions wish{.files = options.files, .format = options.format, .speed = options.speed, .loop = false};
    feed_.emplace(book::FeedId{}, std::move(wish), session, book::EventQueue::Producer{queue_});
}

void RecordedEvents::play(const OnRun& on_run) {
    while (const auto due = feed_->next_due()) {
        const UnixNanos now = wall_clock();
        if (*due > now) std::this_thread::sleep_for(*due - now);
        feed_->do_work(std::max(*due, now));
        drain(on_run);
    }
}

void RecordedEvents::drain(const OnRun& on_run) {
    while (const std::size_t count = queue_.pop(events_)) {
        std::span<const Event> rest{events_.data(), count};
        while (!rest.empty()) {
            const std::size_t length = run_length(rest);
            on_run(rest.first(length));
            rest = rest.subspan(length);
        }
    }
}

}  // namespace tickgate::replay
