// The half of Mirror that takes what comes, and holds it against the truth.
#include "tests/gateway/mirror.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>

#include <stdexcept>

namespace tickgate::test {
namespace {

using book::SymbolState;
using gateway::Channel;
using simdjson::dom::element;

template <typename... Args>
void require(bool holds, fmt::format_string<Args...> format, Args&&... args) {
    if (!holds) throw std::runtime_error{fmt::format(format, std::forward<Args>(args)...)};
}

std::uint64_t number(const element& json, std::string_view key) {
    return json[key].get_uint64().value();
}

std::string text(const element& json, std::string_view key) {
    return std::string{json[key].get_string().value()};
}

bool has(const element& json, std::string_view key) {
    return json[key].error() == simdjson::SUCCESS;
}

/// Our own writing of a decimal, as the protocol wants it.
std::string decimal(std::int64_t mantissa, unsigned scale) {
    std::string digits = std::to_string(mantissa < 0 ? -mantissa : mantissa);
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    if (scale > 0) digits.insert(digits.size() - scale, ".");
    return (mantissa < 0 ? "-" : "") + digits;
}

std::string quantity_text(std::int64_t mantissa, unsigned scale) {
    return mantissa == 0 ? "0" : decimal(mantissa, scale);
}

/// The number of a text that must be exactly as we would write it.
std::int64_t mantissa(std::string_view text, unsigned scale, bool is_quantity) {
    std::string digits{text};
    std::erase(digits, '.');
    const std::int64_t value = std::stoll(digits);
    require((is_quantity ? quantity_text(value, scale) : decimal(value, scale)) == text, "badly written decimal {}",
            text);
    return value;
}

void cut(TruthSide& side, std::uint32_t depth) {
    while (depth != 0 && side.size() > depth) side.erase(std::prev(side.end()));
}

/// Sets and removes the levels of a message, each price once, the best first.
void apply(TruthSide& side, const element& levels, bool is_bid, book::Scales scales) {
    std::optional<std::int64_t> before;
    for (const element level : levels.get_array()) {
        const std::int64_t price = mantissa(level.at(0).get_string().value(), scales.price, false);
        const std::int64_t quantity = mantissa(level.at(1).get_string().value(), scales.quantity, true);
        const std::int64_t rank = is_bid ? -price : price;
        require(!before || *before < rank, "levels are not the best first");
        before = rank;
        side.erase(rank);
        if (quantity != 0) side.emplace(rank, quantity);
    }
}

std::string checksum_text(const TruthSide& side, bool is_bid, book::Scales scales) {
    std::string all;
    int count = 0;
    for (const auto& [rank, quantity] : side) {
        if (count++ == 10) break;
        if (!all.empty()) all += ',';
        all += decimal(is_bid ? -rank : rank, scales.price) + ':' + quantity_text(quantity, scales.quantity);
    }
    return all;
}

std::uint64_t checksum(const HeldStream& held, book::Scales scales) {
    const std::string all = checksum_text(held.bids, true, scales) + '|' + checksum_text(held.asks, false, scales);
    return ::crc32(0, reinterpret_cast<const Bytef*>(all.data()), static_cast<uInt>(all.size()));
}

std::string show(const TruthSide& side) {
    std::string all;
    for (const auto& [rank, quantity] : side) all += fmt::format(" {}:{}", rank, quantity);
    return all;
}

}  // namespace

void Mirror::read(std::size_t most) {
    for (const std::string& message : connection_->receive(most)) {
        try {
            take(message);
        } catch (const std::exception& breach) {
            throw std::runtime_error{fmt::format("{}\n  on {}", breach.what(), message)};
        }
    }
    if (!connection_->has_ended() && !connection_->close_code()) return;
    ++seen_["closed " + std::to_string(connection_->close_code().value_or(1006))];
    disconnect(false, true);
}

void Mirror::take(const std::string& text_of_message) {
    simdjson::dom::parser parser;
    const element message = parser.parse(text_of_message);
    const std::string type = text(message, "type");
    require(welcomed_ == (type != "welcome"), "the welcome comes first, once");
    welcomed_ = true;
    ++seen_[type];
    if (type == "ack") return take_ack(message);
    if (type == "error") return take_error(message);
    if (type == "pong") return take_ack(message);
    if (type == "snapshot") return take_snapshot(message);
    if (type == "delta") return take_delta(message);
    if (type == "bbo") return take_bbo(message);
    if (type == "trades") return take_trades(message);
    if (type == "gap") return take_gap(message);
    if (type == "status") return take_status(message);
    if (type == "lag") return take_lag(message);
    require(type == "welcome", "unexpected type");
}

void Mirror::take_ack(const element& message) {
    require(!pending_.empty() && pending_.front().first == number(message, "id"), "not the answer that is next");
    const Pending op = std::move(pending_.front().second);
    pending_.pop_front();
    switch (op.kind) {
        case Pending::Kind::Plain:
            return;
        case Pending::Kind::BadSubscribe:
            return require(false, "an ack for what was wrong");
        case Pending::Kind::List:
            return take_list(message);
        case Pending::Kind::Resync: {
            const auto found = held_.find(op.sid);
            require(found != held_.end(), "an ack for what it does not hold");
            found->second.holds = false;
            found->second.may_repeat = true;
            return;
        }
        case Pending::Kind::Subscribe:
            for (const element entry : message["ok"].get_array()) take_subscribed(op, entry);
            return;
        case Pending::Kind::Modify:
            for (const element entry : message["ok"].get_array()) take_modified(op, entry);
            return;
        case Pending::Kind::Unsubscribe: {
            std::set<std::uint32_t> left = op.sids;
            for (const element sid : message["ok"].get_array()) {
                const auto ended = static_cast<std::uint32_t>(sid.get_uint64());
                require(held_.erase(ended) == 1 && left.erase(ended) == 1, "ended what it does not hold");
            }
            for (const element error : message["err"].get_array()) {
                const auto refused = static_cast<std::uint32_t>(number(error, "sid"));
                require(!held_.contains(refused) && left.erase(refused) == 1, "refused to end what it holds");
            }
            return require(left.empty(), "a sid was not answered");
        }
    }
}

void Mirror::take_error(const element& message) {
    const std::string code = text(message, "code");
    if (code == "slow_client") return;
    require(!pending_.empty() && pending_.front().first == number(message, "id"), "not the answer that is next");
    const Pending op = std::move(pending_.front().second);
    pending_.pop_front();
    const bool is_missing = op.kind == Pending::Kind::Modify || op.kind == Pending::Kind::Resync;
    if (is_missing) return require(code == "not_subscribed" && !held_.contains(op.sid), "refused what it holds");
    require(op.kind == Pending::Kind::BadSubscribe && code == "bad_depth", "an unexpected refusal");
}

void Mirror::start(std::uint32_t sid, HeldStream held) {
    const bool is_known =
        std::any_of(held_.begin(), held_.end(), [&](const auto& other) { return other.second.symbol == held.symbol; });
    // What is not live is said right after this.
    if (!is_known) told_.erase(held.symbol);
    held_[sid] = std::move(held);
}

void Mirror::take_subscribed(const Pending& op, const element& entry) {
    const auto sid = static_cast<std::uint32_t>(number(entry, "sid"));
    const bool resumed = entry["resumed"].get_bool();
    const std::string why = has(entry, "why") ? text(entry, "why") : "";
    if (held_.contains(sid)) return require(!resumed && why.empty(), "asked again: nothing new");
    require(resumed == (op.resume && why.empty()), "resumed, or why not");
    HeldStream fresh;
    fresh.channel = *gateway::channel_named(text(entry, "channel"));
    fresh.symbol = symbol_named(text(entry, "symbol"));
    if (fresh.channel == Channel::Book) fresh.depth = static_cast<std::uint32_t>(number(entry, "depth"));
    fresh.rate_ms = static_cast<std::uint32_t>(number(entry, "rate_ms"));
    const Truth& of = truth(fresh);
    // Trades that have expired go on from their position too: by a gap.
    const bool goes_on = resumed || (why == "resume_expired" && fresh.channel == Channel::Trades);
    if (goes_on) {
        fresh.holds = true;
        fresh.resumed = resumed;
        fresh.seq = op.resume->seq;
        fresh.epoch = op.resume->epoch;
        fresh.bids = op.resume->bids;
        fresh.asks = op.resume->asks;
        cut(fresh.bids, fresh.depth);
        cut(fresh.asks, fresh.depth);
        require(!op.wrong_epoch && of.scales.contains(fresh.epoch), "resumed in another epoch");
    }
    if (why == "epoch_changed") require(op.wrong_epoch || op.resume->epoch != of.now().epoch, "the epoch is the same");
    if (why == "depth_changed") {
        require(!gateway::is_at_least_as_deep(op.resume->depth, fresh.depth), "it was as deep");
    }
    ++seen_[why.empty() ? (resumed ? "resumed" : "subscribed") : why];
    start(sid, std::move(fresh));
}

void Mirror::take_modified(const Pending& op, const element& entry) {
    const auto sid = static_cast<std::uint32_t>(number(entry, "sid"));
    require(number(entry, "was") == op.sid && held_.contains(op.sid), "modified what it does not hold");
    if (sid == op.sid) return;
    const HeldStream old = held_.at(op.sid);
    held_.erase(op.sid);
    if (held_.contains(sid)) return;
    require(!entry["resumed"].get_bool().value(), "a modify is no resume");
    const std::string why = has(entry, "why") ? text(entry, "why") : "";
    HeldStream fresh = old;
    const auto depth = has(entry, "depth") ? static_cast<std::uint32_t>(number(entry, "depth")) : 0;
    const bool is_deep_enough = gateway::is_at_least_as_deep(old.depth, depth);
    const bool goes_on = old.holds && why.empty() && is_deep_enough;
    fresh.holds = goes_on || (old.holds && why == "resume_expired" && old.channel == Channel::Trades);
    fresh.resumed = goes_on;
    fresh.behind = false;
    fresh.may_repeat = true;
    fresh.depth = depth;
    fresh.rate_ms = static_cast<std::uint32_t>(number(entry, "rate_ms"));
    require(old.holds || why.empty(), "nothing that it held has expired");
    require(why != "epoch_changed" && (why.empty() || old.channel != Channel::Bbo), "a reason that cannot be");
    require(why != "depth_changed" || !is_deep_enough, "it was as deep");
    cut(fresh.bids, fresh.depth);
    cut(fresh.asks, fresh.depth);
    ++seen_[goes_on ? "modified" : "modified afresh"];
    held_[sid] = std::move(fresh);
}

void Mirror::take_list(const element& message) const {
    std::size_t count = 0;
    for (const element entry : message["subs"].get_array()) {
        const auto found = held_.find(static_cast<std::uint32_t>(number(entry, "sid")));
        require(found != held_.end(), "lists what it does not hold");
        const HeldStream& held = found->second;
        // It is null also while a snapshot is on its way to one whose position is no longer known. A stream of trades
        // without any is in step from the beginning.
        const bool at_the_beginning = held.channel == Channel::Trades && !held.holds;
        require(entry["seq"].is_null() || number(entry, "seq") == (at_the_beginning ? 0 : held.seq),
                "lists another position than {}", held.holds ? std::to_string(held.seq) : "nothing");
        ++count;
    }
    require(count == held_.size(), "does not list all");
}

HeldStream& Mirror::held(const element& message) {
    const auto found = held_.find(static_cast<std::uint32_t>(number(message, "sid")));
    require(found != held_.end(), "data of a stream that it does not hold");
    return found->second;
}

void Mirror::take_snapshot(const element& message) {
    HeldStream& of = held(message);
    require(of.channel == Channel::Book && number(message, "depth") == of.depth, "not its channel or depth");
    if (of.resumed) ++seen_["resumed, then a snapshot"];
    of.holds = true;
    of.resumed = false;
    of.seq = number(message, "seq");
    of.epoch = text(message, "epoch");
    of.bids.clear();
    of.asks.clear();
    const Truth& symbol = truth(of);
    require(symbol.scales.contains(of.epoch), "an unknown epoch");
    apply(of.bids, message["bids"], true, symbol.scales.at(of.epoch));
    apply(of.asks, message["asks"], false, symbol.scales.at(of.epoch));
    expect_truth(of, message);
}

void Mirror::take_delta(const element& message) {
    HeldStream& of = held(message);
    require(of.channel == Channel::Book && of.holds, "a delta for one that holds nothing");
    require(number(message, "prev") == of.seq, "prev is not {}", of.seq);
    require(number(message, "seq") > of.seq, "the sequence does not rise");
    of.seq = number(message, "seq");
    of.resumed = false;
    const book::Scales scales = truth(of).scales.at(of.epoch);
    apply(of.bids, message["bids"], true, scales);
    apply(of.asks, message["asks"], false, scales);
    cut(of.bids, of.depth);
    cut(of.asks, of.depth);
    expect_truth(of, message);
}

void Mirror::expect_truth(const HeldStream& of, const element& message) const {
    const Truth& symbol = truth(of);
    require(of.seq < symbol.books.size(), "a sequence from the future");
    TruthBook want = symbol.books[of.seq];
    cut(want.bids, of.depth);
    cut(want.asks, of.depth);
    require(of.epoch == want.epoch, "the epoch of {} is {}", of.seq, want.epoch);
    require(of.bids == want.bids, "bids are{} and not{}", show(of.bids), show(want.bids));
    require(of.asks == want.asks, "asks are{} and not{}", show(of.asks), show(want.asks));
    require(number(message, "ck") == checksum(of, want.scales), "the checksum is {}", checksum(of, want.scales));
    expect_may_flow(of);
}

void Mirror::expect_may_flow(const HeldStream& of) const {
    const auto told = told_.find(of.symbol);
    if (told == told_.end()) return;
    const SymbolState state = truth(of).statuses[told->second].state;
    require(state == SymbolState::Live || state == SymbolState::Stale, "data in a state that forbids it");
}

void Mirror::take_bbo(const element& message) {
    HeldStream& of = held(message);
    const std::uint64_t seq = number(message, "seq");
    require(of.channel == Channel::Bbo, "not its channel");
    require(!of.holds || of.may_repeat || seq > of.seq, "not newer than {}", of.seq);
    of.holds = true;
    of.may_repeat = false;
    of.seq = seq;
    const TruthBook& want = truth(of).books.at(seq);
    require(text(message, "epoch") == want.epoch, "the epoch is {}", want.epoch);
    const auto expect_top = [&](const element& top, const TruthSide& side, bool is_bid) {
        if (side.empty()) return require(top.is_null(), "the side is empty");
        const auto& [rank, quantity] = *side.begin();
        require(top.at(0).get_string().value() == decimal(is_bid ? -rank : rank, want.scales.price) &&
                    top.at(1).get_string().value() == quantity_text(quantity, want.scales.quantity),
                "the best is {}:{}", rank, quantity);
    };
    expect_top(message["bid"], want.bids, true);
    expect_top(message["ask"], want.asks, false);
    expect_may_flow(of);
}

void Mirror::take_trades(const element& message) {
    HeldStream& of = held(message);
    require(of.channel == Channel::Trades, "not its channel");
    const std::uint64_t prev = number(message, "prev");
    std::uint64_t at = prev;
    require(!of.holds || prev == of.seq, "prev is not {}", of.seq);
    of.epoch = text(message, "epoch");
    const Truth& symbol = truth(of);
    const book::Scales scales = symbol.scales.at(of.epoch);
    for (const element entry : message["trades"].get_array()) {
        require(at < symbol.trades.size(), "a trade from the future");
        const TruthTrade& want = symbol.trades[at++];
        std::int64_t price = want.price;
        std::int64_t quantity = want.quantity;
        for (unsigned scale = want.scales.price; scale < scales.price; ++scale) price *= 10;
        for (unsigned scale = want.scales.quantity; scale < scales.quantity; ++scale) quantity *= 10;
        require(entry.at(0).get_string().value() == std::to_string(at) &&
                    entry.at(1).get_string().value() == decimal(price, scales.price) &&
                    entry.at(2).get_string().value() == quantity_text(quantity, scales.quantity) &&
                    entry.at(3).get_string().value() == (want.buys ? "buy" : "sell"),
                "trade {} is another", at);
    }
    require(number(message, "seq") == at, "seq counts trades");
    of.holds = true;
    of.seq = at;
}

void Mirror::take_gap(const element& message) {
    HeldStream& of = held(message);
    const std::uint64_t from = number(message, "from");
    const std::uint64_t to = number(message, "to");
    require(of.channel == Channel::Trades && of.holds && from == of.seq + 1 && to >= from, "a gap after {}", of.seq);
    of.seq = to;
}

void Mirror::take_status(const element& message) {
    const std::size_t symbol = symbol_named(text(message, "symbol"));
    const std::vector<TruthStatus>& statuses = market_.symbols()[symbol].statuses;
    const std::uint64_t since = has(message, "since") ? number(message, "since") : 0;
    std::size_t place = 0;
    while (place < statuses.size() && static_cast<std::uint64_t>(statuses[place].since_us) != since) ++place;
    require(place < statuses.size(), "a status that never was");
    const TruthStatus& status = statuses[place];
    require(text(message, "state") == gateway::name_of(status.state), "another state than {}",
            gateway::name_of(status.state));
    const std::string why = has(message, "why") ? text(message, "why") : "";
    require(why == gateway::reason_text(status.state, status.reason), "another reason");
    const auto told = told_.find(symbol);
    require(told == told_.end() || told->second <= place, "an older state");
    told_[symbol] = place;
    ++seen_[text(message, "state")];
}

void Mirror::take_lag(const element& message) {
    HeldStream& of = held(message);
    const std::string state = text(message, "state");
    require(of.behind == (state == "caught_up"), "behind or not");
    of.behind = !of.behind;
    ++seen_[state];
}

std::size_t Mirror::symbol_named(std::string_view name) const {
    std::size_t i = 0;
    while (market_.symbols().at(i).instrument->symbol != name) ++i;
    return i;
}

void Mirror::expect_in_step() const {
    require(pending_.empty(), "{} questions without an answer", pending_.size());
    for (const auto& [sid, of] : held_) {
        const Truth& symbol = truth(of);
        if (of.channel == Channel::Trades) {
            require(of.holds ? of.seq == symbol.trades.size() : symbol.trades.empty(),
                    "stream {}: trades up to {} of {}", sid, of.seq, symbol.trades.size());
            continue;
        }
        require(of.holds, "stream {} holds nothing", sid);
        TruthBook want = symbol.now();
        if (of.channel == Channel::Bbo) {
            const TruthBook& is = symbol.books[of.seq];
            for (auto [a, b] : {std::pair{is.bids, want.bids}, std::pair{is.asks, want.asks}}) {
                cut(a, 1);
                cut(b, 1);
                require(a == b, "bbo {} was left behind at {}", sid, of.seq);
            }
        } else {
            cut(want.bids, of.depth);
            cut(want.asks, of.depth);
            require(of.bids == want.bids && of.asks == want.asks, "stream {} was left behind at {}", sid, of.seq);
        }
        require(!of.behind, "stream {} was not told that it has caught up", sid);
        ++seen_["converged"];
    }
}

}  // namespace tickgate::test
