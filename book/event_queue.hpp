#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "book/event.hpp"

namespace tickgate::book {

/// Bounded lock-free queue from feeds to one book agent. Keeps order per producer; a push is all or nothing.
/// The capacity is a producer's own: one that is full does not keep others from pushing.
class EventQueue {
public:
    static constexpr std::size_t kDefaultCapacity = 65'536;

    /// `capacity`: events that one producer can have in the queue, rounded up to whole blocks. Allocates all of it
    /// for `producers` producers; nothing is allocated afterwards.
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

        /// Pushes all of `events` in order, or none. False when they do not fit: the caller waits or drops, and says so.
        [[nodiscard]] bool try_push(std::span<const Event> events);

    private:
        struct Token;
        EventQueue* queue_;
        std::unique_ptr<Token> token_;
        std::size_t capacity_;
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
