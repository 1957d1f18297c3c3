#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "book/instrument.hpp"
#include "feeds/kraken/parse.hpp"
#include "feeds/session_options.hpp"
#include "feeds/symbol_normalizer.hpp"
#include "feeds/symbol_sessions.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds::kraken {

/// Any number of Kraken's symbols, in version 1 or 2 of its protocol. A stream is joined by its snapshot, which comes
/// with it; nothing numbers what follows, so that only the checksum shows a loss.
class KrakenSession final : public VenueSession {
public:
    /// `registry` outlives this.
    KrakenSession(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;
    void on_message(const RawMessage& message, std::vector<book::Event>& out) override;
    void on_time(book::UnixNanos now, std::vector<book::Event>& out) override;
    void restart() override;
    [[nodiscard]] const VenueCounters& counters() const noexcept override { return counters_; }

private:
    using Events = std::vector<book::Event>;

    struct Symbol {
        SymbolNormalizer normalizer;
        std::uint32_t connection = 0;  // RawMessage::file, of its last snapshot
    };

    void take(const RawMessage& raw, Events& out);
    void on_book(const BookMessage& said, const RawMessage& raw, Events& out);
    void on_trades(const TradesMessage& said, const RawMessage& raw, Events& out);
    void on_bad_message(const RawMessage& raw, Events& out);
    /// What its connection had sent is over: a snapshot follows.
    void on_connected(const RawMessage& raw, Events& out);

    Symbol* find_or_list(const BookMessage& said, const RawMessage& raw, Events& out);
    Symbol* find_or_list(const SymbolTrade& said, const RawMessage& raw, Events& out);
    template <typename ScalesOf>
    Symbol* find_or_list(std::string_view name, ScalesOf scales_of, const RawMessage& raw, Events& out);
    /// Levels of each side that the venue keeps the book up to; 0: not known.
    [[nodiscard]] std::uint32_t depth_of(const BookMessage& said) const;

    SessionOptions options_;
    VenueCounters counters_;
    Decoder decoder_;
    Message message_;  // at hand
    SymbolSessions<Symbol> symbols_;
    std::map<std::string, std::uint32_t, std::less<>> depths_;  // that we are subscribed to, by symbol
};

}  // namespace tickgate::feeds::kraken
