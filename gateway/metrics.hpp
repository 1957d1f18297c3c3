#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "book/types.hpp"
#include "gateway/protocol.hpp"
#include "gateway/tls_session.hpp"

namespace tickgate::gateway {

/// A count that only rises. One thread writes, any reads: a plain load and store, no locked instruction.
class Counter {
public:
    void add(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A number that rises and falls. One thread writes, any reads.
class Gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t difference) noexcept { set(value() + difference); }
    [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// One counter or gauge for each value of an enumeration that counts from 0.
template <typename Enum, typename Metric, std::size_t kSize>
class PerEnum {
public:
    [[nodiscard]] Metric& operator[](Enum value) noexcept { return metrics_[static_cast<std::size_t>(value)]; }
    [[nodiscard]] const Metric& operator[](Enum value) const noexcept {
        return metrics_[static_cast<std::size_t>(value)];
    }

private:
    std::array<Metric, kSize> metrics_;
};

/// Sessions closed by the code of the close frame; codes that are not ours or the standard's count as one, `other`.
class CloseCounters {
public:
    static constexpr std::array<std::uint16_t, 17> kCodes{1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011,
                                                          1012, 1013, 4400, 4401, 4403, 4408, 4429, 4430};

    [[nodiscard]] Counter& operator[](std::uint16_t code) noexcept { return counters_[index_of(code)]; }
    [[nodiscard]] const Counter& operator[](std::uint16_t code) const noexcept { return counters_[index_of(code)]; }
    [[nodiscard]] const Counter& other() const noexcept { return counters_.back(); }

private:
    [[nodiscard]] static std::size_t index_of(std::uint16_t code) noexcept;

    std::array<Counter, kCodes.size() + 1> counters_;
};

/// What a book agent counts. Writer: its thread.
struct alignas(64) AgentMetrics {
    Counter events;
    Counter batches;
    Counter level_changes;
    Counter trades;
    PerEnum<Channel, Counter, kChannels.size()> messages_encoded;
    Counter catch_ups;         ///< questions answered with what changed since a position
    Counter busy_snapshots;    ///< catch-ups answered by the shared snapshot: too many positions at once
    Counter checksums_ok;      ///< venues' checksums that were ours
    Counter checksums_failed;  ///< and that were not
    Counter touch_mismatches;  ///< books that differed from the venue's own best bid and ask
    Counter dropped_batches;   ///< batches broken off by their feed
    Counter stalls;            ///< turns cut short because a shard was behind
    Gauge streams;
    PerEnum<book::SymbolState, Gauge, 6> symbols;
};

/// What the sessions of one thread count. Writer: that thread.
struct alignas(64) TransportMetrics {
    Gauge sessions;
    Gauge blocked_now;  ///< sessions whose socket has not taken all yet
    Counter accepted;
    CloseCounters closed;
    Counter deliveries;  ///< messages put into sessions' outputs
    Counter bytes_out;
    Counter writes;      ///< system calls
    Counter blocked;     ///< times a socket did not take all
    Counter turns;       ///< in which something was due
    Counter tls_errors;  ///< sessions ended because what came over TLS was none
    Counter deflate_calls;
    Counter deflate_bytes_in;
    Counter deflate_bytes_out;
};

/// What a shard counts. Writer: its thread.
struct alignas(64) ShardMetrics : TransportMetrics {
    Gauge subscriptions;
    Counter messages_in;
    Counter symbols_wished;                           ///< that subscribe operations named or matched, each time one was
    PerEnum<ErrorCode, Counter, kErrorCodes> errors;  ///< sent to clients
    Counter catch_up_questions;
    Counter lag_notices;
};

/// What a shard's HTTP server counts. Writer: its thread.
struct alignas(64) HttpMetrics {
    Counter accepted;
    Counter refused;          ///< above a limit on connections or handshakes
    Counter accept_failures;  ///< for lack of descriptors or memory
    Counter requests;         ///< handed to the handler
    Counter bad_requests;
    Counter timeouts;
    Counter upgrades;
    Counter tls_full;     ///< handshakes
    Counter tls_resumed;  ///< those spared by a ticket
    PerEnum<TlsFailure, Counter, kTlsFailures> tls_failures;
};

/// What became of the certificate. Writer: whoever reloads it.
struct TlsMetrics {
    Counter reloads;
    Counter failed_reloads;
    Gauge not_after_s;  ///< when it runs out, in seconds since 1970
};

/// All metrics in Prometheus' text format, with those of the process itself. Shards are labelled by their place in
/// `shards`, and `http` has those of their HTTP servers in the same order; `tls`: none where there is no TLS.
/// Thread: any.
[[nodiscard]] std::string prometheus_text(const AgentMetrics& agent, std::span<const ShardMetrics* const> shards,
                                          std::span<const HttpMetrics* const> http, const TlsMetrics* tls);

}  // namespace tickgate::gateway
