#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "feeds/bybit/parse.hpp"
#include "feeds/stream_session.hpp"

namespace tickgate::feeds::bybit {

/// The markets whose symbols have the same names; symbols of each have their own prefix.
enum class Market : std::uint8_t { Spot, Linear };

/// Any number of one market's symbols, each at one depth. A book is joined by its snapshot, which comes with the
/// stream, and again whenever the venue wants; each update has the next number.
class BybitSession final : public StreamSession {
public:
    /// `registry` outlives this.
    BybitSession(Market market, book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;

private:
    bool take(const RawMessage& raw, Events& out) override;
    [[nodiscard]] std::string_view symbol_of_bad_message(const RawMessage& raw) const override;

    void on_book(const BookMessage& said, const RawMessage& raw, Events& out);
    void on_trades(const TradesMessage& said, const RawMessage& raw, Events& out);

    Decoder decoder_;
    Message message_;  // at hand
};

}  // namespace tickgate::feeds::bybit
