#include "gateway/protocol.hpp"

#include <algorithm>

namespace tickgate::gateway {

namespace {

constexpr std::array<ErrorTraits, kErrorCodes> kErrorTraits{{
    {"bad_json", false, Closes::WhenRepeated, 4400},
    {"bad_request", false, Closes::Never, 0},
    {"unknown_op", false, Closes::Never, 0},
    {"unknown_channel", false, Closes::Never, 0},
    {"unknown_symbol", false, Closes::Never, 0},
    {"not_subscribed", false, Closes::Never, 0},
    {"bad_depth", false, Closes::Never, 0},
    {"bad_rate", false, Closes::Never, 0},
    {"frame_too_big", false, Closes::AtOnce, 1009},
    {"auth_required", false, Closes::AtOnce, 4401},
    {"auth_failed", false, Closes::AtOnce, 4401},
    {"auth_expired", true, Closes::AfterGrace, 4403},
    {"forbidden", false, Closes::Never, 0},
    {"not_ready", true, Closes::Never, 0},
    {"rate_limited", true, Closes::WhenRepeated, 4429},
    {"limit_subscriptions", false, Closes::Never, 0},
    {"limit_connections", true, Closes::AtOnce, 4430},
    {"slow_client", true, Closes::AtOnce, 4408},
    {"internal", true, Closes::AtOnce, 1011},
    {"overloaded", true, Closes::AtOnce, 1013},
}};

static_assert(static_cast<std::size_t>(ErrorCode::Overloaded) + 1 == kErrorCodes);

}  // namespace

std::optional<std::uint32_t> round_up_depth(std::uint64_t depth) noexcept {
    if (depth == 0) return 0;
    for (const std::uint32_t offered : kDepths) {
        if (offered >= depth) return offered;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> round_up_rate(std::uint64_t rate_ms) noexcept {
    const auto* offered = std::ranges::lower_bound(kRatesMs, rate_ms);
    if (offered == kRatesMs.end()) return std::nullopt;
    return *offered;
}

std::string_view name_of(Channel channel) noexcept {
    switch (channel) {
        case Channel::Book:
            return "book";
        case Channel::Bbo:
            return "bbo";
        case Channel::Trades:
            return "trades";
    }
    return {};
}

std::optional<Channel> channel_named(std::string_view name) noexcept {
    for (const Channel channel : kChannels) {
        if (name == name_of(channel)) return channel;
    }
    return std::nullopt;
}

std::string_view name_of(book::SymbolState state) noexcept {
    switch (state) {
        case book::SymbolState::Live:
            return "live";
        case book::SymbolState::Stale:
            return "stale";
        case book::SymbolState::Starting:
        case book::SymbolState::Resyncing:
            return "resyncing";
        case book::SymbolState::Halted:
            return "halted";
        case book::SymbolState::Closed:
            return "closed";
    }
    return {};
}

std::string_view reason_text(book::SymbolState state, book::StateReason reason) noexcept {
    switch (reason) {
        case book::StateReason::None:
            return state == book::SymbolState::Starting ? "connecting" : "";
        case book::StateReason::NoUpdate:
            return "no_update";
        case book::StateReason::Gap:
            return "gap";
        case book::StateReason::Checksum:
            return "checksum";
        case book::StateReason::Crossed:
            return "crossed";
        case book::StateReason::Reconnect:
            return "reconnect";
        case book::StateReason::QueueFull:
            return "queue_full";
        case book::StateReason::OutsideSnapshot:
            return "outside_snapshot";
        case book::StateReason::BadMessage:
            return "bad_message";
        case book::StateReason::Snapshot:
            return "snapshot";
    }
    return {};
}

const ErrorTraits& traits_of(ErrorCode code) noexcept {
    return kErrorTraits[static_cast<std::size_t>(code)];
}

}  // namespace tickgate::gateway
