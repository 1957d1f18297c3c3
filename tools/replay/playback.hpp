#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "book/symbol_book.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/recorded_events.hpp"

namespace tickgate::replay {

/// What a playback has counted beside what its venue session counts.
struct Totals {
    std::uint64_t batches = 0;
    std::uint64_t level_changes = 0;
    std::uint64_t trades = 0;
    book::UnixNanos first = book::UnixNanos::max();  ///< recorded time
    book::UnixNanos last = book::kNoTime;
};

/// A recording on its way through feed, queue and books, on one thread.
class Playback {
public:
    /// Told of each applied book message.
    using OnBatch = std::function<void(const book::SymbolBook&, const book::Applied&)>;

    /// Errors: feeds::RecordingError; std::invalid_argument when nobody says whose recording it is.
    explicit Playback(const Options& options) : events_{options} {}

    /// Plays all of it.
    void run(const OnBatch& on_batch = {});

    /// In the order in which they were listed.
    [[nodiscard]] std::span<const std::unique_ptr<book::SymbolBook>> books() const noexcept { return books_; }
    [[nodiscard]] const feeds::VenueCounters& counters() const noexcept { return events_.feed().session().counters(); }
    [[nodiscard]] const Totals& totals() const noexcept { return totals_; }
    /// Why the recording ended early.
    [[nodiscard]] const std::optional<std::string>& damage() const noexcept { return events_.feed().error(); }

private:
    void apply(std::span<const book::Event> events, const OnBatch& on_batch);
    void count(const book::Applied& applied);

    RecordedEvents events_;
    std::vector<std::unique_ptr<book::SymbolBook>> books_;  // by instrument
    Totals totals_;
};

}  // namespace tickgate::replay
