#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "feeds/coinbase/parse.hpp"
#include "feeds/stream_session.hpp"

namespace tickgate::feeds::coinbase {

/// The two feeds with books of the same exchange; symbols of each have their own prefix.
enum class Api : std::uint8_t { Exchange, AdvancedTrade };

/// Any number of products. A book is joined by its snapshot, which comes with the stream. Exchange numbers nothing of
/// it, only its trades; Advanced Trade numbers all messages of a connection.
class CoinbaseSession final : public StreamSession {
public:
    /// `registry` outlives this.
    CoinbaseSession(Api api, book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;

private:
    bool take(const RawMessage& raw, Events& out) override;
    [[nodiscard]] std::string_view symbol_of_bad_message(const RawMessage& raw) const override;

    void on_books(const BooksMessage& said, const RawMessage& raw, Events& out);
    void on_match(const MatchMessage& said, const RawMessage& raw, Events& out);
    void on_trades(const TradesMessage& said, const RawMessage& raw, Events& out);

    Decoder decoder_;
    Message message_;  // at hand
};

}  // namespace tickgate::feeds::coinbase
