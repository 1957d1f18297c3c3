#include "gateway/wire.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace tickgate::gateway {
namespace {

using book::kMaxDecimalText;
using book::Level;
using book::LevelChange;
using book::Scales;
using book::Sequence;
using book::UnixNanos;

constexpr std::size_t kMaxNumber = 20;
constexpr std::size_t kMaxLevel = 2 * kMaxDecimalText + sizeof(R"(["",""],)");
constexpr std::size_t kMaxKeys = 320;  // all keys, numbers and times of the longest message, without levels and texts
constexpr std::size_t kMaxTrade = 2 * kMaxDecimalText + 6 * book::VenueId::kMaxText + kMaxNumber + 32;

/// Appends to memory that its owner has made large enough.
class JsonWriter {
public:
    explicit JsonWriter(char* out) noexcept : at_{out} {}

    void text(std::string_view text) noexcept {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    void number(std::uint64_t value) noexcept { at_ = std::to_chars(at_, at_ + kMaxNumber, value).ptr; }
    void number(std::int64_t value) noexcept { at_ = std::to_chars(at_, at_ + kMaxNumber, value).ptr; }
    void key_number(std::string_view key, std::uint64_t value) noexcept {
        text(key);
        number(value);
    }
    void time(std::string_view key, UnixNanos time) noexcept {
        if (time == book::kNoTime) return;
        text(key);
        number(wire_micros(time));
    }
    void times(const MessageTimes& times) noexcept {
        time(R"(,"tx":)", times.venue);
        time(R"(,"tr":)", times.receive);
        time(R"(,"ts":)", times.sent);
    }
    void sid(std::uint32_t sid) noexcept {
        if (sid != kNoSid) key_number(R"(,"sid":)", sid);
    }
    void symbol(const SymbolWire& symbol) noexcept {
        text(R"(,"symbol":")");
        text(symbol.symbol);
        text(R"(","epoch":")");
        text(symbol.epoch);
        text(R"(")");
    }
    void level(book::Price price, book::Quantity quantity, Scales scales) noexcept {
        text(R"([")");
        at_ = book::write_price(at_, price, scales.price);
        text(R"(",")");
        at_ = book::write_quantity(at_, quantity, scales.quantity);
        text(R"("])");
    }
    /// Levels of a cut, worst first in memory, best first on the wire.
    void levels(std::span<const Level> levels, Scales scales) noexcept {
        text("[");
        for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
            if (level != levels.rbegin()) text(",");
            this->level(level->price, level->quantity, scales);
        }
        text("]");
    }
    void changes(std::span<const LevelChange> changes, Scales scales) noexcept {
        text("[");
        for (const LevelChange& change : changes) {
            if (&change != changes.data()) text(",");
            level(change.price, change.quantity, scales);
        }
        text("]");
    }
    void top(std::string_view key, std::span<const Level> side, Scales scales) noexcept {
        text(key);
        if (side.empty()) {
            text("null");
        } else {
            level(side.back().price, side.back().quantity, scales);
        }
    }
    void trade(const book::Trade& trade, Scales scales) noexcept {
        text(R"([")");
        venue_id(trade.id);
        text(R"(",")");
        at_ = book::write_price(at_, trade.price, scales.price);
        text(R"(",")");
        at_ = book::write_quantity(at_, trade.quantity, scales.quantity);
        text(trade.aggressor == book::Side::Bid ? R"(","buy")" : R"(","sell")");
        time(",", trade.venue_time);
        text("]");
    }
    [[nodiscard]] char* end() const noexcept { return at_; }

private:
    void venue_id(const book::VenueId& id) noexcept {
        if (id.is_number()) {
            number(id.number());
            return;
        }
        std::array<char, book::VenueId::kMaxText> raw;
        const char* const raw_end = id.write(raw.data());
        for (const char* c = raw.data(); c != raw_end; ++c) escaped(*c);
    }
    void escaped(char c) noexcept {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') *at_++ = '\\';
        if (code >= 0x20 && code < 0x7f) {
            *at_++ = c;
            return;
        }
        constexpr std::string_view kHex = "0123456789abcdef";
        text("\\u00");
        *at_++ = kHex[code >> 4];
        *at_++ = kHex[code & 15];
    }

    char* at_;
};

}  // namespace

std::int64_t wire_micros(UnixNanos time) noexcept {
    return std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
}

std::size_t max_snapshot_size(const SymbolWire& symbol, std::size_t levels) noexcept {
    return kMaxKeys + symbol.symbol.size() + symbol.epoch.size() + levels * kMaxLevel;
}

char* write_snapshot(char* out, const SymbolWire& symbol, std::uint32_t sid, Sequence seq, std::size_t depth,
                     const book::Cut& cut, std::uint32_t checksum, const MessageTimes& times) noexcept {
    JsonWriter json{out};
    json.text(R"({"type":"snapshot")");
    json.sid(sid);
    json.symbol(symbol);
    json.key_number(R"(,"seq":)", seq.value());
    json.key_number(R"(,"depth":)", depth);
    json.text(R"(,"bids":)");
    json.levels(cut.bids, symbol.scales);
    json.text(R"(,"asks":)");
    json.levels(cut.asks, symbol.scales);
    json.key_number(R"(,"ck":)", checksum);
    json.times(times);
    json.text("}");
    return json.end();
}

std::size_t max_delta_size(std::size_t changes) noexcept {
    return kMaxKeys + changes * kMaxLevel;
}

char* write_delta(char* out, Scales scales, std::uint32_t sid, Sequence prev, Sequence seq,
                  const book::BookDelta& delta, std::uint32_t checksum, const MessageTimes& times) noexcept {
    JsonWriter json{out};
    json.text(R"({"type":"delta")");
    json.sid(sid);
    json.key_number(R"(,"prev":)", prev.value());
    json.key_number(R"(,"seq":)", seq.value());
    json.text(R"(,"bids":)");
    json.changes(delta.bids, scales);
    json.text(R"(,"asks":)");
    json.changes(delta.asks, scales);
    json.key_number(R"(,"ck":)", checksum);
    json.times(times);
    json.text("}");
    return json.end();
}

std::size_t max_bbo_size(const SymbolWire& symbol) noexcept {
    return max_snapshot_size(symbol, 2);
}

char* write_bbo(char* out, const SymbolWire& symbol, std::uint32_t sid, Sequence seq, const book::Cut& top,
                const MessageTimes& times) noexcept {
    JsonWriter json{out};
    json.text(R"({"type":"bbo")");
    json.sid(sid);
    json.symbol(symbol);
    json.key_number(R"(,"seq":)", seq.value());
    json.top(R"(,"bid":)", top.bids, symbol.scales);
    json.top(R"(,"ask":)", top.asks, symbol.scales);
    json.times(times);
    json.text("}");
    return json.end();
}

std::size_t max_trades_size(const SymbolWire& symbol, std::size_t trades) noexcept {
    return kMaxKeys + symbol.symbol.size() + symbol.epoch.size() + trades * kMaxTrade;
}

char* write_trades(char* out, const SymbolWire& symbol, std::uint32_t sid, Sequence prev, Sequence seq,
                   const book::TradeTape& tape, UnixNanos sent) noexcept {
    JsonWriter json{out};
    json.text(R"({"type":"trades")");
    json.sid(sid);
    json.symbol(symbol);
    json.key_number(R"(,"prev":)", prev.value());
    json.key_number(R"(,"seq":)", seq.value());
    json.text(R"(,"trades":[)");
    for (Sequence number = prev.next(); number <= seq; number = number.next()) {
        if (number > prev.next()) json.text(",");
        json.trade(tape.at(number), symbol.scales);
    }
    json.text("]");
    MessageTimes times{.sent = sent};
    if (seq > prev) times.receive = tape.at(seq).receive_time;
    json.times(times);
    json.text("}");
    return json.end();
}

}  // namespace tickgate::gateway
