#pragma once

#include <functional>
#include <span>
#include <vector>

#include "book/event_queue.hpp"
#include "book/instrument.hpp"
#include "feeds/replay_feed.hpp"
#include "tools/replay/options.hpp"

namespace tickgate::replay {

/// The events of a recording, out of its feed and through the queue, on one thread.
class RecordedEvents {
public:
    /// Told of all events in order: those of one book message (at most kAtOnce) together, others each alone.
    using OnRun = std::function<void(std::span<const book::Event>)>;
    static constexpr std::size_t kAtOnce = 4'096;

    /// Errors: feeds::RecordingError; std::invalid_argument when nobody says whose recording it is.
    explicit RecordedEvents(const Options& options);

    /// Plays all of it, at the speed wished for.
    void play(const OnRun& on_run);

    [[nodiscard]] const feeds::ReplayFeed& feed() const noexcept { return *feed_; }

private:
    void drain(const OnRun& on_run);

    book::InstrumentRegistry registry_;
    book::EventQueue queue_;
    std::optional<feeds::ReplayFeed> feed_;
    std::vector<book::Event> events_;
};

}  // namespace tickgate::replay
