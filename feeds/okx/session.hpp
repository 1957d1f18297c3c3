#pragma once

#include <string_view>
#include <vector>

#include "feeds/okx/parse.hpp"
#include "feeds/stream_session.hpp"

namespace tickgate::feeds::okx {

/// Any number of OKX's instruments. A book is joined by its snapshot, which comes with the stream; each update names
/// the number of the one before it, and has a checksum in recordings from before June 2026.
class OkxSession final : public StreamSession {
public:
    /// `registry` outlives this.
    OkxSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;

private:
    bool take(const RawMessage& raw, Events& out) override;
    [[nodiscard]] std::string_view symbol_of_bad_message(const RawMessage& raw) const override;

    void on_book(const BookMessage& said, const RawMessage& raw, Events& out);
    void on_trades(const TradesMessage& said, const RawMessage& raw, Events& out);

    Decoder decoder_;
    Message message_;  // at hand
};

}  // namespace tickgate::feeds::okx
