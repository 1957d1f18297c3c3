#include "gateway/rest.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "gateway/json_text.hpp"
#include "gateway/version.hpp"

namespace tickgate::gateway {
namespace {

constexpr std::string_view kBookPath = "/v1/book/";
constexpr std::string_view kTradesPath = "/v1/trades/";

HttpResponse json(std::string body) {
    return {.body = std::move(body)};
}

/// The depth asked for, rounded up to an offered class; nothing where it is none.
std::optional<std::uint32_t> depth_of(const HttpRequest& request) {
    const std::optional<std::string_view> text = request.parameter("depth");
    if (!text) return kDefaultDepth;
    std::uint64_t depth = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), depth);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return round_up_depth(depth);
}

}  // namespace

Rest::Rest(Shard& shard, std::function<std::string()> metrics_text, std::function<book::UnixNanos()> now)
    : shard_{shard},
      metrics_text_{std::move(metrics_text)},
      now_{std::move(now)} {
    shard_.set_http_answers(this);
}

void Rest::on_websocket(UpgradedClient client) {
    shard_.add_session(std::move(client), now_());
    if (draining_) shard_.start_drain(now_());  // its handshake was under way
}

void Rest::on_request(const HttpRequest& request, HttpReply reply) {
    const std::string_view path = request.path;
    if (request.method == HttpMethod::Post) {
        return reply.reply(http_error(405, "method_not_allowed", "only GET and HEAD"));
    }
    if (path == "/healthz") return reply.reply(health());
    if (path == "/readyz") return reply.reply(readiness());
    if (path == "/metrics") {
        return reply.reply({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text_()});
    }
    if (path == "/v1/symbols") return reply.reply(symbols(request));
    if (path == "/v1/status") return reply.reply(status());
    if (path.starts_with(kBookPath)) return book(request, path.substr(kBookPath.size()), std::move(reply));
    if (path.starts_with(kTradesPath)) return trades(request, path.substr(kTradesPath.size()), std::move(reply));
    reply.reply(http_error(404, "not_found", "no such resource"));
}

HttpResponse Rest::health() const {
    return json(R"({"status":"ok"})");
}

HttpResponse Rest::readiness() const {
    const SymbolTable& table = shard_.state().symbols;
    std::size_t live = 0;
    const std::vector<book::InstrumentId> all = table.match("*");
    for (const book::InstrumentId id : all) live += table[id].status.state == book::SymbolState::Live ? 1U : 0U;
    HttpResponse response = json(
        fmt::format(R"({{"status":"{}","symbols":{},"live":{}}})", draining_ ? "draining" : "ready", all.size(), live));
    if (draining_) response.status = 503;
    return response;
}

HttpResponse Rest::symbols(const HttpRequest& request) const {
    const SymbolTable& table = shard_.state().symbols;
    std::string body = R"({"symbols":[)";
    const char* separator = "";
    for (const book::InstrumentId id : table.match(request.parameter("match").value_or("*"))) {
        body += separator;
        append_symbol(body, table[id]);
        separator = ",";
    }
    return json(body + "]}");
}

HttpResponse Rest::status() const {
    const SymbolTable& table = shard_.state().symbols;
    std::string body = fmt::format(R"({{"server":"{}","node":)", server_name());
    append_json_string(body, shard_.state().options.node);
    fmt::format_to(std::back_inserter(body), R"(,"draining":{},"sessions":{},"subscriptions":{},"symbols":[)",
                   draining_, shard_.open_sessions(), shard_.state().subscriptions.size());
    const char* separator = "";
    for (const book::InstrumentId id : table.match("*")) {
        std::string message;
        append_status(message, table[id].instrument->symbol, table[id].status);
        body += separator;
        body += message;
        separator = ",";
    }
    return json(body + "]}");
}

void Rest::book(const HttpRequest& request, std::string_view symbol, HttpReply reply) {
    const std::optional<book::InstrumentId> instrument = shard_.state().symbols.find(symbol);
    if (!instrument) return reply.reply(unknown_symbol(symbol));
    const std::optional<std::uint32_t> depth = depth_of(request);
    if (!depth) return reply.reply(http_error(400, "bad_depth", "depth is a number up to 500; 0 is the whole book"));
    Command command;
    command.kind = Command::Kind::BookQuery;
    command.key = {.instrument = *instrument, .depth = static_cast<std::uint16_t>(*depth)};
    ask(request, command, std::move(reply));
}

void Rest::trades(const HttpRequest& request, std::string_view symbol, HttpReply reply) {
    const std::optional<book::InstrumentId> instrument = shard_.state().symbols.find(symbol);
    if (!instrument) return reply.reply(unknown_symbol(symbol));
    Command command;
    command.kind = Command::Kind::TradesQuery;
    command.key = {.instrument = *instrument, .channel = Channel::Trades};
    ask(request, command, std::move(reply));
}

void Rest::ask(const HttpRequest& request, Command command, HttpReply reply) {
    command.session = ++last_query_;
    const std::string_view if_none_match = request.header("If-None-Match").value_or("");
    queries_.emplace(last_query_, Query{std::move(reply), std::string{if_none_match}});
    shard_.state().command(command);
}

void Rest::on_http_answer(std::uint32_t query, std::string_view etag, std::string_view body) {
    const auto found = queries_.find(query);
    if (found == queries_.end()) return;
    Query asked = std::move(found->second);
    queries_.erase(found);
    if (body.empty()) {
        HttpResponse response = http_error(503, "not_ready", "the symbol is not live");
        response.headers.emplace_back("Retry-After", "1");
        return asked.reply.reply(std::move(response));
    }
    const std::string quoted = fmt::format("\"{}\"", etag);
    HttpResponse response = json(std::string{body});
    if (asked.if_none_match.find(quoted) != std::string::npos) {
        response.status = 304;
        response.body.clear();
    }
    response.headers.emplace_back("ETag", quoted);
    response.headers.emplace_back("Cache-Control", "no-cache");
    asked.reply.reply(std::move(response));
}

HttpResponse Rest::unknown_symbol(std::string_view symbol) const {
    std::string body = R"({"error":"unknown_symbol","message":"no such symbol","near":[)";
    const char* separator = "";
    for (const std::string_view name : shard_.state().symbols.near(symbol)) {
        body += separator;
        append_json_string(body, name);
        separator = ",";
    }
    return {.status = 404, .body = body + "]}"};
}

}  // namespace tickgate::gateway
