#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "book/event.hpp"

namespace tickgate::book {

/// Bounded lock-free queue from feeds to one book agent: a lane for each producer. Keeps order per producer; a push is
/// all or nothing; a lane that is full keeps no other producer out.
class EventQueue {
    struct Lane;

public:
    static constexpr std::size_t kDefaultCapacity = 65'536;

    /// `capacity`: events that each of `producers` can have in the queue, rounded up to whole blocks; allocated at
    /// once.
    explicit EventQueue(std::size_t capacity = kDefaultCapacity, std::size_t producers = 1);
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    /// One feed's way in: the next lane that nobody has yet. Thread: the feed's. Must not outlive the queue.
    /// Throws std::length_error where there are more than the queue was made for.
    class Producer {
    public:
        explicit Producer(EventQueue& queue);

        /// Pushes all of `events` in order, or none. False when they do not fit: the caller waits or drops, and says
        /// so.
        [[nodiscard]] bool try_push(std::span<const Event> events);

    private:
        Lane* lane_;
    };

    /// Takes up to out.size() events, from the producers in turn. Thread: the book agent's. Events of one producer come
    /// in its order.
    [[nodiscard]] std::size_t pop(std::span<Event> out);

    /// True when nothing is waiting, as far as this thread can see.
    [[nodiscard]] bool empty() const;

private:
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<std::size_t> taken_ = 0;  // lanes that have a producer
    std::size_t next_ = 0;                // the lane that is asked first; book agent's thread
};

}  // namespace tickgate::book
