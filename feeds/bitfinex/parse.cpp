#include "feeds/bitfinex/parse.hpp"

#include <array>
#include <limits>
#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::bitfinex {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using boost::system::error_code;
using Values = ValueReader<DecimalText::Bare>;

error_code error_of(DecodeError fault) noexcept {
    return fault == kNoFault ? error_code{} : error_code{fault};
}

/// The fields of an event: {"event":..}
enum class Field : std::uint8_t { Unknown, Event, Channel, ChanId, Symbol, Prec, Flags, Status, kCount };

Field field_of(const char* raw) noexcept {
    switch (raw[0]) {
        case 'c':
            if (is_key(raw, "channel")) return Field::Channel;
            return is_key(raw, "chanId") ? Field::ChanId : Field::Unknown;
        case 'e':
            return is_key(raw, "event") ? Field::Event : Field::Unknown;
        case 'f':
            return is_key(raw, "flags") ? Field::Flags : Field::Unknown;
        case 'p':
            return is_key(raw, "prec") ? Field::Prec : Field::Unknown;
        case 's':
            if (is_key(raw, "symbol")) return Field::Symbol;
            return is_key(raw, "status") ? Field::Status : Field::Unknown;
        default:
            return Field::Unknown;
    }
}

DecodeError read_event(const JsonFields<Field>& fields, Message& message) {
    Values values;
    const std::string_view event = fields[Field::Event];
    if (event == R"("subscribed")"sv) {
        auto& said = message.emplace<Subscribed>();
        said.channel = values.number(fields[Field::ChanId]);
        said.kind = values.text(fields[Field::Channel]);
        // Candles and the like have a key in its place.
        if (fields.has(Field::Symbol)) said.symbol = values.text(fields[Field::Symbol]);
        if (fields.has(Field::Prec)) said.precision = values.text(fields[Field::Prec]);
    } else if (event == R"("unsubscribed")"sv) {
        message.emplace<Unsubscribed>().channel = values.number(fields[Field::ChanId]);
    } else if (event == R"("conf")"sv && fields[Field::Status] == R"("OK")"sv && fields.has(Field::Flags)) {
        message.emplace<Configured>().flags = values.number(fields[Field::Flags]);
    }
    return values.fault();
}

/// `[channel, data, number, ..]` or `[channel, "word", data, number, ..]`; a heartbeat has no data.
DecodeError read_channel_message(std::string_view raw, Message& message) {
    std::array<std::string_view, 4> parts;  // those that count
    std::size_t count = 0;
    JsonCursor cursor{raw};
    const auto read_part = [&] {
        std::string_view surplus;
        return cursor.read_raw(count < parts.size() ? parts[count++] : surplus);
    };
    if (!cursor.read_list(read_part) || !cursor.at_end()) return DecodeError::InvalidJson;
    if (count < 2) return DecodeError::MissingField;
    Values values;
    auto& said = message.emplace<ChannelMessage>();
    said.channel = values.number(parts[0]);
    std::size_t next = 1;
    if (parts[next].front() == '"') said.word = values.text(parts[next++]);
    if (said.word != "hb" && next < count) said.data = parts[next++];
    if (next < count) said.number = values.number(parts[next]);
    return values.fault();
}

/// `[price, count, amount]`: the amount's sign is the side; without a count the level is gone.
bool read_level(JsonCursor& cursor, std::vector<PriceLevel>& bids, std::vector<PriceLevel>& asks) {
    constexpr auto kBare = DecimalText::Bare;
    PriceLevel level;
    book::Decimal count;
    if (!cursor.accept('[') || !cursor.read_decimal<kBare>(level.price) || !cursor.accept(',') ||
        !cursor.read_decimal<kBare>(count) || count.mantissa < 0 || !cursor.accept(',') ||
        !cursor.read_decimal<kBare>(level.quantity) || !cursor.accept(']')) {
        return false;
    }
    std::int64_t& amount = level.quantity.mantissa;
    if (amount == 0 || amount == std::numeric_limits<std::int64_t>::min()) return false;
    const bool is_bid = amount > 0;
    if (!is_bid) amount = -amount;
    if (count.mantissa == 0) level.quantity = {};
    (is_bid ? bids : asks).push_back(level);
    return true;
}

}  // namespace

struct Decoder::Impl {
    ondemand::parser parser;
    JsonFields<Field> fields;
    std::vector<PriceLevel> bids;
    std::vector<PriceLevel> asks;

    DecodeError decode(std::string_view payload, Message& message);
};

DecodeError Decoder::Impl::decode(std::string_view payload, Message& message) {
    ondemand::document document;
    ondemand::json_type type{};
    if (const DecodeError fault = start(parser, payload, document, type); fault != kNoFault) return fault;
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        std::string_view raw;
        if (document.get_array().get(array) || array.raw_json().get(raw)) return DecodeError::InvalidJson;
        if (!at_end(document)) return DecodeError::InvalidJson;
        while (raw.back() != ']') raw.remove_suffix(1);  // space behind it
        return read_channel_message(raw, message);
    }
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    fields.clear();
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, fields, field_of); fault != kNoFault) return fault;
    return at_end(document) ? read_event(fields, message) : DecodeError::InvalidJson;
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    prepare(impl_->parser);
}
Decoder::~Decoder() = default;

error_code Decoder::decode(std::string_view payload, Message& message) {
    message.emplace<Ignored>();
    return error_of(impl_->decode(payload, message));
}

error_code Decoder::decode_book(std::string_view data, Book& book) {
    std::vector<PriceLevel>& bids = impl_->bids;
    std::vector<PriceLevel>& asks = impl_->asks;
    bids.clear();
    asks.clear();
    // A list of lists is the whole book, also one of none.
    JsonCursor look{data};
    if (!look.accept('[')) return DecodeError::BadLevels;
    book.is_snapshot = look.peek() == '[' || look.peek() == ']';
    JsonCursor cursor{data};
    const auto read_item = [&] { return read_level(cursor, bids, asks); };
    const bool read = book.is_snapshot ? cursor.read_list(read_item) : read_item();
    if (!read || !cursor.at_end()) return DecodeError::BadLevels;
    book.bids = bids;
    book.asks = asks;
    return {};
}

error_code Decoder::decode_trade(std::string_view data, Trade& trade) {
    if (data.empty()) return DecodeError::MissingField;
    std::array<std::string_view, 4> parts;
    std::size_t count = 0;
    JsonCursor cursor{data};
    const auto read_part = [&] { return count < parts.size() && cursor.read_raw(parts[count++]); };
    if (!cursor.read_list(read_part) || !cursor.at_end()) return DecodeError::BadField;
    Values values;
    trade.id = book::VenueId{values.number(parts[0])};
    trade.venue_time = values.milliseconds(parts[1]);
    trade.quantity = values.decimal(parts[2]);
    trade.price = values.decimal(parts[3]);
    trade.aggressor = trade.quantity.mantissa < 0 ? book::Side::Ask : book::Side::Bid;
    if (trade.quantity.mantissa == std::numeric_limits<std::int64_t>::min()) values.fail(DecodeError::BadDecimal);
    if (trade.quantity.mantissa < 0 && values.fault() == kNoFault) trade.quantity.mantissa = -trade.quantity.mantissa;
    return error_of(values.fault());
}

error_code Decoder::decode_checksum(std::string_view data, std::uint32_t& checksum) {
    Values values;
    const bool negative = data.starts_with('-');
    if (negative) data.remove_prefix(1);
    const std::uint64_t size = values.number(data);
    if (size > std::uint64_t{std::numeric_limits<std::int32_t>::max()} + 1) values.fail(DecodeError::BadField);
    checksum = static_cast<std::uint32_t>(negative ? -size : size);
    return error_of(values.fault());
}

}  // namespace tickgate::feeds::bitfinex
