#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "book/event_queue.hpp"
#include "feeds/venue_session.hpp"
#include "gateway/book_agent.hpp"

namespace tickgate::bench {

/// Everything between a feed's socket and a shard's, on one thread: decoding and joining, the event queue, the books,
/// and one subscriber of each symbol's book at depth 10 and rate 0, whose frames are taken from the shard's queue.
class WholePath {
public:
    explicit WholePath(std::string_view venue);

    /// One message goes all the way before the next is looked at, as if each came alone: one turn of the agent.
    void take(const feeds::RawMessage& message);

    [[nodiscard]] const gateway::AgentMetrics& metrics() const noexcept { return agent_.metrics(); }
    [[nodiscard]] std::size_t frames() const noexcept { return frames_; }
    [[nodiscard]] std::size_t frame_bytes() const noexcept { return frame_bytes_; }

private:
    void take_records();
    void subscribe(const book::Instrument& instrument);

    book::InstrumentRegistry registry_;
    std::unique_ptr<feeds::VenueSession> session_;
    book::EventQueue queue_;
    book::EventQueue::Producer producer_{queue_};
    std::vector<book::Event> events_;
    gateway::ShardQueue to_shard_;
    gateway::CommandQueue from_shard_{gateway::kCommandCapacity};
    gateway::BookAgent agent_;
    std::size_t frames_ = 0;
    std::size_t frame_bytes_ = 0;
};

}  // namespace tickgate::bench
