#include "tools/load/load_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/client/json_fields.hpp"

namespace tickgate::load {

namespace {

using client::flag_field;
using client::json_quoted;
using client::number_field;
using client::text_field;

// Ids of requests: subscriptions count from 1, resyncs from here, so an answer says by itself what it is about.
constexpr std::uint64_t kFirstResync = 1'000'000;
constexpr std::chrono::milliseconds kReconnectDelay{200};
constexpr std::uint64_t kDefaultRetryMs = 500;

constexpr std::uint16_t kAbnormal = 1006;
constexpr std::uint16_t kSlowClient = 4408;

}  // namespace

std::uint32_t Epochs::number_of(std::string_view epoch) {
    const auto [entry, is_new] = numbers_.try_emplace(std::string{epoch}, static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.emplace_back(epoch);
    return entry->second;
}

LoadClient::LoadClient(LoadContext& context, std::uint32_t number, const ClientRole& role)
    : context_{context},
      connection_{context.wires, *this},
      symbols_{context.workload.symbols_of(number)},
      subscriptions_(symbols_.size()),
      number_{number},
      role_{role} {
    by_sid_.reserve(symbols_.size());
    if (role.verifies_books) checker_ = std::make_unique<BookChecker>(context.parser, symbols_.size());
}

void LoadClient::connect() {
    connection_.connect(number_, role_.receive_buffer);
}

void LoadClient::break_off() {
    connection_.break_off();
    leave();
}

// What was verified is kept, to be resumed; where the chain was broken only a snapshot helps.
void LoadClient::leave() {
    if (is_settled()) --context_.settled;
    context_.subscriptions -= by_sid_.size();
    std::erase_if(context_.retries, [this](const Retry& retry) { return retry.client == number_; });
    for (Subscription& subscription : subscriptions_) {
        if (subscription.sid != 0 && !subscription.has_data) --context_.without_data;
        if (subscription.state != State::Held) subscription.state = State::Nothing;
        subscription.sid = 0;
        subscription.has_data = false;
    }
    by_sid_.clear();
    welcomed_ = false;
    unsettled_ = 0;
}

void LoadClient::append_positions(std::vector<HeldPosition>& out) const {
    for (const Subscription& held : subscriptions_) {
        if (held.sid != 0 && held.state == State::Held) out.push_back({held.sid, held.epoch, held.seq});
    }
}

// ---- what the connection tells

void LoadClient::on_secured(bool resumed) {
    context_.tally.add(resumed ? Count::TlsResumed : Count::TlsFull);
}

void LoadClient::on_open() {
    context_.connects.done();
}

void LoadClient::on_refused(std::string_view why, Refusal refusal) {
    context_.connects.done();
    context_.tally.add(Count::ConnectErrors);
    context_.remark(fmt::format("client {}: {}", number_, why));
    if (refusal == Refusal::ForGood) {
        ++context_.given_up;
    } else {
        context_.connects.add(number_, Clock::now() + kReconnectDelay);
    }
}

// A slow reader may find only the broken connection where the server's close frame did not fit into its buffer any
// more.
void LoadClient::on_close(std::uint16_t code) {
    const bool expected = role_.slow && (code == kSlowClient || code == kAbnormal);
    context_.tally.add(Count::Closes);
    context_.tally.add(expected ? Count::SlowCloses : Count::UnexpectedCloses);
    ++context_.close_codes[code];
    if (!expected) context_.remark(fmt::format("client {}: closed with {}", number_, code));
    const bool was_settled = is_settled();
    leave();
    if (!was_settled) context_.connects.add(number_, Clock::now() + kReconnectDelay);
}

void LoadClient::on_text(std::string_view text, std::uint64_t received) {
    const MessageHead head = read_head(text);
    switch (head.type) {
        case MessageType::Delta:
        case MessageType::Snapshot:
        case MessageType::Bbo:
        case MessageType::Trades:
            return on_data(head, text, received);
        case MessageType::Unreadable:
            context_.tally.add(Count::Unreadable);
            return context_.remark(fmt::format("client {}: unreadable message: {}", number_, text.substr(0, 200)));
        case MessageType::Lag:
            return context_.tally.add(Count::Lags);
        case MessageType::Other:
            return;
        default:
            return on_control(head.type, text);
    }
}

// ---- data

void LoadClient::on_data(const MessageHead& head, std::string_view text, std::uint64_t received) {
    ++deliveries_;
    bytes_ += text.size();
    Subscription* subscription = find(head.sid);
    if (!subscription || !head.seq) return context_.tally.add(Count::Strays);
    // The first message leads to the present from wherever the client was, and a snapshot may be as old as the last
    // change: both were made for somebody else before, so their age is no latency.
    const bool is_tick = subscription->has_data && head.type != MessageType::Snapshot;
    if (is_tick && context_.measuring && !role_.slow && head.ts) {
        context_.latency.record(received > *head.ts ? received - *head.ts : 0);
    }
    if (!subscription->has_data) on_first_data(*subscription, received);
    if (head.type == MessageType::Delta) return on_delta(*subscription, head, text);
    if (head.type == MessageType::Snapshot) return on_snapshot(*subscription, head, text);
    if (head.type == MessageType::Bbo) return on_bbo(*subscription, head);
    on_trades(*subscription, head);
}

void LoadClient::on_first_data(Subscription& subscription, std::uint64_t received) noexcept {
    subscription.has_data = true;
    --context_.without_data;
    context_.last_first_data = received;
}

void LoadClient::on_snapshot(Subscription& subscription, const MessageHead& head, std::string_view text) {
    context_.tally.add(Count::Snapshots);
    const bool was_awaited = subscription.state == State::Awaiting;
    subscription.state = State::Held;
    subscription.seq = *head.seq;
    subscription.epoch = context_.epochs.number_of(head.epoch);
    verify(subscription, text);
    if (was_awaited) settle_one();
}

void LoadClient::on_delta(Subscription& subscription, const MessageHead& head, std::string_view text) {
    context_.tally.add(Count::Deltas);
    if (subscription.state == State::Healing) return;
    if (subscription.state != State::Held || head.prev != subscription.seq) {
        context_.tally.add(Count::PrevBreaks);
        context_.remark(fmt::format("client {}: prev break: {} is at {}, the delta continues {}", number_,
                                    context_.workload.symbol(symbols_[index_of(subscription)]), subscription.seq,
                                    head.prev.value_or(0)));
        return heal(subscription);
    }
    subscription.seq = *head.seq;
    verify(subscription, text);
}

void LoadClient::on_bbo(Subscription& subscription, const MessageHead& head) {
    context_.tally.add(Count::Bbos);
    subscription.seq = *head.seq;
    subscription.epoch = context_.epochs.number_of(head.epoch);
    subscription.state = State::Held;
}

// Nothing heals lost trades: a break is counted, and the position goes on from here.
void LoadClient::on_trades(Subscription& subscription, const MessageHead& head) {
    context_.tally.add(Count::Trades);
    if (subscription.state == State::Held && head.prev != subscription.seq) {
        context_.tally.add(Count::PrevBreaks);
        context_.remark(fmt::format("client {}: prev break: trades are at {}, the message continues {}", number_,
                                    subscription.seq, head.prev.value_or(0)));
    }
    subscription.seq = *head.seq;
    subscription.epoch = context_.epochs.number_of(head.epoch);
    subscription.state = State::Held;
}

void LoadClient::verify(Subscription& subscription, std::string_view text) {
    if (!checker_) return;
    if (checker_->apply(index_of(subscription), text)) return context_.tally.add(Count::CkVerified);
    context_.tally.add(Count::CkFailures);
    context_.remark(
        fmt::format("client {}: checksum failure at {}: {}", number_, subscription.seq, text.substr(0, 200)));
    heal(subscription);
}

void LoadClient::heal(Subscription& subscription) {
    subscription.state = State::Healing;
    connection_.send_text(
        fmt::format(R"({{"op":"resync","id":{},"sid":{}}})", kFirstResync + index_of(subscription), subscription.sid));
}

// ---- session

void LoadClient::on_control(MessageType type, std::string_view text) {
    Element message;
    if (context_.parser.parse(text.data(), text.size()).get(message) != simdjson::SUCCESS) {
        return context_.tally.add(Count::Unreadable);
    }
    if (type == MessageType::Welcome) return on_welcome(message);
    if (type == MessageType::Ack) return on_ack(message);
    if (type == MessageType::Error) return on_error(message);
    on_gap(message);
}

void LoadClient::on_welcome(const Element& message) {
    Element limits;
    if (message.at_key("limits").get(limits) == simdjson::SUCCESS) {
        context_.symbols_per_op = std::max<std::size_t>(1, number_field(limits, "symbols_per_op").value_or(200));
    }
    const std::size_t chunks = (symbols_.size() + context_.symbols_per_op - 1) / context_.symbols_per_op;
    welcomed_ = true;
    unsettled_ = static_cast<std::uint32_t>(chunks);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) subscribe(chunk);
}

void LoadClient::subscribe(std::size_t chunk) {
    const std::size_t from = chunk * context_.symbols_per_op;
    const std::size_t to = std::min(symbols_.size(), from + context_.symbols_per_op);
    std::string names;
    std::string positions;
    for (std::size_t i = from; i < to; ++i) {
        names.append(names.empty() ? "" : ",").append(json_quoted(context_.workload.symbol(symbols_[i])));
        const std::string position = resume_position(i);
        if (!position.empty()) positions.append(positions.empty() ? "" : ",").append(position);
    }
    const Wish& wish = context_.workload.wish_of(number_);
    std::string op =
        fmt::format(R"({{"op":"subscribe","id":{},"channel":"{}","symbols":[{}])", chunk + 1, wish.channel, names);
    if (wish.depth) op += fmt::format(R"(,"depth":{})", *wish.depth);
    if (wish.rate_ms) op += fmt::format(R"(,"rate_ms":{})", *wish.rate_ms);
    if (!positions.empty()) op += fmt::format(R"(,"resume":{{{}}})", positions);
    connection_.send_text(op + '}');
}

// A bbo needs none: each message is complete in itself.
std::string LoadClient::resume_position(std::size_t index) const {
    const Subscription& held = subscriptions_[index];
    const Wish& wish = context_.workload.wish_of(number_);
    if (held.state != State::Held || held.epoch == 0 || wish.channel == "bbo") return {};
    const std::string depth = wish.channel == "book" ? fmt::format(R"(,"depth":{})", held.depth) : "";
    return fmt::format(R"({}:{{"epoch":{},"seq":{}{}}})", json_quoted(context_.workload.symbol(symbols_[index])),
                       json_quoted(context_.epochs.text_of(held.epoch)), held.seq, depth);
}

void LoadClient::on_ack(const Element& message) {
    const std::uint64_t id = number_field(message, "id").value_or(0);
    if (id >= kFirstResync) return;
    for (const Element granted : client::array_field(message, "ok")) {
        if (granted.is_object()) on_granted(granted);
    }
    for (const Element refused : client::array_field(message, "err")) {
        context_.tally.add(Count::Errors);
        context_.remark(fmt::format("{}: {}", text_field(refused, "symbol"), text_field(refused, "code")));
    }
    settle_one();
}

void LoadClient::on_granted(const Element& granted) {
    const std::optional<std::uint32_t> symbol = context_.workload.index_of(text_field(granted, "symbol"));
    const auto place = symbol ? std::ranges::find(symbols_, *symbol) : symbols_.end();
    const auto sid = static_cast<std::uint32_t>(number_field(granted, "sid").value_or(0));
    if (place == symbols_.end() || sid == 0) return context_.tally.add(Count::Strays);
    const auto index = static_cast<std::uint32_t>(place - symbols_.begin());
    by_sid_.insert(std::ranges::upper_bound(by_sid_, std::pair{sid, index}), {sid, index});
    ++context_.subscriptions;
    ++context_.without_data;

    Subscription& subscription = subscriptions_[index];
    subscription.sid = sid;
    subscription.depth = static_cast<std::uint32_t>(number_field(granted, "depth").value_or(0));
    const std::string_view why = text_field(granted, "why");
    if (why == "resume_expired") context_.tally.add(Count::ResumeExpired);
    if (why == "epoch_changed") context_.tally.add(Count::EpochChanged);
    if (why == "busy") context_.tally.add(Count::Busy);
    if (flag_field(granted, "resumed")) return context_.tally.add(Count::Resumed);
    const bool is_book = context_.workload.wish_of(number_).channel == "book";
    subscription.state = is_book ? State::Awaiting : State::Nothing;
    if (is_book) ++unsettled_;
}

void LoadClient::on_error(const Element& message) {
    const std::uint64_t id = number_field(message, "id").value_or(0);
    if (id != 0 && flag_field(message, "temporary")) {
        context_.tally.add(Count::Retries);
        const std::uint64_t named_ms = number_field(message, "retry_ms").value_or(0);
        const std::chrono::milliseconds delay{named_ms > 0 ? named_ms : kDefaultRetryMs};
        return context_.retries.push_back({Clock::now() + delay, number_, id});
    }
    if (text_field(message, "code") == "slow_client") return;  // the close that follows is counted
    context_.tally.add(Count::Errors);
    context_.remark(
        fmt::format("client {}: {}: {}", number_, text_field(message, "code"), text_field(message, "message")));
    if (id != 0 && id < kFirstResync) settle_one();
}

void LoadClient::retry(std::uint64_t id) {
    if (!welcomed_) return;
    if (id < kFirstResync) return subscribe(id - 1);
    Subscription& subscription = subscriptions_[id - kFirstResync];
    if (subscription.state == State::Healing) heal(subscription);
}

void LoadClient::on_gap(const Element& message) {
    context_.tally.add(Count::Gaps);
    Subscription* subscription = find(number_field(message, "sid").value_or(0));
    const std::optional<std::uint64_t> to = number_field(message, "to");
    if (!subscription || !to) return context_.tally.add(Count::Strays);
    subscription->seq = *to;
    subscription->state = State::Held;
}

void LoadClient::settle_one() {
    if (unsettled_ == 0 || --unsettled_ > 0) return;
    ++context_.settled;
    if (role_.slow) connection_.stop_reading();
}

LoadClient::Subscription* LoadClient::find(std::uint64_t sid) noexcept {
    const auto found = std::ranges::lower_bound(by_sid_, sid, {}, [](const auto& entry) { return entry.first; });
    if (found == by_sid_.end() || found->first != sid) return nullptr;
    return &subscriptions_[found->second];
}

std::size_t LoadClient::index_of(const Subscription& subscription) const noexcept {
    return static_cast<std::size_t>(&subscription - subscriptions_.data());
}

}  // namespace tickgate::load
