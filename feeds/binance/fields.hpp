#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "feeds/binance/messages.hpp"

namespace tickgate::feeds::binance {

/// The fields that any of our messages has.
enum class Field : std::uint8_t {
    Unknown,
    EventType,     // e
    EventTime,     // E
    Time,          // T
    Symbol,        // s, symbol
    FirstId,       // U
    LastId,        // u
    PreviousId,    // pu
    Bids,          // b: levels, or a ticker's bid price
    Asks,          // a: levels, a ticker's ask price, or an aggregated trade's id
    BidQuantity,   // B
    AskQuantity,   // A
    TradeId,       // t
    Price,         // p
    Quantity,      // q
    BuyerIsMaker,  // m
    Origin,        // X, futures trades
    SnapshotId,    // lastUpdateId
    SnapshotBids,  // bids
    SnapshotAsks,  // asks
    Stream,        // stream
    Data,          // data
    kCount
};

/// `raw`: what follows the key's opening quote. May look a few characters past a shorter key: into the payload, or the
/// bytes behind it.
[[nodiscard]] Field field_of(const char* raw) noexcept;

/// A value that is an array: where its levels stand in the decoder's vector, if it is a list of levels.
struct LevelList {
    std::size_t first = 0;
    std::size_t count = 0;
    bool readable = false;
};

/// The raw JSON of each known field; empty where it is missing. Which message it is, and so what `b` or `a` means, is
/// known only when all keys were seen, for they may come in any order.
class Fields {
public:
    [[nodiscard]] bool has(Field field) const noexcept { return (seen_ & bit(field)) != 0; }
    [[nodiscard]] std::string_view operator[](Field field) const noexcept {
        return has(field) ? raw_[index(field)] : std::string_view{};
    }
    /// Of a field that is an array.
    [[nodiscard]] LevelList list(Field field) const noexcept { return lists_[index(field)]; }

    void clear() noexcept { seen_ = 0; }
    /// `raw`: inside the payload, for what reads it may look a few characters past it.
    void set(Field field, std::string_view raw) noexcept {
        raw_[index(field)] = raw;
        seen_ |= bit(field);
    }
    /// `raw`: the array's first character, in the payload as well.
    void set_list(Field field, const char* raw, LevelList list) noexcept {
        set(field, {raw, 1});
        lists_[index(field)] = list;
    }

private:
    static constexpr auto kFields = static_cast<std::size_t>(Field::kCount);
    static_assert(kFields <= 32, "a bit each");

    static constexpr std::size_t index(Field field) noexcept { return static_cast<std::size_t>(field); }
    static constexpr std::uint32_t bit(Field field) noexcept { return std::uint32_t{1} << index(field); }

    std::uint32_t seen_ = 0;
    std::array<std::string_view, kFields> raw_{};  // of what was seen
    std::array<LevelList, kFields> lists_{};
};

/// Collects a message's fields from its text, as long as that is written as Binance writes it: without space between
/// tokens, escapes, or other nesting than an envelope and its lists of levels. False for anything else, be it JSON or
/// not: `fields` and `levels` are then of no meaning, and a whole JSON reader has to look. Nothing is accepted here
/// that is no JSON, or that such a reader would read otherwise. `payload` is followed by kPayloadPadding readable
/// bytes. `levels` gets the lists' levels.
[[nodiscard]] bool collect_plain(std::string_view payload, Fields& fields, std::vector<PriceLevel>& levels);

}  // namespace tickgate::feeds::binance
