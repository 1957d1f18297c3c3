#include "feeds/kraken/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"
#include "feeds/venue_time.hpp"

namespace tickgate::feeds::kraken {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using QuotedReader = ValueReader<DecimalText::Quoted>;  // version 1
using BareReader = ValueReader<DecimalText::Bare>;      // version 2

constexpr bool is_fault(DecodeError error) noexcept {
    return error != kNoFault;
}

/// The fields of a message of version 2, around its data.
enum class Field : std::uint8_t { Unknown, Channel, Type, Data, Method, Result, Success, kCount };

Field field_of(const char* raw) noexcept {
    switch (raw[0]) {
        case 'c':
            return is_key(raw, "channel") ? Field::Channel : Field::Unknown;
        case 't':
            return is_key(raw, "type") ? Field::Type : Field::Unknown;
        case 'd':
            return is_key(raw, "data") ? Field::Data : Field::Unknown;
        case 'm':
            return is_key(raw, "method") ? Field::Method : Field::Unknown;
        case 'r':
            return is_key(raw, "result") ? Field::Result : Field::Unknown;
        case 's':
            return is_key(raw, "success") ? Field::Success : Field::Unknown;
        default:
            return Field::Unknown;
    }
}

/// What messages are read into; grows to the longest.
struct Buffers {
    std::vector<PriceLevel> bids;
    std::vector<PriceLevel> asks;
    std::vector<SymbolTrade> trades;

    void clear() noexcept {
        bids.clear();
        asks.clear();
        trades.clear();
    }
};

template <typename Reader>
std::uint32_t checksum_of(std::uint64_t number, Reader& values) noexcept {
    if (number > std::numeric_limits<std::uint32_t>::max()) values.fail(DecodeError::BadField);
    return static_cast<std::uint32_t>(number);
}

/// The taker's side.
template <typename Reader>
book::Side side_of(std::string_view side, std::string_view buy, std::string_view sell, Reader& values) noexcept {
    if (side != buy && side != sell) values.fail(side.empty() ? DecodeError::MissingField : DecodeError::BadField);
    return side == buy ? book::Side::Bid : book::Side::Ask;
}

// Version 1: [channel id, data, .., "channel name", "pair"]

/// `["price","volume","time"]`, and `"r"` where the venue republishes a level.
bool read_timed_level(JsonCursor& cursor, PriceLevel& level, book::UnixNanos& latest) {
    std::string_view text;
    if (!cursor.accept('[') || !cursor.read_decimal<DecimalText::Quoted>(level.price) || !cursor.accept(',') ||
        !cursor.read_decimal<DecimalText::Quoted>(level.quantity) || level.quantity.mantissa < 0 ||
        !cursor.accept(',') || !cursor.read_text(text)) {
        return false;
    }
    const auto time = take_seconds(text);
    if (!time || !text.empty()) return false;
    latest = std::max(latest, *time);
    while (cursor.accept(',')) {
        if (!cursor.skip_value()) return false;
    }
    return cursor.accept(']');
}

/// One of the objects of a book message: `as` and `bs`, or `a` and `b`, and the checksum in the last.
bool read_book_part(std::string_view raw, Buffers& buffers, BookMessage& book, bool& has_changes,
                    std::string_view& checksum) {
    JsonCursor cursor{raw};
    const auto read_levels = [&](std::vector<PriceLevel>& levels) {
        return cursor.read_list([&] { return read_timed_level(cursor, levels.emplace_back(), book.time); });
    };
    const auto read_member = [&](std::string_view key) {
        if (key == "c") return cursor.read_raw(checksum);
        if (key == "as" || key == "bs") {
            book.is_snapshot = true;
            return read_levels(key == "bs" ? buffers.bids : buffers.asks);
        }
        if (key == "a" || key == "b") {
            has_changes = true;
            return read_levels(key == "b" ? buffers.bids : buffers.asks);
        }
        return cursor.skip_value();
    };
    return cursor.read_object(read_member) && cursor.at_end();
}

/// The depth in `book-1000`.
std::uint32_t depth_of(std::string_view channel) noexcept {
    std::uint32_t depth = 0;
    const std::size_t dash = channel.find('-');
    if (dash != std::string_view::npos) {
        std::from_chars(channel.data() + dash + 1, channel.data() + channel.size(), depth);
    }
    return depth;
}

DecodeError read_book_v1(std::span<const std::string_view> parts, std::string_view channel, std::string_view pair,
                         Buffers& buffers, Message& message) {
    QuotedReader values;
    auto& book = message.emplace<BookMessage>();
    book.symbol = pair;
    book.depth = depth_of(channel);
    bool has_changes = false;
    std::string_view checksum;
    for (const std::string_view part : parts) {
        if (!read_book_part(part, buffers, book, has_changes, checksum)) values.fail(DecodeError::BadLevels);
    }
    if (book.is_snapshot == has_changes) values.fail(DecodeError::MissingField);  // neither, or both
    if (!checksum.empty()) book.checksum = checksum_of(values.quoted_number(checksum), values);
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    return values.fault();
}

/// `["price","volume","time","b" or "s","order type","misc"]`
DecodeError read_trades_v1(std::string_view raw, std::string_view pair, Buffers& buffers, Message& message) {
    QuotedReader values;
    JsonCursor cursor{raw};
    const auto read_trade = [&] {
        std::array<std::string_view, 4> parts;  // those that count
        std::size_t count = 0;
        const auto read_part = [&] {
            std::string_view surplus;
            return cursor.read_raw(count < parts.size() ? parts[count++] : surplus);
        };
        if (!cursor.read_list(read_part)) return false;
        const auto& [price, quantity, time, side] = parts;
        Trade& trade = buffers.trades.emplace_back(SymbolTrade{pair, {}}).trade;
        trade.price = values.decimal(price);
        trade.quantity = values.quantity(quantity);
        trade.venue_time = values.seconds(time);
        trade.aggressor = side_of(side, R"("b")"sv, R"("s")"sv, values);
        return true;
    };
    if (!cursor.read_list(read_trade) || !cursor.at_end()) values.fail(DecodeError::BadField);
    message.emplace<TradesMessage>().trades = buffers.trades;
    return values.fault();
}

// Version 2: {"channel":..,"type":..,"data":[..]}, and {"method":..,"result":..} as answers

/// `{"price":1.0,"qty":2.50}`
bool read_named_level(JsonCursor& cursor, PriceLevel& level) {
    bool has_price = false;
    bool has_quantity = false;
    const auto read_member = [&](std::string_view key) {
        if (key == "price") return has_price = cursor.read_decimal<DecimalText::Bare>(level.price);
        if (key == "qty") return has_quantity = cursor.read_decimal<DecimalText::Bare>(level.quantity);
        return cursor.skip_value();
    };
    return cursor.read_object(read_member) && has_price && has_quantity && level.quantity.mantissa >= 0;
}

bool read_book_entry(JsonCursor& cursor, Buffers& buffers, BookMessage& book, BareReader& values) {
    const auto read_levels = [&](std::vector<PriceLevel>& levels) {
        return cursor.read_list([&] { return read_named_level(cursor, levels.emplace_back()); });
    };
    std::string_view checksum;
    std::string_view timestamp;
    const auto read_member = [&](std::string_view key) {
        if (key == "symbol") return cursor.read_text(book.symbol);
        if (key == "bids") return read_levels(buffers.bids);
        if (key == "asks") return read_levels(buffers.asks);
        if (key == "checksum") return cursor.read_raw(checksum);
        if (key == "timestamp") return cursor.read_raw(timestamp);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (book.symbol.empty()) values.fail(DecodeError::MissingField);
    if (!checksum.empty()) book.checksum = checksum_of(values.number(checksum), values);
    if (!timestamp.empty()) book.time = values.iso_time(timestamp);
    return true;
}

DecodeError read_book_v2(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    BareReader values;
    auto& book = message.emplace<BookMessage>();
    book.is_snapshot = fields[Field::Type] == R"("snapshot")"sv;
    if (!book.is_snapshot && fields[Field::Type] != R"("update")"sv) values.fail(DecodeError::BadField);
    if (!fields.has(Field::Data)) return DecodeError::MissingField;
    JsonCursor cursor{fields[Field::Data]};
    // The list is always of one.
    const bool whole = cursor.accept('[') && read_book_entry(cursor, buffers, book, values) && cursor.accept(']');
    if (!whole || !cursor.at_end()) values.fail(DecodeError::BadLevels);
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    return values.fault();
}

bool read_trade_entry(JsonCursor& cursor, SymbolTrade& entry, BareReader& values) {
    std::string_view price;
    std::string_view quantity;
    std::string_view side;
    std::string_view id;
    std::string_view time;
    const auto read_member = [&](std::string_view key) {
        if (key == "symbol") return cursor.read_text(entry.symbol);
        if (key == "price") return cursor.read_raw(price);
        if (key == "qty") return cursor.read_raw(quantity);
        if (key == "side") return cursor.read_raw(side);
        if (key == "trade_id") return cursor.read_raw(id);
        if (key == "timestamp") return cursor.read_raw(time);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (entry.symbol.empty()) values.fail(DecodeError::MissingField);
    entry.trade = {book::VenueId{values.number(id)}, values.decimal(price), values.quantity(quantity),
                   side_of(side, R"("buy")"sv, R"("sell")"sv, values), values.iso_time(time)};
    return true;
}

DecodeError read_trades_v2(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    // On subscribing the last trades come as a snapshot: they were before, and are repeated at each reconnect.
    if (fields[Field::Type] == R"("snapshot")"sv) return kNoFault;
    BareReader values;
    if (!fields.has(Field::Data)) return DecodeError::MissingField;
    JsonCursor cursor{fields[Field::Data]};
    const auto read_entry = [&] { return read_trade_entry(cursor, buffers.trades.emplace_back(), values); };
    if (!cursor.read_list(read_entry) || !cursor.at_end()) values.fail(DecodeError::BadField);
    message.emplace<TradesMessage>().trades = buffers.trades;
    return values.fault();
}

/// Only that a book was subscribed to matters, for it says the depth.
DecodeError read_answer(const JsonFields<Field>& fields, Message& message) {
    if (fields[Field::Method] != R"("subscribe")"sv || fields[Field::Success] != "true"sv) return kNoFault;
    if (!fields.has(Field::Result)) return kNoFault;
    JsonCursor cursor{fields[Field::Result]};
    std::string_view channel;
    std::string_view symbol;
    std::string_view depth;
    const auto read_member = [&](std::string_view key) {
        if (key == "channel") return cursor.read_text(channel);
        if (key == "symbol") return cursor.read_text(symbol);
        if (key == "depth") return cursor.read_raw(depth);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return DecodeError::BadField;
    if (channel != "book" || symbol.empty() || depth.empty()) return kNoFault;
    BareReader values;
    const std::uint64_t levels = values.number(depth);
    if (levels > std::numeric_limits<std::uint32_t>::max()) values.fail(DecodeError::BadField);
    message = Subscribed{symbol, static_cast<std::uint32_t>(levels)};
    return values.fault();
}

}  // namespace

struct Decoder::Impl {
    ondemand::parser parser;
    JsonFields<Field> fields;
    Buffers buffers;

    DecodeError decode(std::string_view payload, Message& message);
    DecodeError decode_v1(ondemand::document& document, Message& message);
    DecodeError decode_v2(ondemand::document& document, Message& message);
};

DecodeError Decoder::Impl::decode(std::string_view payload, Message& message) {
    ondemand::document document;
    ondemand::json_type type{};
    if (const DecodeError fault = start(parser, payload, document, type); is_fault(fault)) return fault;
    if (type == ondemand::json_type::array) return decode_v1(document, message);
    if (type == ondemand::json_type::object) return decode_v2(document, message);
    return DecodeError::NotAnObject;
}

DecodeError Decoder::Impl::decode_v1(ondemand::document& document, Message& message) {
    std::array<std::string_view, 6> parts;
    std::size_t count = 0;
    ondemand::array array;
    if (document.get_array().get(array)) return DecodeError::InvalidJson;
    for (auto element : array) {
        ondemand::value value;
        if (std::move(element).get(value)) return DecodeError::InvalidJson;
        if (count == parts.size()) return DecodeError::BadField;
        const std::string_view raw = whole_text(value, value.raw_json_token());
        if (raw.empty()) return DecodeError::InvalidJson;
        parts[count++] = raw;
    }
    if (!at_end(document)) return DecodeError::InvalidJson;
    if (count < 4) return DecodeError::MissingField;
    QuotedReader values;
    const std::string_view channel = values.text(parts[count - 2]);
    const std::string_view pair = values.text(parts[count - 1]);
    if (is_fault(values.fault())) return values.fault();
    const auto data = std::span<const std::string_view>{parts}.subspan(1, count - 3);
    if (channel == "book" || channel.starts_with("book-")) return read_book_v1(data, channel, pair, buffers, message);
    if (channel == "trade") return read_trades_v1(data.front(), pair, buffers, message);
    return kNoFault;
}

DecodeError Decoder::Impl::decode_v2(ondemand::document& document, Message& message) {
    fields.clear();
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, fields, field_of); is_fault(fault)) return fault;
    if (!at_end(document)) return DecodeError::InvalidJson;
    const std::string_view channel = fields[Field::Channel];
    if (channel == R"("book")"sv) return read_book_v2(fields, buffers, message);
    if (channel == R"("trade")"sv) return read_trades_v2(fields, buffers, message);
    if (fields.has(Field::Method)) return read_answer(fields, message);
    return kNoFault;
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    prepare(impl_->parser);
}
Decoder::~Decoder() = default;

boost::system::error_code Decoder::decode(std::string_view payload, Message& message) {
    message.emplace<Ignored>();
    impl_->buffers.clear();
    const DecodeError fault = impl_->decode(payload, message);
    return is_fault(fault) ? boost::system::error_code{fault} : boost::system::error_code{};
}

}  // namespace tickgate::feeds::kraken
