#pragma once

#include <optional>

#include "book/types.hpp"

namespace tickgate::feeds {

/// An agent that pushes events into the book agent's queue. Thread: whichever turns it, always the same.
class Feed {
public:
    virtual ~Feed() = default;

    /// Does what is due at wall-clock time `now`, a bounded piece of it; never blocks. Returns how much was done, 0
    /// when there was nothing to do or no room in the event queue (then it goes on at the next turn).
    virtual int do_work(book::UnixNanos now) = 0;

    /// The wall-clock time at which it has work again: kNoTime (the past) means at once; nothing: never again by
    /// itself.
    [[nodiscard]] virtual std::optional<book::UnixNanos> next_due() const = 0;

    /// All symbols that it knows at start are listed and, where the feed makes its own books, live.
    [[nodiscard]] virtual bool ready() const = 0;
};

}  // namespace tickgate::feeds
