#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "book/symbol_book.hpp"
#include "gateway/protocol.hpp"
#include "gateway/shard_queue.hpp"
#include "gateway/subscriptions.hpp"
#include "gateway/symbol_table.hpp"

namespace tickgate::gateway {

/// Messages for one client, and the few that are the same for all. Each function appends one JSON object to `out`.
/// `id` is JSON text already; names of symbols are escaped here.

struct WelcomeInfo {
    std::string_view node;
    std::uint64_t session = 0;
    std::uint32_t heartbeat_ms = 0;
    Limits limits;
};
void append_welcome(std::string& out, const WelcomeInfo& info, book::UnixNanos now);

void append_ack(std::string& out, std::string_view id);
void append_pong(std::string& out, std::string_view id, book::UnixNanos now);
void append_heartbeat(std::string& out, book::UnixNanos now);

struct ErrorInfo {
    ErrorCode code = ErrorCode::Internal;
    std::string_view message;
    std::string_view field;  ///< empty: left out
    std::string_view id;     ///< empty: null
    std::uint32_t retry_ms = 0;
};
void append_error(std::string& out, const ErrorInfo& error);

void append_status(std::string& out, std::string_view symbol, const book::Status& status);
void append_lag(std::string& out, std::uint32_t sid, std::uint64_t lag_ms);
void append_caught_up(std::string& out, std::uint32_t sid);
void append_gap(std::string& out, std::uint32_t sid, book::Sequence from, book::Sequence to);
void append_goaway(std::string& out, std::string_view why, std::uint32_t retry_ms);

/// One stream in an ack of subscribe or modify.
struct AckedStream {
    std::uint32_t sid = 0;
    StreamKey key;
    std::string_view symbol;
    bool resumed = false;
    ResumeRefusal refusal = ResumeRefusal::None;
    std::uint32_t was = 0;  ///< modify: the sid before; 0: left out
};
void append_acked_stream(std::string& out, const AckedStream& stream);

/// One symbol in the answer to `symbols` and in /v1/symbols.
void append_symbol(std::string& out, const SymbolTable::Entry& entry);

}  // namespace tickgate::gateway
