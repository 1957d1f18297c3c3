#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/instrument.hpp"
#include "feeds/binance/parse.hpp"
#include "feeds/binance/symbol_session.hpp"
#include "feeds/session_options.hpp"
#include "feeds/symbol_sessions.hpp"
#include "feeds/symbols.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds::binance {

enum class Market { Spot, UsdMargined, CoinMargined };

/// VENUE, and how this market writes its symbols.
[[nodiscard]] SymbolStyle symbol_style(Market market) noexcept;

/// Any number of symbols of one of Binance's markets, from one or more connections. `counters().messages` counts what
/// came over the stream: a REST answer that a recording keeps apart, with its URL, is not among them.
class BinanceSession final : public VenueSession {
public:
    /// `registry` outlives this.
    BinanceSession(Market market, book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options);
    ~BinanceSession() override;

    void list_symbols(const RawMessage& message, std::vector<book::Event>& out) override;
    void on_message(const RawMessage& message, std::vector<book::Event>& out) override;
    void on_time(book::UnixNanos now, std::vector<book::Event>& out) override;
    void restart() override;
    [[nodiscard]] const VenueCounters& counters() const noexcept override { return counters_; }

private:
    using Events = std::vector<book::Event>;

    void take(const RawMessage& raw, Events& out);
    void on_bad_message(const RawMessage& raw, Events& out);
    /// A snapshot that does not say whose it is, in a file that names no symbol yet, or several.
    void on_nameless_snapshot(const DepthSnapshot& snapshot, const RawMessage& raw);

    /// What one file of a recording, or a connection, has named so far: a snapshot without a name is its only symbol's.
    struct FileNames {
        std::string only;  // empty before the first, and among several
        bool several = false;
        std::optional<StoredBatch> nameless_snapshot;  // waits for the first
    };
    FileNames& names_in(const RawMessage& raw);
    static void note(std::string_view name, FileNames& names);

    /// The session of the symbol that the message at hand is about, listed now if it is new; nullptr when it is not
    /// wanted.
    SymbolSession* find_or_list(std::string_view name, const RawMessage& raw, Events& out);
    /// The venue's name of the symbol that a message is about, from its text, its URL, or its file's only one.
    [[nodiscard]] static std::string_view name_of(const Message& message, const RawMessage& raw,
                                                  const FileNames& names) noexcept;
    Market market_;
    SessionOptions options_;
    VenueCounters counters_;
    Decoder decoder_;
    // Of the message at hand.
    Message message_;
    std::vector<PriceLevel> levels_;
    SymbolSessions<SymbolSession> symbols_;
    std::vector<FileNames> files_;  // by RawMessage::file
};

}  // namespace tickgate::feeds::binance
