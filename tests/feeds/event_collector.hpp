#pragma once

#include <string>
#include <vector>

#include "book/event_queue.hpp"

namespace tickgate::tests {

/// Stands in for the book agent: takes events off a queue and keeps them.
class EventCollector {
public:
    explicit EventCollector(book::EventQueue& queue) : queue_{&queue} {}

    /// Takes up to `most` of what is waiting; returns how many.
    std::size_t take(std::size_t most = SIZE_MAX);

    [[nodiscard]] const std::vector<book::Event>& events() const noexcept { return events_; }
    /// One word for each event taken: kind, `@`, receive time in ms; `.` where it ends a batch.
    [[nodiscard]] std::vector<std::string> words() const;

private:
    book::EventQueue* queue_;
    std::vector<book::Event> events_;
};

}  // namespace tickgate::tests
