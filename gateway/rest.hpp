#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/http_server.hpp"
#include "gateway/shard.hpp"

namespace tickgate::gateway {

/// The HTTP side of one shard: REST answers, health, metrics, and the way in for WebSocket clients. Books and trades
/// are asked of the book agent. Thread: the shard's.
class Rest final : public HttpHandler, public HttpAnswers {
public:
    /// `metrics_text`: /metrics as a whole, of all shards. `now`: the wall clock. `shard` outlives this.
    Rest(Shard& shard, std::function<std::string()> metrics_text, std::function<book::UnixNanos()> now);

    void on_websocket(UpgradedClient client) override;
    void on_request(const HttpRequest& request, HttpReply reply) override;
    void on_http_answer(std::uint32_t query, std::string_view etag, std::string_view body) override;

    /// From now on /readyz says no: whoever balances the load sends nobody here any more.
    void start_drain() noexcept { draining_ = true; }

private:
    struct Query {
        HttpReply reply;
        std::string if_none_match;
    };

    [[nodiscard]] HttpResponse health() const;
    [[nodiscard]] HttpResponse readiness() const;
    [[nodiscard]] HttpResponse symbols(const HttpRequest& request) const;
    [[nodiscard]] HttpResponse status() const;
    void book(const HttpRequest& request, std::string_view symbol, HttpReply reply);
    void trades(const HttpRequest& request, std::string_view symbol, HttpReply reply);
    void ask(const HttpRequest& request, Command command, HttpReply reply);
    [[nodiscard]] HttpResponse unknown_symbol(std::string_view symbol) const;

    Shard& shard_;
    std::function<std::string()> metrics_text_;
    std::function<book::UnixNanos()> now_;
    bool draining_ = false;
    std::uint32_t last_query_ = 0;
    std::unordered_map<std::uint32_t, Query> queries_;  // waiting for the book agent
};

}  // namespace tickgate::gateway
