#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "book/order_book.hpp"
#include "book/symbol_book.hpp"
#include "book/trade_tape.hpp"

namespace tickgate::gateway {

/// Times of a data message. `venue` and `receive` are those of the newest update in it; kNoTime is left out.
struct MessageTimes {
    book::UnixNanos venue = book::kNoTime;
    book::UnixNanos receive = book::kNoTime;
    book::UnixNanos sent = book::kNoTime;
};

/// What all messages about one symbol share.
struct SymbolWire {
    std::string_view symbol;  ///< canonical, JSON-escaped
    std::string_view epoch;
    book::Scales scales;
};

/// `sid` of a message outside any stream (REST): left out.
inline constexpr std::uint32_t kNoSid = 0;

/// The encoders below write one compact JSON object, keys in the protocol's order, to `out`, which has room for what
/// the matching `max_..` says, and return the end. They allocate nothing. Thread: any. Levels of a cut come worst
/// first, as a book holds them; changes best first; on the wire the best is first.

[[nodiscard]] std::size_t max_snapshot_size(const SymbolWire& symbol, std::size_t levels) noexcept;
char* write_snapshot(char* out, const SymbolWire& symbol, std::uint32_t sid, book::Sequence seq, std::size_t depth,
                     const book::Cut& cut, std::uint32_t checksum, const MessageTimes& times) noexcept;

[[nodiscard]] std::size_t max_delta_size(std::size_t changes) noexcept;
char* write_delta(char* out, book::Scales scales, std::uint32_t sid, book::Sequence prev, book::Sequence seq,
                  const book::BookDelta& delta, std::uint32_t checksum, const MessageTimes& times) noexcept;

[[nodiscard]] std::size_t max_bbo_size(const SymbolWire& symbol) noexcept;
char* write_bbo(char* out, const SymbolWire& symbol, std::uint32_t sid, book::Sequence seq, const book::Cut& top,
                const MessageTimes& times) noexcept;

[[nodiscard]] std::size_t max_trades_size(const SymbolWire& symbol, std::size_t trades) noexcept;
/// The trades numbered prev + 1 up to seq, all of which the tape still holds.
char* write_trades(char* out, const SymbolWire& symbol, std::uint32_t sid, book::Sequence prev, book::Sequence seq,
                   const book::TradeTape& tape, book::UnixNanos sent) noexcept;

/// Microseconds since 1970, the protocol's unit of time.
[[nodiscard]] std::int64_t wire_micros(book::UnixNanos time) noexcept;

}  // namespace tickgate::gateway
