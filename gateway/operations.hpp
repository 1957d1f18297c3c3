#pragma once

#include "gateway/request.hpp"
#include "gateway/shard_state.hpp"
#include "gateway/wish_list.hpp"

namespace tickgate::gateway {

/// Carries out what clients ask. Each operation is answered by one ack, pong or error, in the order asked: while the
/// book agent works on one for a session (Session::op), the next is not read. Runs at the start of a turn, when no data
/// message is owed yet, so that a subscription's position is what its client has been sent. Thread: the shard's.
class Operations {
public:
    explicit Operations(ShardState& shard) : shard_{shard}, parser_{shard.options.limits} {}

    enum class Outcome : std::uint8_t {
        Done,     ///< answered, or to be answered when the book agent has
        TooMany,  ///< one refusal too many: the session is to be closed with what `last_error` says
    };
    /// One text message of an open session without an operation under way; followed by kRequestPadding bytes.
    [[nodiscard]] Outcome handle(SessionIndex session, std::string_view message);
    [[nodiscard]] ErrorCode last_error() const noexcept { return last_error_; }

    /// What the book agent answers.
    void on_joined(const ShardRecord& record);
    /// Sends the ack. Returns the session, which may be read again; kNoIndex when it has left.
    SessionIndex on_op_done(const ShardRecord& record);

private:
    [[nodiscard]] bool take_tokens(Session& session, Op op);
    Outcome refuse(SessionIndex session, const RequestError& error);
    Outcome refuse_rate(SessionIndex session, std::string_view id);
    void carry_out(SessionIndex session);

    void subscribe(SessionIndex session);
    void refuse_subscriptions(SessionIndex session, std::size_t at_least);
    [[nodiscard]] WishList wish_list(const Session& session, std::size_t room) const;
    void add_wishes(WishList& wishes, std::string_view name, std::string& errors, int& near_budget);
    void set_resume_points(WishList& wishes);
    void modify(SessionIndex session);
    void unsubscribe(SessionIndex session);
    void resync(SessionIndex session);
    void list(SessionIndex session);
    void list_symbols(SessionIndex session);

    [[nodiscard]] std::unique_ptr<PendingOp> make_op(SessionIndex session) const;
    void start(std::unique_ptr<PendingOp> op, std::uint32_t held_depth, bool own_position);
    void finish(PendingOp& op);
    void attach(PendingOp& op);
    void tell_states(const PendingOp& op);
    void not_subscribed(SessionIndex session, std::string_view field);

    ShardState& shard_;
    RequestParser parser_;
    Request request_;  // the one at hand
    ErrorCode last_error_ = ErrorCode::Internal;
};

}  // namespace tickgate::gateway
