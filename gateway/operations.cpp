#include "gateway/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/json_text.hpp"

namespace tickgate::gateway {
namespace {

constexpr std::uint32_t kToken = 1'000;
// What a client may ask at once after a pause: some seconds' worth, as a dashboard does when it opens.
constexpr std::uint32_t kBurstSeconds = 5;
// A snapshot on demand costs the others something.
constexpr std::uint32_t kResyncTokens = 4 * kToken;
constexpr std::uint8_t kMaxBadJson = 3;
constexpr std::uint8_t kMaxRefusedInARow = 20;
// Finding near names looks at all symbols: for a few wrong names of one operation only.
constexpr int kNearNamesPerOp = 5;
constexpr std::uint32_t kNotReadyRetryMs = 1'000;

/// What all streams of a request are alike in.
StreamKey key_of(const Request& request) {
    StreamKey key{.channel = request.channel};
    if (key.channel == Channel::Book) key.depth = static_cast<std::uint16_t>(request.depth.value_or(kDefaultDepth));
    key.rate_ms = static_cast<std::uint16_t>(request.rate_ms.value_or(default_rate_ms(request.channel)));
    return key;
}

void append_unknown_symbol(std::string& out, std::string_view name, const std::vector<std::string_view>& near) {
    if (!out.empty()) out += ',';
    out += R"({"symbol":)";
    append_json_string(out, name);
    out += R"(,"code":"unknown_symbol","near":[)";
    for (const std::string_view symbol : near) {
        if (symbol != near.front()) out += ',';
        append_json_string(out, symbol);
    }
    out += "]}";
}

}  // namespace

Operations::Outcome Operations::handle(SessionIndex index, std::string_view message) {
    Session& session = shard_.sessions[index];
    shard_.metrics.messages_in.add();
    if (const std::optional<RequestError> error = parser_.parse(message, request_)) {
        if (!take_tokens(session, Op::Ping)) return refuse_rate(index, error->id);
        return refuse(index, *error);
    }
    if (!take_tokens(session, request_.op)) return refuse_rate(index, request_.id);
    session.refused_in_a_row = 0;
    carry_out(index);
    return Outcome::Done;
}

bool Operations::take_tokens(Session& session, Op op) {
    const std::uint64_t full = std::uint64_t{shard_.options.limits.ops_per_s} * kBurstSeconds * kToken;
    const std::uint64_t earned = (shard_.transport.now_ms() - session.tokens_ms) * shard_.options.limits.ops_per_s;
    session.op_tokens = static_cast<std::uint32_t>(std::min(full, session.op_tokens + earned));
    session.tokens_ms = shard_.transport.now_ms();
    const std::uint32_t price = op == Op::Resync ? kResyncTokens : kToken;
    if (session.op_tokens < price) return false;
    session.op_tokens -= price;
    return true;
}

Operations::Outcome Operations::refuse(SessionIndex index, const RequestError& error) {
    Session& session = shard_.sessions[index];
    shard_.send_error(index, {.code = error.code, .message = error.message, .field = error.field, .id = error.id});
    if (error.code != ErrorCode::BadJson || ++session.bad_json < kMaxBadJson) return Outcome::Done;
    last_error_ = ErrorCode::BadJson;
    return Outcome::TooMany;
}

Operations::Outcome Operations::refuse_rate(SessionIndex index, std::string_view id) {
    Session& session = shard_.sessions[index];
    const std::uint32_t retry_ms = std::max(1'000 / std::max(shard_.options.limits.ops_per_s, 1U), 1U);
    shard_.send_error(index, {.code = ErrorCode::RateLimited,
                              .message = "too many operations",
                              .field = {},
                              .id = id,
                              .retry_ms = retry_ms});
    if (++session.refused_in_a_row < kMaxRefusedInARow) return Outcome::Done;
    last_error_ = ErrorCode::RateLimited;
    return Outcome::TooMany;
}

void Operations::carry_out(SessionIndex index) {
    std::string& text = shard_.text;
    text.clear();
    switch (request_.op) {
        case Op::Hello:
            shard_.transport.set_takes_arrays(index, request_.batch);
            append_ack(text, request_.id);
            shard_.transport.send_text(index, text);
            break;
        case Op::Ping:
            append_pong(text, request_.id, shard_.transport.now());
            shard_.transport.send_text(index, text);
            break;
        case Op::Subscribe:
            subscribe(index);
            break;
        case Op::Modify:
            modify(index);
            break;
        case Op::Unsubscribe:
            unsubscribe(index);
            break;
        case Op::Resync:
            resync(index);
            break;
        case Op::List:
            list(index);
            break;
        case Op::Symbols:
            list_symbols(index);
            break;
    }
}

void Operations::subscribe(SessionIndex index) {
    if (shard_.symbols.size() == 0) {
        return shard_.send_error(index, {.code = ErrorCode::NotReady,
                                         .message = "no symbol is known yet",
                                         .field = {},
                                         .id = request_.id,
                                         .retry_ms = kNotReadyRetryMs});
    }
    const Session& session = shard_.sessions[index];
    const std::uint32_t limit = shard_.options.limits.subscriptions;
    std::unique_ptr<PendingOp> op = make_op(index);
    WishList wishes = wish_list(session, limit - session.subscriptions);
    int near_budget = kNearNamesPerOp;
    for (const std::string& name : request_.symbols) {
        add_wishes(wishes, name, op->errors, near_budget);
        if (wishes.is_too_long()) return refuse_subscriptions(index, wishes.new_ones());
    }
    set_resume_points(wishes);
    op->wishes = wishes.take();
    start(std::move(op), 0, false);
}

void Operations::refuse_subscriptions(SessionIndex index, std::size_t at_least) {
    const std::string message =
        fmt::format("limit {}, held {}, asked for {} or more", shard_.options.limits.subscriptions,
                    shard_.sessions[index].subscriptions, at_least);
    shard_.send_error(index,
                      {.code = ErrorCode::LimitSubscriptions, .message = message, .field = {}, .id = request_.id});
}

WishList Operations::wish_list(const Session& session, std::size_t room) const {
    WishList wishes{key_of(request_), room};
    shard_.subscriptions.for_each_of(session.first_subscription, [&](SubscriptionIndex held) {
        const Subscription& subscription = shard_.subscriptions[held];
        wishes.hold(shard_.subscriptions.stream_of(subscription).key, subscription.sid);
    });
    return wishes;
}

void Operations::add_wishes(WishList& wishes, std::string_view name, std::string& errors, int& near_budget) {
    const auto add = [&](book::InstrumentId instrument) {
        shard_.metrics.symbols_wished.add();
        wishes.add(instrument);
    };
    if (name.find('*') != std::string_view::npos) {
        for (const book::InstrumentId instrument : shard_.symbols.match(name)) {
            if (wishes.is_too_long()) return;
            add(instrument);
        }
        return;
    }
    if (const std::optional<book::InstrumentId> instrument = shard_.symbols.find(name)) return add(*instrument);
    append_unknown_symbol(errors, name,
                          near_budget-- > 0 ? shard_.symbols.near(name) : std::vector<std::string_view>{});
}

void Operations::set_resume_points(WishList& wishes) {
    if (request_.channel == Channel::Bbo) return;
    for (std::uint32_t i = 0; i < request_.resume.size(); ++i) {
        const std::optional<book::InstrumentId> instrument = shard_.symbols.find(request_.resume[i].symbol);
        WishedStream* const wish = instrument ? wishes.find(*instrument) : nullptr;
        if (wish == nullptr || wish->held) continue;
        wish->resumes = true;
        wish->since = Position{request_.resume[i].seq};
        wish->point = i;
    }
}

void Operations::modify(SessionIndex index) {
    const Session& session = shard_.sessions[index];
    const SubscriptionIndex held = shard_.find_subscription(session, request_.sid);
    if (held == kNoIndex) return not_subscribed(index, "sid");
    const StreamKey old = shard_.subscriptions.stream_of(shard_.subscriptions[held]).key;
    std::unique_ptr<PendingOp> op = make_op(index);
    op->was = request_.sid;
    request_.channel = old.channel;
    if (!request_.depth) request_.depth = old.depth;
    if (!request_.rate_ms) request_.rate_ms = old.rate_ms;
    WishList wishes = wish_list(session, 1);
    wishes.add(old.instrument);
    op->wishes = wishes.take();
    WishedStream& wish = op->wishes.front();
    if (!wish.held) {
        wish.since = shard_.subscriptions.position(held);
        wish.resumes = !wish.since.is_nothing();
        wish.status_told = shard_.subscriptions[held].status_told;
    }
    // The old stream ends now, so that the position stays what the new one goes on from.
    const bool same = wish.sid == request_.sid;
    start(std::move(op), old.depth, true);
    if (!same) shard_.unsubscribe(index, held);
}

void Operations::unsubscribe(SessionIndex index) {
    std::string ended;
    std::string errors;
    for (const std::uint32_t sid : request_.sids) {
        const SubscriptionIndex held = shard_.find_subscription(shard_.sessions[index], sid);
        if (held == kNoIndex) {
            fmt::format_to(std::back_inserter(errors), R"({}{{"sid":{},"code":"not_subscribed"}})",
                           errors.empty() ? "" : ",", sid);
            continue;
        }
        shard_.unsubscribe(index, held);
        fmt::format_to(std::back_inserter(ended), "{}{}", ended.empty() ? "" : ",", sid);
    }
    shard_.transport.send_text(
        index, fmt::format(R"({{"type":"ack","id":{},"ok":[{}],"err":[{}]}})", request_.id, ended, errors));
}

void Operations::resync(SessionIndex index) {
    const SubscriptionIndex held = shard_.find_subscription(shard_.sessions[index], request_.sid);
    if (held == kNoIndex) return not_subscribed(index, "sid");
    append_ack(shard_.text, request_.id);
    shard_.transport.send_text(index, shard_.text);
    shard_.subscriptions.restart(held, static_cast<std::uint32_t>(shard_.transport.now_ms()));
    shard_.subscriptions[held].asked = true;
    Command question;
    question.kind = Command::Kind::CatchUp;
    question.sid = request_.sid;
    shard_.command(question);
}

void Operations::list(SessionIndex index) {
    std::string& text = shard_.text;
    fmt::format_to(std::back_inserter(text), R"({{"type":"ack","id":{},"subs":[)", request_.id);
    const char* separator = "";
    shard_.subscriptions.for_each_of(shard_.sessions[index].first_subscription, [&](SubscriptionIndex held) {
        const Subscription& subscription = shard_.subscriptions[held];
        const StreamKey& key = shard_.subscriptions.stream_of(subscription).key;
        fmt::format_to(std::back_inserter(text), R"({}{{"sid":{},"channel":"{}","symbol":)", separator,
                       subscription.sid, name_of(key.channel));
        append_json_string(text, shard_.symbols[key.instrument].instrument->symbol);
        if (key.channel == Channel::Book) fmt::format_to(std::back_inserter(text), R"(,"depth":{})", key.depth);
        fmt::format_to(std::back_inserter(text), R"(,"rate_ms":{},"seq":)", key.rate_ms);
        const Position position = shard_.subscriptions.position(held);
        text += position.is_nothing() ? "null" : std::to_string(position.sequence().value());
        text += '}';
        separator = ",";
    });
    text += "]}";
    shard_.transport.send_text(index, text);
}

void Operations::list_symbols(SessionIndex index) {
    std::string& text = shard_.text;
    fmt::format_to(std::back_inserter(text), R"({{"type":"ack","id":{},"symbols":[)", request_.id);
    const char* separator = "";
    for (const book::InstrumentId instrument : shard_.symbols.match(request_.match)) {
        text += separator;
        append_symbol(text, shard_.symbols[instrument]);
        separator = ",";
    }
    text += "]}";
    shard_.transport.send_text(index, text);
}

// Through the book agent

std::unique_ptr<PendingOp> Operations::make_op(SessionIndex session) const {
    auto op = std::make_unique<PendingOp>();
    op->session = session;
    op->id = request_.id;
    return op;
}

void Operations::start(std::unique_ptr<PendingOp> op, std::uint32_t held_depth, bool own_position) {
    const bool all_held =
        std::all_of(op->wishes.begin(), op->wishes.end(), [](const WishedStream& wish) { return wish.held; });
    if (all_held) return finish(*op);
    const auto free = std::find(shard_.ops.begin(), shard_.ops.end(), nullptr);
    const auto token = static_cast<std::uint32_t>(free - shard_.ops.begin());
    Command command;
    command.session = token;
    for (std::size_t i = 0; i < op->wishes.size(); ++i) {
        const WishedStream& wish = op->wishes[i];
        if (wish.held) continue;
        command.kind = Command::Kind::Join;
        command.key = wish.key;
        command.subscription = static_cast<std::uint32_t>(i);
        command.resumes = wish.resumes;
        command.since = wish.since;
        command.own_position = own_position;
        command.held_depth = held_depth;
        if (wish.resumes && !own_position) {
            const ResumePoint& point = request_.resume[wish.point];
            command.epoch = EpochName{point.epoch};
            command.held_depth = point.depth.value_or(wish.key.depth);
        }
        shard_.command(command);
    }
    command.kind = Command::Kind::OpDone;
    shard_.command(command);
    shard_.sessions[op->session].op = token;
    if (free == shard_.ops.end()) {
        shard_.ops.push_back(std::move(op));
    } else {
        *free = std::move(op);
    }
}

void Operations::on_joined(const ShardRecord& record) {
    WishedStream& wish = shard_.ops[record.session]->wishes[record.subscription];
    wish.sid = record.sid;
    wish.since = record.since;
    wish.refusal = record.refusal;
}

SessionIndex Operations::on_op_done(const ShardRecord& record) {
    const std::unique_ptr<PendingOp> op = std::move(shard_.ops[record.session]);
    if (op->session == kNoIndex) {
        for (const WishedStream& wish : op->wishes) {
            if (wish.held) continue;
            Command leave;
            leave.kind = Command::Kind::Leave;
            leave.sid = wish.sid;
            shard_.command(leave);
        }
        return kNoIndex;
    }
    shard_.sessions[op->session].op = kNoIndex;
    finish(*op);
    return op->session;
}

void Operations::finish(PendingOp& op) {
    std::string& text = shard_.text;
    text.clear();
    fmt::format_to(std::back_inserter(text), R"({{"type":"ack","id":{},"ok":[)", op.id);
    for (const WishedStream& wish : op.wishes) {
        if (&wish != &op.wishes.front()) text += ',';
        append_acked_stream(text, {.sid = wish.sid,
                                   .key = wish.key,
                                   .symbol = shard_.symbols[wish.key.instrument].instrument->symbol,
                                   // A modify moves the book held; resuming is about one from an earlier connection.
                                   .resumed = op.was == 0 && wish.resumes && wish.refusal == ResumeRefusal::None,
                                   .refusal = wish.refusal,
                                   .was = op.was});
    }
    fmt::format_to(std::back_inserter(text), R"(],"err":[{}]}})", op.errors);
    shard_.transport.send_text(op.session, text);
    tell_states(op);
    attach(op);
}

void Operations::tell_states(const PendingOp& op) {
    for (const WishedStream& wish : op.wishes) {
        const SymbolTable::Entry& symbol = shard_.symbols[wish.key.instrument];
        // While a modify is carried out its session may hold nothing of the symbol, and is not told of a change.
        const bool missed_one = wish.status_told && *wish.status_told != symbol.status.changes;
        if (wish.held || (symbol.status.state == book::SymbolState::Live && !missed_one)) continue;
        shard_.text.clear();
        append_status(shard_.text, symbol.instrument->symbol, symbol.status);
        shard_.transport.send_text(op.session, shard_.text);
    }
}

void Operations::attach(PendingOp& op) {
    Session& session = shard_.sessions[op.session];
    for (const WishedStream& wish : op.wishes) {
        if (wish.held) continue;
        const SubscriptionIndex added =
            shard_.subscriptions.add(op.session, wish.key, wish.sid, wish.since, session.first_subscription);
        shard_.subscriptions[added].status_told = shard_.symbols[wish.key.instrument].status.changes;
        shard_.subscriptions[added].waits_since = static_cast<std::uint32_t>(shard_.transport.now_ms());
        ++session.subscriptions;
        shard_.metrics.subscriptions.add(1);
    }
}

void Operations::not_subscribed(SessionIndex session, std::string_view field) {
    shard_.send_error(session, {.code = ErrorCode::NotSubscribed,
                                .message = "this session has no such subscription",
                                .field = field,
                                .id = request_.id});
}

}  // namespace tickgate::gateway
