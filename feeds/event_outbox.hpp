#pragma once

#include <cstddef>
#include <vector>

#include "book/event.hpp"
#include "book/event_queue.hpp"

namespace tickgate::feeds {

/// A feed's events on their way into the queue. For feeds that are in no hurry: what finds no room waits here, in
/// order, and goes on at the next flush. Thread: the feed's.
class EventOutbox {
public:
    explicit EventOutbox(book::EventQueue::Producer producer);

    /// Where new events are appended. Append only what empty() allows to be new: flush first.
    [[nodiscard]] std::vector<book::Event>& events() noexcept { return events_; }
    /// Nothing waits.
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }

    /// Pushes what waits, also a part of a batch (a consumer holds it until its end); returns how many events went.
    int flush();

private:
    book::EventQueue::Producer producer_;
    std::vector<book::Event> events_;
    std::size_t pushed_ = 0;  // of events_
};

}  // namespace tickgate::feeds
