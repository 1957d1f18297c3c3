#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/subscriptions.hpp"

namespace tickgate::gateway {

/// What a shard keeps for one client beside its connection. Small: an idle one costs this and its subscriptions.
/// Thread: its shard's.
struct Session {
    std::uint8_t bad_json = 0;          ///< messages that were no JSON
    std::uint8_t refused_in_a_row = 0;  ///< operations above the rate
    bool in_catching_up = false;        ///< on the shard's list of those with subscriptions to bring on
    std::uint32_t op = kNoIndex;        ///< the operation that the book agent carries out for it: one at a time
    std::uint32_t op_tokens = 0;        ///< operations it may make at once, in thousandths
    std::uint32_t subscriptions = 0;
    SubscriptionIndex first_subscription = kNoIndex;
    std::uint64_t tokens_ms = 0;  ///< when op_tokens was last filled up
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
