#include "book/event_queue.hpp"

#include <concurrentqueue.h>

#include <algorithm>

namespace tickgate::book {
namespace {

constexpr std::size_t kBlock = 256;

struct Traits : moodycamel::ConcurrentQueueDefaultTraits {
    static const std::size_t BLOCK_SIZE = kBlock;
    // A producer's index of blocks grows by allocation; large enough from the start, it never has to.
    static const std::size_t EXPLICIT_INITIAL_INDEX_SIZE = 4'096;
};

using Queue = moodycamel::ConcurrentQueue<Event, Traits>;

constexpr std::size_t whole_blocks(std::size_t capacity) noexcept {
    return std::max<std::size_t>((capacity + kBlock - 1) / kBlock, 1);
}

}  // namespace

struct EventQueue::Impl {
    Impl(std::size_t capacity, std::size_t producers)
        // Blocks more for each producer: its first may be partly consumed while its last is partly filled.
        : queue((whole_blocks(capacity) + 2) * kBlock * producers) {}

    Queue queue;
};

struct EventQueue::Producer::Token {
    explicit Token(Queue& queue) : token{queue} {}
    moodycamel::ProducerToken token;
};

EventQueue::EventQueue(std::size_t capacity, std::size_t producers)
    : impl_{std::make_unique<Impl>(capacity, producers)} {}

EventQueue::~EventQueue() = default;

std::size_t EventQueue::pop(std::span<Event> out) {
    return impl_->queue.try_dequeue_bulk(out.data(), out.size());
}

bool EventQueue::empty() const {
    return impl_->queue.size_approx() == 0;
}

EventQueue::Producer::Producer(EventQueue& queue)
    : queue_{&queue},
      token_{std::make_unique<Token>(queue.impl_->queue)} {}

EventQueue::Producer::~Producer() = default;
EventQueue::Producer::Producer(Producer&&) noexcept = default;

bool EventQueue::Producer::try_push(std::span<const Event> events) {
    return queue_->impl_->queue.try_enqueue_bulk(token_->token, events.data(), events.size());
}

}  // namespace tickgate::book
