#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "book/event.hpp"
#include "feeds/raw_message.hpp"

namespace tickgate::feeds {

/// What a venue session has counted since it was made. Single writer: its thread.
struct VenueCounters {
    std::uint64_t messages = 0;
    std::uint64_t decode_errors = 0;
    std::uint64_t gaps = 0;
    std::uint64_t resyncs = 0;
    std::uint64_t chain_ok = 0;
    std::uint64_t chain_failed = 0;
};

/// Decoding and joining of one venue: turns its messages into events that may be believed. Asks nothing of a clock
/// and does no I/O. Thread: the feed's.
class VenueSession {
public:
    virtual ~VenueSession() = default;

    /// Announces (Event::listed) the symbols that this message speaks of and that are not known yet, with the scales
    /// as it writes them, without touching books or counters. For a look ahead into a recording, before it is played.
    virtual void list_symbols(const RawMessage& message, std::vector<book::Event>& out) = 0;

    /// Appends the events that follow from one message: whole batches only. Allocates nothing in the steady state.
    virtual void on_message(const RawMessage& message, std::vector<book::Event>& out) = 0;

    /// It is `now`, of the time in which messages are received; asked every kTimeStep. Appends `stale` for each symbol
    /// that has been silent for longer than is its habit.
    virtual void on_time(book::UnixNanos now, std::vector<book::Event>& out) = 0;
    static constexpr std::chrono::seconds kTimeStep{1};

    /// The stream of messages starts anew (a recording's next pass): everything is joined again. Symbols, scales and
    /// counters stay.
    virtual void restart() = 0;

    [[nodiscard]] virtual const VenueCounters& counters() const noexcept = 0;
};

}  // namespace tickgate::feeds
