#include "gateway/messages.hpp"

#include <fmt/format.h>

#include <iterator>

#include "gateway/json_text.hpp"
#include "gateway/version.hpp"
#include "gateway/wire.hpp"

namespace tickgate::gateway {
namespace {

template <typename... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

template <typename Numbers>
void append_numbers(std::string& out, std::string_view key, const Numbers& numbers) {
    append(out, R"(,"{}":[{}])", key, fmt::join(numbers, ","));
}

std::string_view refusal_text(ResumeRefusal refusal) noexcept {
    switch (refusal) {
        case ResumeRefusal::None:
            return {};
        case ResumeRefusal::Expired:
            return "resume_expired";
        case ResumeRefusal::EpochChanged:
            return "epoch_changed";
        case ResumeRefusal::DepthChanged:
            return "depth_changed";
        case ResumeRefusal::Busy:
            return "busy";
    }
    return {};
}

}  // namespace

void append_welcome(std::string& out, const WelcomeInfo& info, book::UnixNanos now) {
    append(out, R"({{"type":"welcome","proto":{},"server":"tickgate {}","node":)", kProtocolVersion, version());
    append_json_string(out, info.node);
    append(out, R"(,"session":"{:016x}","ts":{},"heartbeat_ms":{},"auth":"none")", info.session, wire_micros(now),
           info.heartbeat_ms);
    out += R"(,"channels":["book","bbo","trades"])";
    append_numbers(out, "depths", kDepths);
    append_numbers(out, "rates_ms", kRatesMs);
    append(out, R"(,"limits":{{"subscriptions":{},"ops_per_s":{},"frame_bytes":{},"symbols_per_op":{}}})",
           info.limits.subscriptions, info.limits.ops_per_s, info.limits.frame_bytes, info.limits.symbols_per_op);
    append(out, R"(,"reconnect":{{"base_ms":{},"max_ms":{}}}}})", kReconnectBaseMs, kReconnectMaxMs);
}

void append_ack(std::string& out, std::string_view id) {
    append(out, R"({{"type":"ack","id":{}}})", id);
}

void append_pong(std::string& out, std::string_view id, book::UnixNanos now) {
    append(out, R"({{"type":"pong","id":{},"ts":{}}})", id, wire_micros(now));
}

void append_heartbeat(std::string& out, book::UnixNanos now) {
    append(out, R"({{"type":"hb","ts":{}}})", wire_micros(now));
}

void append_error(std::string& out, const ErrorInfo& error) {
    const ErrorTraits& traits = traits_of(error.code);
    append(out, R"({{"type":"error","id":{},"code":"{}","message":)", error.id.empty() ? "null" : error.id,
           traits.code);
    append_json_string(out, error.message);
    if (!error.field.empty()) append(out, R"(,"field":"{}")", error.field);
    append(out, R"(,"temporary":{},"retry_ms":{}}})", traits.temporary, error.retry_ms);
}

void append_status(std::string& out, std::string_view symbol, const book::Status& status) {
    out += R"({"type":"status","symbol":)";
    append_json_string(out, symbol);
    append(out, R"(,"state":"{}")", name_of(status.state));
    const std::string_view why = reason_text(status.state, status.reason);
    if (!why.empty()) append(out, R"(,"why":"{}")", why);
    if (status.since != book::kNoTime) append(out, R"(,"since":{})", wire_micros(status.since));
    out += '}';
}

void append_lag(std::string& out, std::uint32_t sid, std::uint64_t lag_ms) {
    append(out, R"({{"type":"lag","sid":{},"state":"behind","lag_ms":{}}})", sid, lag_ms);
}

void append_caught_up(std::string& out, std::uint32_t sid) {
    append(out, R"({{"type":"lag","sid":{},"state":"caught_up"}})", sid);
}

void append_gap(std::string& out, std::uint32_t sid, book::Sequence from, book::Sequence to) {
    append(out, R"({{"type":"gap","sid":{},"from":{},"to":{},"why":"slow_client"}})", sid, from.value(), to.value());
}

void append_goaway(std::string& out, std::string_view why, std::uint32_t retry_ms) {
    append(out, R"({{"type":"goaway","why":"{}","retry_ms":{}}})", why, retry_ms);
}

void append_acked_stream(std::string& out, const AckedStream& stream) {
    append(out, R"({{"sid":{},"channel":"{}","symbol":)", stream.sid, name_of(stream.key.channel));
    append_json_string(out, stream.symbol);
    if (stream.key.channel == Channel::Book) append(out, R"(,"depth":{})", stream.key.depth);
    append(out, R"(,"rate_ms":{},"resumed":{})", stream.key.rate_ms, stream.resumed);
    if (stream.refusal != ResumeRefusal::None) append(out, R"(,"why":"{}")", refusal_text(stream.refusal));
    if (stream.was != 0) append(out, R"(,"was":{})", stream.was);
    out += '}';
}

void append_symbol(std::string& out, const SymbolTable::Entry& entry) {
    out += R"({"symbol":)";
    append_json_string(out, entry.instrument->symbol);
    out += R"(,"venue_symbol":)";
    append_json_string(out, entry.instrument->venue_symbol);
    append(out, R"(,"price_scale":{},"qty_scale":{},"state":"{}"}})", entry.scales.price, entry.scales.quantity,
           name_of(entry.status.state));
}

}  // namespace tickgate::gateway
