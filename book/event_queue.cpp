#include "book/event_queue.hpp"

#include <concurrentqueue.h>

#include <algorithm>
#include <stdexcept>

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

// Each producer has a queue of its own: within one, a producer keeps the blocks it once took, so that the first burst
// of one would leave none to the others for good.
struct EventQueue::Lane {
    explicit Lane(std::size_t least_capacity)
        : capacity{whole_blocks(least_capacity) * kBlock},
          // A block more: the first may be partly consumed while the last is partly filled.
          queue{capacity + kBlock},
          token{queue} {}

    /// Counts what is inside by itself: moodycamel 1.0.3 loses track of its blocks when a push fails that needs
    /// several, so none is begun that may fail.
    bool try_push(std::span<const Event> events) {
        const std::uint64_t inside = pushed - popped.load(std::memory_order_acquire);
        if (events.size() > capacity - inside) return false;
        if (!queue.try_enqueue_bulk(token, events.data(), events.size())) return false;
        pushed += events.size();
        return true;
    }

    std::size_t pop(std::span<Event> out) {
        const std::size_t count = queue.try_dequeue_bulk_from_producer(token, out.data(), out.size());
        popped.store(popped.load(std::memory_order_relaxed) + count, std::memory_order_release);
        return count;
    }

    std::size_t capacity;
    Queue queue;
    moodycamel::ProducerToken token;                   // the producer's thread
    std::uint64_t pushed = 0;                          // the producer's thread
    alignas(64) std::atomic<std::uint64_t> popped{0};  // written by the book agent's thread
};

EventQueue::EventQueue(std::size_t capacity, std::size_t producers) {
    for (std::size_t i = 0; i < producers; ++i) lanes_.push_back(std::make_unique<Lane>(capacity));
}

EventQueue::~EventQueue() = default;

std::size_t EventQueue::pop(std::span<Event> out) {
    std::size_t count = 0;
    for (std::size_t asked = 0; asked < lanes_.size() && count < out.size(); ++asked) {
        Lane& lane = *lanes_[next_];
        next_ = next_ + 1 == lanes_.size() ? 0 : next_ + 1;
        count += lane.pop(out.subspan(count));
    }
    return count;
}

bool EventQueue::empty() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->queue.size_approx() == 0; });
}

EventQueue::Producer::Producer(EventQueue& queue) {
    const std::size_t lane = queue.taken_++;
    if (lane >= queue.lanes_.size()) throw std::length_error{"the event queue has a lane for each producer, no more"};
    lane_ = queue.lanes_[lane].get();
}

bool EventQueue::Producer::try_push(std::span<const Event> events) {
    return lane_->try_push(events);
}

}  // namespace tickgate::book
