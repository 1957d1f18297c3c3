#include "feeds/binance/fields.hpp"

#include <bit>
#include <cstring>
#include <string>

#include "feeds/binance/level_reader.hpp"

namespace tickgate::feeds::binance {
namespace {

constexpr auto kOneLetter = [] {
    std::array<Field, 128> fields{};
    fields['e'] = Field::EventType;
    fields['E'] = Field::EventTime;
    fields['T'] = Field::Time;
    fields['s'] = Field::Symbol;
    fields['U'] = Field::FirstId;
    fields['u'] = Field::LastId;
    fields['b'] = Field::Bids;
    fields['a'] = Field::Asks;
    fields['B'] = Field::BidQuantity;
    fields['A'] = Field::AskQuantity;
    fields['t'] = Field::TradeId;
    fields['p'] = Field::Price;
    fields['q'] = Field::Quantity;
    fields['m'] = Field::BuyerIsMaker;
    fields['X'] = Field::Origin;
    return fields;
}();

bool is_key(const char* raw, std::string_view name) noexcept {
    return std::char_traits<char>::compare(raw, name.data(), name.size()) == 0 && raw[name.size()] == '"';
}

/// Marks, by the highest bit of each byte up to the first marked one, what no plain text has inside of quotes: quotes,
/// backslashes, control characters, and bytes beyond ASCII.
std::uint64_t find_not_plain(std::uint64_t word) noexcept {
    constexpr std::uint64_t kEach = 0x0101010101010101U;
    const std::uint64_t quotes = (word ^ (kEach * '"')) - kEach;
    const std::uint64_t backslashes = (word ^ (kEach * '\\')) - kEach;
    const std::uint64_t controls = word - kEach * ' ';
    return (quotes | backslashes | controls | word) & (kEach * 0x80);
}

/// What the functions below share. They take a place in the text and return the place behind what they read, nullptr
/// where it is not as expected: the place stays in a register.
struct Collecting {
    const char* end;
    Fields& fields;
    std::vector<PriceLevel>& levels;
};

const char* skip(const char* at, char expected) noexcept {
    return *at == expected ? at + 1 : nullptr;
}

const char* skip_literal(const char* at, std::string_view literal) noexcept {
    return std::string_view{at, literal.size()} == literal ? at + literal.size() : nullptr;
}

const char* skip_digits(const char* at) noexcept {
    const char* const first = at;
    unsigned count = 8;
    for (; count == 8; at += count) count = detail::read_digits(at).count;
    return at != first ? at : nullptr;
}

/// `at`: behind the opening quote.
const char* skip_string(const char* at, const char* end) noexcept {
    for (; at < end; at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        if (const std::uint64_t found = find_not_plain(word); found != 0) {
            at += std::countr_zero(found) / 8;
            return at < end ? skip(at, '"') : nullptr;
        }
    }
    return nullptr;
}

const char* skip_key(const char* at, Field field, const char* end) noexcept {
    const bool is_known_letter = field != Field::Unknown && at[1] == '"';
    at = is_known_letter ? at + 2 : skip_string(at, end);
    return at != nullptr ? skip(at, ':') : nullptr;
}

const char* skip_scalar(const char* at, const char* end) noexcept {
    switch (*at) {
        case '"':
            return skip_string(at + 1, end);
        case 't':
            return skip_literal(at, "true");
        case 'f':
            return skip_literal(at, "false");
        default:
            return skip_digits(at);
    }
}

const char* collect_list(const char* at, Field field, Collecting& to) {
    const std::size_t first = to.levels.size();
    LevelReader reader{at};
    if (!reader.read_into(to.levels)) return nullptr;
    to.fields.set_list(field, at, {first, to.levels.size() - first, true});
    return reader.at();
}

enum class Nesting : bool { MayBeEnvelope, Inner };

const char* collect_object(const char* at, Nesting nesting, Collecting& to) {
    do {
        if (at[1] != '"') return nullptr;  // behind the brace or the comma
        const Field field = field_of(at + 2);
        at = skip_key(at + 2, field, to.end);
        if (at == nullptr) return nullptr;
        const bool is_data = field == Field::Data && nesting == Nesting::MayBeEnvelope;
        if (*at == '[') {
            at = collect_list(at, field, to);
        } else if (*at == '{' || is_data) {
            at = *at == '{' && is_data ? collect_object(at, Nesting::Inner, to) : nullptr;
        } else if (const char* const value = at; (at = skip_scalar(at, to.end)) != nullptr) {
            to.fields.set(field, {value, at});
        }
        if (at == nullptr) return nullptr;
    } while (*at == ',');
    return skip(at, '}');
}

}  // namespace

Field field_of(const char* raw) noexcept {
    if (raw[1] == '"') {
        const auto letter = static_cast<unsigned char>(raw[0]);
        return letter < kOneLetter.size() ? kOneLetter[letter] : Field::Unknown;
    }
    switch (raw[0]) {
        case 'p':
            return is_key(raw, "pu") ? Field::PreviousId : Field::Unknown;
        case 's':
            if (is_key(raw, "stream")) return Field::Stream;
            return is_key(raw, "symbol") ? Field::Symbol : Field::Unknown;
        case 'd':
            return is_key(raw, "data") ? Field::Data : Field::Unknown;
        case 'l':
            return is_key(raw, "lastUpdateId") ? Field::SnapshotId : Field::Unknown;
        case 'b':
            return is_key(raw, "bids") ? Field::SnapshotBids : Field::Unknown;
        case 'a':
            return is_key(raw, "asks") ? Field::SnapshotAsks : Field::Unknown;
        default:
            return Field::Unknown;
    }
}

bool collect_plain(std::string_view payload, Fields& fields, std::vector<PriceLevel>& levels) {
    // The brace at the very end is no part of a number, literal or list: what reads those needs no other bound.
    if (!payload.starts_with('{') || !payload.ends_with('}')) return false;
    const char* const end = payload.data() + payload.size();
    Collecting to{end, fields, levels};
    return collect_object(payload.data(), Nesting::MayBeEnvelope, to) == end;
}

}  // namespace tickgate::feeds::binance
