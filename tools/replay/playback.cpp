#include "tools/replay/playback.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "feeds/venues.hpp"

namespace tickgate::replay {
namespace {

using book::Event;
using book::EventKind;
using book::UnixNanos;

constexpr std::size_t kEventsAtOnce = 4'096;

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

/// How many of `events` go to a book at once: a batch, or the part of it that is here; else one.
std::size_t run_length(std::span<const Event> events) noexcept {
    if (!is_level(events.front().kind)) return 1;
    const auto last = std::find_if(events.begin(), events.end(), [](const Event& event) { return event.is_last(); });
    return static_cast<std::size_t>(last - events.begin()) + (last == events.end() ? 0 : 1);
}

}  // namespace

Playback::Playback(const Options& options) : events_(kEventsAtOnce) {
    const auto session = [&](std::string_view declared) { return make_session(options, declared, registry_); };
    feeds::ReplayOptions wish{.files = options.files, .format = options.format, .speed = options.speed, .loop = false};
    feed_.emplace(book::FeedId{}, std::move(wish), session, book::EventQueue::Producer{queue_});
}

void Playback::run(const OnBatch& on_batch) {
    while (const auto due = feed_->next_due()) {
        const UnixNanos now = wall_clock();
        if (*due > now) std::this_thread::sleep_for(*due - now);
        feed_->do_work(std::max(*due, now));
        drain(on_batch);
    }
    for (const auto& book : books_) book->finish_touch_check();
}

void Playback::drain(const OnBatch& on_batch) {
    while (const std::size_t count = queue_.pop(events_)) {
        std::span<const Event> rest{events_.data(), count};
        while (!rest.empty()) {
            const std::size_t length = run_length(rest);
            apply(rest.first(length), on_batch);
            rest = rest.subspan(length);
        }
    }
}

void Playback::apply(std::span<const Event> events, const OnBatch& on_batch) {
    const Event& first = events.front();
    totals_.last = std::max(totals_.last, first.receive_time);
    if (first.kind == EventKind::Tick || first.kind == EventKind::End) return;
    totals_.first = std::min(totals_.first, first.receive_time);
    if (first.kind == EventKind::Listed) {
        books_.push_back(std::make_unique<book::SymbolBook>(first.listed_instrument()));
        return;
    }
    book::SymbolBook& book = *books_.at(book::index_of(first.instrument));
    const book::Applied applied = book.apply(events);
    count(applied);
    if (on_batch && applied.kind == book::Applied::Kind::Batch) on_batch(book, applied);
}

void Playback::count(const book::Applied& applied) {
    if (applied.kind == book::Applied::Kind::Trade) ++totals_.trades;
    if (applied.kind != book::Applied::Kind::Batch) return;
    ++totals_.batches;
    totals_.level_changes += applied.changes;
}

}  // namespace tickgate::replay
