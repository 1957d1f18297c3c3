#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/protocol.hpp"

namespace tickgate::gateway {

/// The address of clients that come over a Unix socket. They are not limited by it: behind it is a proxy, most often.
inline constexpr std::string_view kLocalPeer = "unix";

/// How many clients are let in; 0 is no limit.
struct ConnectionLimits {
    std::uint32_t max = 0;               ///< WebSocket sessions of the process
    std::uint32_t per_address = 0;       ///< of one remote address
    std::uint32_t handshakes_per_s = 0;  ///< WebSocket handshakes of the process, with a burst of one second's

    friend bool operator==(const ConnectionLimits&, const ConnectionLimits&) = default;
};

/// Counts the sessions of all shards where they are limited. Thread: any.
class Admission {
public:
    /// One session's place, to be given back.
    using Place = std::uint32_t;
    static constexpr Place kNoPlace = 0xffff'ffff;  ///< nothing is counted

    explicit Admission(const ConnectionLimits& limits) : limits_{limits} {}

    struct Decision {
        Place place = kNoPlace;
        bool is_admitted = true;
        ErrorCode refusal = ErrorCode::Internal;  ///< overloaded or limit_connections
    };
    [[nodiscard]] Decision enter(std::string_view address);
    void leave(Place place);

private:
    struct Address {
        std::string text;
        std::uint32_t sessions = 0;
    };

    const ConnectionLimits limits_;
    std::mutex mutex_;
    std::uint64_t sessions_ = 0;
    std::vector<Address> addresses_;  // by Place; without sessions: free
    std::vector<Place> free_;
    std::unordered_map<std::string, Place> places_;
};

}  // namespace tickgate::gateway
