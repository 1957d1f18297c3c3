#pragma once

#include <string_view>
#include <vector>

#include "feeds/bitget/parse.hpp"
#include "feeds/stream_session.hpp"

namespace tickgate::feeds::bitget {

/// Any number of Bitget's spot symbols, in version 1 or 2 of its protocol. A book is joined by its snapshot, which
/// comes with the stream; what follows names the number before its own in version 2; in version 1 only the checksum
/// shows a loss.
class BitgetSession final : public StreamSession {
public:
    /// `registry` outlives this.
    BitgetSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;

private:
    bool take(const RawMessage& raw, Events& out) override;
    [[nodiscard]] std::string_view symbol_of_bad_message(const RawMessage& raw) const override;

    void on_book(const BookMessage& said, const RawMessage& raw, Events& out);
    void on_trades(const TradesMessage& said, const RawMessage& raw, Events& out);

    Decoder decoder_;
    Message message_;  // at hand
};

}  // namespace tickgate::feeds::bitget
