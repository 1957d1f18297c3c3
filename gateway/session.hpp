#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/frame_reader.hpp"
#include "gateway/subscriptions.hpp"

namespace tickgate::gateway {

/// What a socket did not take: the rest of a cut frame, and what must follow it whatever happens.
struct BlockedOutput {
    std::string rest;
    std::size_t written = 0;         ///< of rest
    std::uint64_t took_last_ms = 0;  ///< the shard's clock when the socket last took anything
};

/// One WebSocket client. Small: an idle one costs this and its subscriptions. Thread: its shard's.
struct Session {
    enum class State : std::uint8_t {
        Free,
        Open,
        Closing,  ///< our close frame is on its way or out; what comes in is thrown away
    };

    int fd = -1;
    State state = State::Free;
    std::uint8_t bad_json = 0;          ///< messages that were no JSON
    std::uint8_t refused_in_a_row = 0;  ///< operations above the rate
    bool takes_arrays = false;          ///< what it is due in a turn goes as one JSON array
    bool is_due_heartbeat = false;      ///< on the shard's list of those
    bool in_catching_up = false;        ///< on the shard's list of those with subscriptions to bring on
    bool in_unread = false;             ///< on the shard's list of those whose kept input can be read
    std::uint32_t watched = 0;          ///< what the shard's epoll set watches it for
    std::uint32_t op = kNoIndex;        ///< the operation that the book agent carries out for it: one at a time
    Admission::Place place = Admission::kNoPlace;
    std::uint32_t op_tokens = 0;  ///< operations it may make at once, in thousandths
    std::uint32_t subscriptions = 0;
    SubscriptionIndex first_subscription = kNoIndex;
    std::uint64_t heard_ms = 0;   ///< the shard's clock when anything last came from it; Closing: since when
    std::uint64_t tokens_ms = 0;  ///< when op_tokens was last filled up
    UnfinishedInput input;
    std::unique_ptr<BlockedOutput> blocked;

    [[nodiscard]] bool is_open() const noexcept { return state == State::Open; }
};

/// One stream wished for in a subscribe or modify.
struct WishedStream {
    StreamKey key;
    std::uint32_t sid = 0;  ///< from the start where the session holds it already
    bool held = false;
    bool resumes = false;
    std::uint32_t point = kNoIndex;  ///< subscribe: which of the request's resume points is its
    Position since{};                ///< as joined
    ResumeRefusal refusal = ResumeRefusal::None;
    std::optional<std::uint32_t> status_told{};  ///< modify: the symbol's status change that the client was told last
};

/// A subscribe or modify that the book agent is carrying out.
struct PendingOp {
    SessionIndex session = kNoIndex;  ///< none once its client has left
    std::string id;                   ///< JSON text
    std::uint32_t was = 0;            ///< modify: the sid that it replaces
    std::vector<WishedStream> wishes;
    std::string errors;  ///< JSON objects joined by commas
};

}  // namespace tickgate::gateway
