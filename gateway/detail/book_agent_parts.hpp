#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/book_agent.hpp"
#include "gateway/json_text.hpp"

/// What a book agent is made of. For the files of BookAgent only.
namespace tickgate::gateway {

/// Room that a step of its work wants: one event makes at most a listing or a status beside what is published, and
/// publishing asks for room itself.
inline constexpr std::size_t kRecordsPerStep = 8;

/// Somebody waits at `since`; one question whoever asks it.
struct BookAgent::Question {
    Position since;
    ShardMask shards = 0;
    book::UnixNanos asked = book::kNoTime;
};

/// A stream with those who wait for it.
struct BookAgent::OwnedStream {
    OwnedStream(std::unique_ptr<Stream> made, Symbol& of) : stream{std::move(made)}, symbol{&of} {}

    /// Its symbol is in a state in which it may be sent; trades flow in every state.
    [[nodiscard]] bool flows() const noexcept;
    /// The newest position that there is of what it sends.
    [[nodiscard]] book::Sequence newest() const noexcept;

    std::unique_ptr<Stream> stream;
    Symbol* symbol;
    bool afresh = false;  // a new epoch has begun since the last message
    bool listed_as_asked = false;
    std::vector<Question> questions;
    std::vector<Question> ahead;  // from positions that the stream has not come to
    std::uint64_t counted = 0;    // of the stream's encoded()
};

struct BookAgent::Symbol {
    Symbol(const book::Instrument& instrument, const BookAgentOptions& options)
        : book{instrument, options.departures_kept, options.trades_kept},
          epoch{options.epoch} {
        append_json_string(quoted_name, instrument.symbol);
        refresh_wire(options);
    }

    void refresh_wire(const BookAgentOptions& options) {
        if (book.epoch() > 0) epoch = options.epoch + "." + std::to_string(book.epoch());
        wire = {std::string_view{quoted_name}.substr(1, quoted_name.size() - 2), epoch, book.scales()};
    }

    /// What its book says may be sent.
    [[nodiscard]] bool is_open() const noexcept {
        const book::SymbolState state = book.status().state;
        return !awaits_batch && (state == book::SymbolState::Live || state == book::SymbolState::Stale);
    }
    [[nodiscard]] StreamSource source() noexcept { return {book, wire, checksum}; }

    book::SymbolBook book;
    std::string quoted_name;
    std::string epoch;
    SymbolWire wire;
    TopTenChecksum checksum;
    std::uint64_t dropped = 0;  // of the book's dropped_batches(): counted already
    bool paused = false;        // halted or closed: its book is still what it says
    bool has_snapshot = false;  // since it was last not to be believed
    bool awaits_batch = false;  // `live` was announced; the batch that makes it true is still to come
    std::vector<OwnedStream*> streams;
    std::vector<OwnedStream*> raw_streams;  // of these, those that are due after every batch
};

inline bool BookAgent::OwnedStream::flows() const noexcept {
    return stream->key().channel == Channel::Trades || symbol->is_open();
}

inline book::Sequence BookAgent::OwnedStream::newest() const noexcept {
    return stream->key().channel == Channel::Trades ? symbol->book.trades().last() : symbol->book.book().sequence();
}

/// A feed's time, and the streams that become due by it.
struct BookAgent::FeedClock {
    book::UnixNanos time = book::kNoTime;
    book::UnixNanos last_tick = book::kNoTime;
    std::array<std::vector<OwnedStream*>, kRatesMs.size()> by_rate;
};

/// A stream to be published, or (without one) a symbol's status to be told after what stands before it.
struct BookAgent::DueItem {
    OwnedStream* stream = nullptr;
    Symbol* symbol = nullptr;
};

}  // namespace tickgate::gateway
