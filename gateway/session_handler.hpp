#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/protocol.hpp"
#include "gateway/turn_output.hpp"
#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {

/// Whom a SessionTransport belongs to: it says what is done with what clients say, and what they are told. Called in
/// the transport's calls, and when a client is added; never for a message that a socket has taken whole.
class SessionHandler {
public:
    virtual ~SessionHandler() = default;

    // What clients do. All but on_open are about open sessions.

    /// A client is there; what it is due now is the first it gets.
    virtual void on_open(SessionIndex session) = 0;
    /// It is one too many, `why`, and to be closed.
    virtual void on_refused(SessionIndex session, ErrorCode why) = 0;
    /// A whole message, followed by kInputPadding readable bytes. Lives as long as the call.
    virtual void on_text(SessionIndex session, std::string_view message) = 0;
    virtual void on_binary(SessionIndex session, std::string_view message) = 0;
    /// It broke a rule; it is closed with this code when the call returns.
    virtual void on_violation(SessionIndex session, CloseCode code, std::string_view reason) = 0;
    /// It is open no more, for whatever reason: it gets nothing and is not heard again.
    virtual void on_closing(SessionIndex session) = 0;

    // What becomes of what it is due.

    /// A message that has a subscription was not put into its output.
    virtual void on_missed(SessionIndex session, TurnOutput::Entry message) = 0;
    /// After that: its socket takes no more for now. Until on_drained it is to be owed nothing and is not read.
    virtual void on_blocked(SessionIndex session) = 0;
    virtual void on_drained(SessionIndex session) = 0;
    /// Or: its socket takes more, but it was due more than its share of a turn.
    virtual void on_behind(SessionIndex session) = 0;
    /// It is blocked and has taken nothing for too long; to be closed.
    virtual void on_slow(SessionIndex session) = 0;
    /// What a heartbeat says beside its ping: a message's text; none if it stays empty.
    virtual void append_heartbeat(std::string& text) = 0;

    /// Many have left, and memory is given back: no session has an index from `places` on.
    virtual void on_shrunk(std::size_t places) = 0;
};

}  // namespace tickgate::gateway
