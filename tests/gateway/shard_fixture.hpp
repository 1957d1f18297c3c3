#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/gateway/core.hpp"

namespace tickgate::gateway {

inline auto type_is(std::string_view type) {
    return testing::HasSubstr("{\"type\":\"" + std::string{type} + '"');
}

inline test::CoreOptions options_with(std::uint32_t heartbeat_ms, IoBackend io = IoBackend::Epoll) {
    test::CoreOptions options{.queue_bytes = std::size_t{8} << 20, .io = io};
    options.shard.heartbeat_ms = heartbeat_ms;
    options.shard.slow_close_s = 10;
    options.shard.limits.ops_per_s = 100;
    return options;
}

/// One shard with one live symbol.
class ShardTest : public testing::Test {
protected:
    explicit ShardTest(test::CoreOptions options = options_with(1'000))
        : core_{options},
          instrument_{core_.list("TEST:A-USD", {1, 0})} {
        core_.push(book::Event::status(instrument_.id, book::SymbolState::Live, book::StateReason::None, core_.now));
        core_.push(test::clear_event(instrument_.id, core_.now));
        batch(100, 1);
        core_.settle();
    }

    void batch(std::int64_t price, std::int64_t quantity) {
        book::Event level = test::level_event(instrument_.id, book::Side::Bid, price, quantity, core_.now);
        level.flags = book::Event::kLast;
        core_.push(level);
    }
    void pass(std::chrono::milliseconds time) {
        for (; time > time.zero(); time -= kStep) {
            core_.pass(kStep);
            core_.settle();
        }
    }
    static std::string subscribe(std::string_view fields) {
        return R"({"op":"subscribe","id":1,"symbols":["TEST:A-USD"],)" + std::string{fields} + '}';
    }
    void join(test::Connection& client, std::string_view fields = R"("channel":"book","rate_ms":0)") {
        client.send(subscribe(fields));
        core_.settle();
        static_cast<void>(client.receive());
    }
    /// Sends the client so much that its socket is full.
    void block() {
        while (metrics().blocked_now.value() == 0) {
            batch(100, ++quantity_);
            core_.settle();
        }
    }
    /// Reads until everything has come.
    std::vector<std::string> drain(test::Connection& client) {
        std::vector<std::string> all;
        for (;;) {
            core_.settle();
            const std::vector<std::string> part = client.receive();
            all.insert(all.end(), part.begin(), part.end());
            if (part.empty() && !client.holds_part() && metrics().blocked_now.value() == 0) return all;
        }
    }
    Shard& shard() { return core_.shards[0]->shard; }
    const ShardMetrics& metrics() { return shard().metrics(); }

    static constexpr std::chrono::milliseconds kStep{100};
    test::Core core_;
    const book::Instrument& instrument_;
    std::int64_t quantity_ = 1;
};

inline std::uint64_t number(const std::string& message, const std::string& key) {
    return std::stoull(message.substr(message.find('"' + key + "\":") + key.size() + 3));
}

}  // namespace tickgate::gateway
