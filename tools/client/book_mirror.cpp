#include "tools/client/book_mirror.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "tools/client/json_fields.hpp"

namespace tickgate::client {

namespace {

using std::chrono::milliseconds;

template <typename Map>
auto* find_or_null(Map& map, const typename std::remove_const_t<Map>::key_type& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

std::optional<HeldLevel> touch_level(const simdjson::dom::array& level) {
    const std::string_view price = text_at(level, 0);
    if (price.empty()) return std::nullopt;
    return HeldLevel{std::string{price}, std::string{text_at(level, 1)}};
}

HeldTrade held_trade(const simdjson::dom::array& trade) {
    HeldTrade held{std::string{text_at(trade, 0)}, std::string{text_at(trade, 1)}, std::string{text_at(trade, 2)},
                   std::string{text_at(trade, 3)}, std::nullopt};
    std::uint64_t micros = 0;
    if (trade.at(4).get_uint64().get(micros) == simdjson::SUCCESS) held.venue_micros = micros;
    return held;
}

void append_trades(HeldTrades& held, const simdjson::dom::array& trades) {
    for (const simdjson::dom::element element : trades) {
        simdjson::dom::array trade;
        if (element.get_array().get(trade) != simdjson::SUCCESS) continue;
        held.newest.push_back(held_trade(trade));
        if (held.newest.size() > BookMirror::kShownTrades) held.newest.pop_front();
    }
}

std::uint64_t sid_of(const simdjson::dom::element& message) {
    return number_field(message, "sid").value_or(0);
}

milliseconds millis_field(const simdjson::dom::element& object, std::string_view key, milliseconds otherwise) {
    const std::optional<std::uint64_t> value = number_field(object, key);
    return value ? milliseconds{static_cast<milliseconds::rep>(*value)} : otherwise;
}

/// When to try again; nothing where the server names no time, which is not the same as at once.
std::optional<milliseconds> retry_delay(const simdjson::dom::element& message) {
    const milliseconds delay = millis_field(message, "retry_ms", milliseconds{0});
    return delay.count() > 0 ? std::optional{delay} : std::nullopt;
}

}  // namespace

BookMirror::BookMirror(Request request)
    : request_{std::move(request)},
      parser_{std::make_unique<simdjson::dom::parser>()} {}

BookMirror::~BookMirror() = default;

void BookMirror::on_message(std::string_view text, Clock::time_point now, Actions& out) {
    ++counters_.messages;
    simdjson::dom::element message;
    const auto error = parser_->parse(text.data(), text.size()).get(message);
    const std::string_view type = error == simdjson::SUCCESS ? text_field(message, "type") : std::string_view{};
    if (type.empty()) {
        ++counters_.unreadable;
        out.remarks.push_back(fmt::format("unreadable message: {}", text.substr(0, 200)));
        return;
    }
    dispatch(message, type, now, out);
}

void BookMirror::dispatch(const Element& message, std::string_view type, Clock::time_point now, Actions& out) {
    if (type == "delta") return on_delta(message, out);
    if (type == "bbo") return on_bbo(message);
    if (type == "trades") return on_trades(message, out);
    if (type == "snapshot") return on_snapshot(message, out);
    if (type == "ack") return on_ack(message, out);
    if (type == "error") return on_error(message, now, out);
    if (type == "welcome") return on_welcome(message, out);
    if (type == "status") return on_status(message);
    if (type == "gap") return on_gap(message);
    if (type == "lag") ++counters_.lags;
    if (type == "goaway") given_delay_ = retry_delay(message);
}

// ---- session

void BookMirror::on_welcome(const Element& message, Actions& out) {
    ++connections_;
    if (connections_ > 1) ++counters_.reconnects;
    given_delay_.reset();
    terms_.heartbeat = millis_field(message, "heartbeat_ms", terms_.heartbeat);
    Element part;
    if (message.at_key("reconnect").get(part) == simdjson::SUCCESS) {
        terms_.reconnect_base = millis_field(part, "base_ms", terms_.reconnect_base);
        terms_.reconnect_max = millis_field(part, "max_ms", terms_.reconnect_max);
    }
    if (message.at_key("limits").get(part) == simdjson::SUCCESS) {
        terms_.symbols_per_op = std::max<std::uint64_t>(1, number_field(part, "symbols_per_op").value_or(200));
    }
    subscribe_all(out);
}

// First what was held, by its canonical name, then what else was asked for: wildcards, aliases, and what was not
// verified. A stream asked for twice is answered with the same sid and costs nothing.
void BookMirror::subscribe_all(Actions& out) {
    std::vector<std::string> wanted;
    for (const auto& [symbol, book] : saved_books_) wanted.push_back(symbol);
    for (const auto& [symbol, trades] : saved_trades_) wanted.push_back(symbol);
    for (const std::string& symbol : request_.symbols) {
        if (std::find(wanted.begin(), wanted.end(), symbol) == wanted.end()) wanted.push_back(symbol);
    }
    for (std::size_t from = 0; from < wanted.size(); from += terms_.symbols_per_op) {
        const std::size_t to = std::min(wanted.size(), from + terms_.symbols_per_op);
        subscribe(
            {wanted.begin() + static_cast<std::ptrdiff_t>(from), wanted.begin() + static_cast<std::ptrdiff_t>(to)},
            out);
    }
}

void BookMirror::subscribe(std::vector<std::string> symbols, Actions& out) {
    std::string names;
    for (const std::string& symbol : symbols) names.append(names.empty() ? "" : ",").append(json_quoted(symbol));
    std::string op = fmt::format(R"({{"op":"subscribe","id":{},"channel":{},"symbols":[{}])", next_id_,
                                 json_quoted(request_.channel), names);
    if (request_.depth) op += fmt::format(R"(,"depth":{})", *request_.depth);
    if (request_.rate_ms) op += fmt::format(R"(,"rate_ms":{})", *request_.rate_ms);
    const std::string positions = resume_positions(symbols);
    if (!positions.empty()) op += fmt::format(R"(,"resume":{{{}}})", positions);
    out.send.push_back(op + '}');
    asked_[next_id_++] = Asked{std::move(symbols), std::nullopt};
}

std::string BookMirror::resume_positions(const std::vector<std::string>& symbols) const {
    std::string positions;
    for (const std::string& symbol : symbols) {
        if (const HeldBook* book = find_or_null(saved_books_, symbol)) {
            positions += fmt::format(R"({}{}:{{"epoch":{},"seq":{},"depth":{}}})", positions.empty() ? "" : ",",
                                     json_quoted(symbol), json_quoted(book->epoch), book->seq, book->depth);
        } else if (const HeldTrades* trades = find_or_null(saved_trades_, symbol)) {
            positions += fmt::format(R"({}{}:{{"epoch":{},"seq":{}}})", positions.empty() ? "" : ",",
                                     json_quoted(symbol), json_quoted(trades->epoch), trades->seq.value_or(0));
        }
    }
    return positions;
}

void BookMirror::on_ack(const Element& message, Actions& out) {
    const std::uint64_t id = number_field(message, "id").value_or(0);
    const Asked* asked = find_or_null(asked_, id);
    const bool subscription = asked != nullptr && !asked->sid;
    asked_.erase(id);
    for (const Element granted : array_field(message, "ok")) {
        if (granted.is_object()) on_granted(granted);
    }
    for (const Element refused : array_field(message, "err")) {
        ++counters_.errors;
        out.remarks.push_back(fmt::format("{}: {}", text_field(refused, "symbol"), text_field(refused, "code")));
        refused_ |= subscription && streams_.empty() && asked_.empty();
    }
}

void BookMirror::on_granted(const Element& granted) {
    const std::uint64_t sid = sid_of(granted);
    Stream stream{std::string{text_field(granted, "channel")}, std::string{text_field(granted, "symbol")},
                  number_field(granted, "depth").value_or(0), number_field(granted, "rate_ms").value_or(0)};
    const std::uint64_t was = number_field(granted, "was").value_or(sid);
    if (was != sid) move_stream(was, sid, stream.depth);
    if (flag_field(granted, "resumed")) {
        ++counters_.resumed;
        resume(sid, stream.symbol, stream.depth);
    } else if (text_field(granted, "why") == "resume_expired") {
        ++counters_.resume_expired;
    }
    forget_saved(stream.symbol);
    streams_[sid] = std::move(stream);
}

// A book keeps the depth that it really holds: after a modify to a greater one, until the snapshot comes.
void BookMirror::move_stream(std::uint64_t from, std::uint64_t to, std::uint64_t depth) {
    streams_.erase(from);
    if (auto book = books_.extract(from); book && !books_.contains(to)) {
        book.key() = to;
        book.mapped().depth = shallower(book.mapped().depth, depth);
        book.mapped().cut();
        books_.insert(std::move(book));
    }
    if (auto touch = touches_.extract(from); touch && !touches_.contains(to)) {
        touch.key() = to;
        touches_.insert(std::move(touch));
    }
    if (auto trades = trades_.extract(from); trades && !trades_.contains(to)) {
        trades.key() = to;
        trades_.insert(std::move(trades));
    }
}

void BookMirror::resume(std::uint64_t sid, const std::string& symbol, std::uint64_t depth) {
    if (auto book = saved_books_.extract(symbol)) {
        book.mapped().depth = shallower(book.mapped().depth, depth);
        book.mapped().cut();
        books_[sid] = std::move(book.mapped());
    }
    if (auto trades = saved_trades_.extract(symbol)) trades_[sid] = std::move(trades.mapped());
}

void BookMirror::forget_saved(const std::string& symbol) {
    saved_books_.erase(symbol);
    saved_trades_.erase(symbol);
}

void BookMirror::on_error(const Element& message, Clock::time_point now, Actions& out) {
    ++counters_.errors;
    const std::string_view code = text_field(message, "code");
    out.remarks.push_back(fmt::format("{}: {}", code, text_field(message, "message")));
    const bool temporary = flag_field(message, "temporary");
    const auto asked = asked_.extract(number_field(message, "id").value_or(0));
    if (!asked) {
        // Not about an op: the session is about to be closed, and this is when to come back.
        if (temporary) given_delay_ = retry_delay(message);
        return;
    }
    if (temporary) retries_.push_back({now + retry_delay(message).value_or(terms_.reconnect_base), asked.mapped()});
    refused_ |= !temporary && !asked.mapped().sid;
}

void BookMirror::do_work(Clock::time_point now, Actions& out) {
    const auto due =
        std::stable_partition(retries_.begin(), retries_.end(), [now](const Retry& retry) { return retry.due > now; });
    std::vector<Retry> ready{std::make_move_iterator(due), std::make_move_iterator(retries_.end())};
    retries_.erase(due, retries_.end());
    for (Retry& retry : ready) {
        if (!retry.asked.sid) {
            subscribe(std::move(retry.asked.symbols), out);
        } else if (const HeldBook* book = find_or_null(books_, *retry.asked.sid); book && !book->ok) {
            ask_resync(*retry.asked.sid, out);
        }
    }
}

std::optional<Clock::time_point> BookMirror::next_due() const {
    std::optional<Clock::time_point> due;
    for (const Retry& retry : retries_) due = due ? std::min(*due, retry.due) : retry.due;
    return due;
}

void BookMirror::on_close() {
    for (auto& [sid, book] : books_) {
        if (book.ok) saved_books_.insert_or_assign(book.symbol, std::move(book));
    }
    for (auto& [sid, trades] : trades_) {
        const Stream* stream = find_or_null(streams_, sid);
        if (stream && trades.seq && !trades.epoch.empty())
            saved_trades_.insert_or_assign(stream->symbol, std::move(trades));
    }
    streams_.clear();
    books_.clear();
    touches_.clear();
    trades_.clear();
    asked_.clear();
    retries_.clear();
}

// ---- data

void BookMirror::on_snapshot(const Element& message, Actions& out) {
    ++counters_.snapshots;
    HeldBook book;
    book.symbol = text_field(message, "symbol");
    book.epoch = text_field(message, "epoch");
    book.seq = number_field(message, "seq").value_or(0);
    book.depth = number_field(message, "depth").value_or(0);
    book.ok = true;
    const bool bids_read = set_levels(book.bids, array_field(message, "bids"));
    const bool asks_read = set_levels(book.asks, array_field(message, "asks"));
    HeldBook& held = books_[sid_of(message)] = std::move(book);
    verify(sid_of(message), held, bids_read && asks_read, message, out);
}

void BookMirror::on_delta(const Element& message, Actions& out) {
    ++counters_.deltas;
    HeldBook* book = find_or_null(books_, sid_of(message));
    if (!book || !book->ok) return;
    const std::uint64_t prev = number_field(message, "prev").value_or(0);
    if (prev != book->seq) {
        ++counters_.prev_breaks;
        out.remarks.push_back(
            fmt::format("prev break: {} is at {}, the delta continues {}", book->symbol, book->seq, prev));
        return heal(sid_of(message), *book, out);
    }
    const bool bids_read = set_levels(book->bids, array_field(message, "bids"));
    const bool asks_read = set_levels(book->asks, array_field(message, "asks"));
    book->cut();
    book->seq = number_field(message, "seq").value_or(0);
    verify(sid_of(message), *book, bids_read && asks_read, message, out);
}

void BookMirror::verify(std::uint64_t sid, HeldBook& book, bool readable, const Element& message, Actions& out) {
    const std::optional<std::uint64_t> stated = number_field(message, "ck");
    const std::uint32_t own = book.checksum();
    if (readable && stated == own) return;
    ++counters_.ck_failures;
    out.remarks.push_back(fmt::format("checksum failure: {} at {} has {}, the message says {}{}", book.symbol, book.seq,
                                      own, stated.value_or(0), readable ? "" : ", with a level that cannot be read"));
    heal(sid, book, out);
}

void BookMirror::heal(std::uint64_t sid, HeldBook& book, Actions& out) {
    book.ok = false;
    ask_resync(sid, out);
}

void BookMirror::ask_resync(std::uint64_t sid, Actions& out) {
    out.send.push_back(fmt::format(R"({{"op":"resync","id":{},"sid":{}}})", next_id_, sid));
    asked_[next_id_++] = Asked{{}, sid};
}

void BookMirror::on_bbo(const Element& message) {
    HeldTouch& touch = touches_[sid_of(message)];
    touch.seq = number_field(message, "seq").value_or(0);
    touch.bid = touch_level(array_field(message, "bid"));
    touch.ask = touch_level(array_field(message, "ask"));
}

void BookMirror::on_trades(const Element& message, Actions& out) {
    HeldTrades& held = trades_[sid_of(message)];
    const std::uint64_t prev = number_field(message, "prev").value_or(0);
    const std::uint64_t seq = number_field(message, "seq").value_or(0);
    const simdjson::dom::array trades = array_field(message, "trades");
    // Nothing heals lost trades: a break is counted, and the position goes on from here.
    if ((held.seq && *held.seq != prev) || seq - prev != trades.size()) {
        ++counters_.prev_breaks;
        out.remarks.push_back(fmt::format("prev break: trades of {} are at {}, the message has {} trades from {} to {}",
                                          text_field(message, "symbol"), held.seq.value_or(prev), trades.size(), prev,
                                          seq));
    }
    held.epoch = text_field(message, "epoch");
    held.seq = seq;
    append_trades(held, trades);
}

void BookMirror::on_gap(const Element& message) {
    ++counters_.gaps;
    trades_[sid_of(message)].seq = number_field(message, "to");
}

void BookMirror::on_status(const Element& message) {
    const std::string_view symbol = text_field(message, "symbol");
    if (symbol.empty()) return;
    states_[std::string{symbol}] = text_field(message, "state");
}

// ---- views

const HeldBook* BookMirror::book(std::uint64_t sid) const {
    return find_or_null(books_, sid);
}

const HeldTouch* BookMirror::touch(std::uint64_t sid) const {
    return find_or_null(touches_, sid);
}

const HeldTrades* BookMirror::trades(std::uint64_t sid) const {
    return find_or_null(trades_, sid);
}

std::string_view BookMirror::state(const std::string& symbol) const {
    const std::string* state = find_or_null(states_, symbol);
    return state ? std::string_view{*state} : std::string_view{};
}

}  // namespace tickgate::client
