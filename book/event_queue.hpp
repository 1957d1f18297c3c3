#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "book/event.hpp"

namespace tickgate::book {

/// Bounded lock-free queue from feeds to one book agent. Keeps order per producer; a push is all or nothing.
/// The bound holds for all producers together: its blocks are shared, allocated once and for all.
class EventQueue {
public:
    static constexpr std::size_t kDefaultCapacity = 65'536;

    /// `capacity`: events that each of `producers` can have in the queue, rounded up to whole blocks; allocated at
    /// once.
    explicit EventQueue(std::size_t capacity = kDefaultCapacity, std::size_t producers = 1);
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    /// One feed's way in. Thread: the feed's. Must not outlive the queue.
    class Producer {
    public:
        explicit Producer(EventQueue& queue);
        ~Producer();
        Producer(Producer&&) noexcept;
        Producer& operator=(Producer&&) = delete;

        /// Pushes all of `events` in order, or none. False when they do not fit: the caller waits or drops, and says
        /// so.
        [[nodiscard]] bool try_push(std::span<const Event> events);

    private:
        struct Token;
        EventQueue* queue_;
        std::unique_ptr<Token> token_;
    };

    /// Takes up to out.size() events. Thread: the book agent's. Events of one producer come in its order.
    [[nodiscard]] std::size_t pop(std::span<Event> out);

    /// True when nothing is waiting, as far as this thread can see.
    [[nodiscard]] bool empty() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tickgate::book
