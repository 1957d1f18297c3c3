#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "book/instrument.hpp"
#include "feeds/session_options.hpp"
#include "feeds/symbol_normalizer.hpp"
#include "feeds/symbol_sessions.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds {

/// What a session whose snapshots come with the stream keeps for each symbol.
struct StreamSymbol {
    SymbolNormalizer normalizer;
    std::uint32_t connection = 0;     ///< RawMessage::file, of its last snapshot
    std::uint64_t last_id = 0;        ///< of what the venue numbers by symbol
    std::uint64_t last_trade_id = 0;  ///< where trades are numbered beside it
};

/// The session of a venue whose snapshots come with the stream: a new connection, a bad message, or a hole in the
/// numbers of a connection ends what was believed until the next snapshot. A venue adds how its messages are read.
class StreamSession : public VenueSession {
public:
    /// `registry` outlives this.
    StreamSession(book::FeedId feed, book::InstrumentRegistry& registry, const SymbolStyle& style,
                  SessionOptions options, book::VenueChecksum checksum = nullptr, Digits digits = Digits::Significant);

    void on_message(const RawMessage& raw, std::vector<book::Event>& out) final;
    void on_time(book::UnixNanos now, std::vector<book::Event>& out) final;
    void restart() override;
    [[nodiscard]] const VenueCounters& counters() const noexcept final { return counters_; }

protected:
    using Events = std::vector<book::Event>;

    /// Decodes and applies one message. False: it is a bad one.
    virtual bool take(const RawMessage& raw, Events& out) = 0;
    /// The symbol that a message which cannot be decoded seems to be about; empty when none is named.
    [[nodiscard]] virtual std::string_view symbol_of_bad_message(const RawMessage& raw) const = 0;
    /// A new connection begins.
    virtual void on_connected(const RawMessage& raw, Events& out);

    /// nullptr when it is not wanted. `levels`: those that it is listed by, if it is not known yet.
    StreamSymbol* find_or_list(std::string_view name, std::span<const PriceLevel> bids,
                               std::span<const PriceLevel> asks, const RawMessage& raw, Events& out);
    StreamSymbol* find_or_list(std::string_view name, const Trade& trade, const RawMessage& raw, Events& out);

    /// nullptr when it is not known, or not wanted.
    [[nodiscard]] StreamSymbol* find(std::string_view name) noexcept { return symbols_.find(name); }

    void on_snapshot(StreamSymbol& symbol, const LevelBatch& batch, const RawMessage& raw, Events& out);
    static void on_delta(StreamSymbol& symbol, const LevelBatch& batch, Events& out);
    static void on_trade(StreamSymbol& symbol, const Trade& trade, const RawMessage& raw, Events& out);

    /// Takes the number of a message, where each of a connection's has the next one. False: it repeats an old one.
    /// Where one is missing, all symbols of the connection resync.
    [[nodiscard]] bool continues_connection(std::uint64_t number, const RawMessage& raw, Events& out);

    VenueCounters& mutable_counters() noexcept { return counters_; }

private:
    void on_bad_message(const RawMessage& raw, Events& out);
    void resync_connection(book::StateReason reason, const RawMessage& raw, Events& out);

    SessionOptions options_;
    Digits digits_;
    VenueCounters counters_;
    SymbolSessions<StreamSymbol> symbols_;
    std::map<std::uint32_t, std::uint64_t> last_numbers_;  // by connection, of those that have started
};

}  // namespace tickgate::feeds
