#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/gateway/market.hpp"

namespace simdjson::dom {
class element;
}

namespace tickgate::test {

/// How often something happened, over all runs: what did not happen was not tested.
using Seen = std::map<std::string, std::uint64_t>;

/// What a client holds of one stream.
struct HeldStream {
    gateway::Channel channel = gateway::Channel::Book;
    std::size_t symbol = 0;
    std::uint32_t depth = 0;
    std::uint32_t rate_ms = 0;
    bool holds = false;  ///< a state, at `seq`; otherwise a snapshot must come first
    std::uint64_t seq = 0;
    std::string epoch;
    TruthSide bids;
    TruthSide asks;
    bool behind = false;     ///< was told that it is
    bool resumed = false;    ///< and nothing has come since
    bool may_repeat = true;  ///< bbo: what comes next need not be newer
};

/// A client that believes nothing: it follows the protocol to the letter, and whatever it holds must be the truth of
/// that sequence, cut to its depth. A breach throws std::runtime_error.
class Mirror {
public:
    Mirror(Core& core, const Market& market, Random& random, Seen& seen);

    void connect(std::size_t shard, int buffer, std::uint8_t deflate_bits, bool over_tls);
    /// `saves`: what it holds, to resume from.
    void disconnect(bool politely, bool saves);
    [[nodiscard]] bool is_connected() const { return connection_ != nullptr; }
    [[nodiscard]] bool has_streams() const { return !held_.empty(); }

    /// One random operation.
    void ask();
    /// `rates`, `depths`: what it asks for.
    void subscribe(std::size_t symbol, gateway::Channel channel, std::uint32_t depth, std::uint32_t rate_ms);
    void read(std::size_t most);
    /// When nothing more can come: every question was answered, and all that it holds is the present truth.
    void expect_in_step() const;

private:
    struct Pending {
        enum class Kind : std::uint8_t { Plain, Subscribe, BadSubscribe, Modify, Unsubscribe, Resync, List };
        Kind kind = Kind::Plain;
        std::uint32_t sid = 0;
        std::set<std::uint32_t> sids{};
        std::optional<HeldStream> resume{};
        bool wrong_epoch = false;
    };
    using Json = simdjson::dom::element;

    void send(Pending pending, const std::string& fields);
    void take(const std::string& text);
    void take_ack(const Json& message);
    void take_error(const Json& message);
    void take_subscribed(const Pending& op, const Json& entry);
    void take_modified(const Pending& op, const Json& entry);
    void take_list(const Json& message) const;
    void take_snapshot(const Json& message);
    void take_delta(const Json& message);
    void take_bbo(const Json& message);
    void take_trades(const Json& message);
    void take_gap(const Json& message);
    void take_status(const Json& message);
    void take_lag(const Json& message);
    void expect_truth(const HeldStream& held, const Json& message) const;
    void expect_may_flow(const HeldStream& held) const;
    void start(std::uint32_t sid, HeldStream held);
    [[nodiscard]] HeldStream& held(const Json& message);
    [[nodiscard]] const Truth& truth(const HeldStream& held) const { return market_.symbols()[held.symbol]; }
    [[nodiscard]] std::size_t symbol_named(std::string_view name) const;
    [[nodiscard]] std::uint32_t some_sid();

    Core& core_;
    const Market& market_;
    Random& random_;
    Seen& seen_;
    std::unique_ptr<Connection> connection_;
    bool welcomed_ = false;
    std::uint64_t last_id_ = 0;
    std::deque<std::pair<std::uint64_t, Pending>> pending_;
    std::map<std::uint32_t, HeldStream> held_;                              // by sid
    std::map<std::pair<std::size_t, gateway::Channel>, HeldStream> saved_;  // to resume from
    std::map<std::size_t, std::size_t> told_;                               // by symbol: place in its statuses
};

}  // namespace tickgate::test
