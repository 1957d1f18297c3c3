#include "feeds/bitget/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::bitget {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using Values = ValueReader<DecimalText::Quoted>;

/// The fields of a message on its outside.
enum class Field : std::uint8_t { Unknown, Arg, Action, Data, Event, kCount };

Field field_of(const char* raw) noexcept {
    if (is_key(raw, "arg")) return Field::Arg;
    if (is_key(raw, "action")) return Field::Action;
    if (is_key(raw, "data")) return Field::Data;
    return is_key(raw, "event") ? Field::Event : Field::Unknown;
}

/// `arg`: what was subscribed to.
struct Subscription {
    std::string_view market;
    std::string_view channel;
    std::string_view symbol;
};

/// What messages are read into; grows to the longest.
struct Buffers {
    std::vector<PriceLevel> bids;
    std::vector<PriceLevel> asks;
    std::vector<Trade> trades;

    void clear() noexcept {
        bids.clear();
        asks.clear();
        trades.clear();
    }
};

bool read_subscription(std::string_view raw, Subscription& arg) {
    JsonCursor cursor{raw};
    const auto read_member = [&](std::string_view key) {
        if (key == "channel") return cursor.read_text(arg.channel);
        if (key == "instType") return cursor.read_text(arg.market);
        if (key == "instId") return cursor.read_text(arg.symbol);
        return cursor.skip_value();
    };
    return cursor.read_object(read_member) && cursor.at_end();
}

/// A bare signed number of 32 bits; 0 is none.
std::optional<std::uint32_t> checksum_of(std::string_view raw, Values& values) noexcept {
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
    if (error != std::errc{} || end != raw.data() + raw.size()) values.fail(DecodeError::BadField);
    if (number == 0) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

/// `{"asks":[[price, size], ..],"bids":..,"checksum":..,"seq":..,"ts":".."}`
bool read_book_entry(JsonCursor& cursor, Buffers& buffers, BookMessage& book, Values& values) {
    std::string_view bids;
    std::string_view asks;
    std::string_view time;
    std::string_view checksum;
    std::string_view sequence;
    std::string_view prev_sequence;
    const auto read_member = [&](std::string_view key) {
        if (key == "bids") return cursor.read_raw(bids);
        if (key == "asks") return cursor.read_raw(asks);
        if (key == "ts") return cursor.read_raw(time);
        if (key == "checksum") return cursor.read_raw(checksum);
        if (key == "seq") return cursor.read_raw(sequence);
        if (key == "pseq") return cursor.read_raw(prev_sequence);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    values.levels(bids, buffers.bids);
    values.levels(asks, buffers.asks);
    book.time = values.milliseconds(values.text(time));
    if (!checksum.empty()) book.checksum = checksum_of(checksum, values);
    if (!sequence.empty()) book.sequence = values.number(sequence);
    if (!prev_sequence.empty()) book.prev_sequence = values.number(prev_sequence);
    return true;
}

DecodeError read_book(const JsonFields<Field>& fields, std::string_view symbol, Buffers& buffers, Message& message) {
    Values values;
    auto& book = message.emplace<BookMessage>();
    book.symbol = symbol;
    book.is_snapshot = fields[Field::Action] == R"("snapshot")"sv;
    if (!book.is_snapshot && fields[Field::Action] != R"("update")"sv) values.fail(DecodeError::BadField);
    JsonCursor cursor{fields[Field::Data]};
    // The list is always of one.
    const bool whole = cursor.accept('[') && read_book_entry(cursor, buffers, book, values) && cursor.accept(']');
    if (!whole || !cursor.at_end()) values.fail(DecodeError::BadLevels);
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    return values.fault();
}

/// Version 1: `["ts","price","size","side"]`; 2: `{"ts":..,"price":..,"size":..,"side":..,"tradeId":".."}`. The taker's
/// side.
bool read_trade(JsonCursor& cursor, Trade& trade, Values& values) {
    std::string_view time;
    std::string_view price;
    std::string_view size;
    std::string_view side;
    std::string_view id;
    const std::array parts{&time, &price, &size, &side};
    std::size_t count = 0;
    const auto read_part = [&] { return count < parts.size() && cursor.read_raw(*parts[count++]); };
    const auto read_member = [&](std::string_view key) {
        if (key == "ts") return cursor.read_raw(time);
        if (key == "price") return cursor.read_raw(price);
        if (key == "size") return cursor.read_raw(size);
        if (key == "side") return cursor.read_raw(side);
        if (key == "tradeId") return cursor.read_raw(id);
        return cursor.skip_value();
    };
    if (!(cursor.peek() == '[' ? cursor.read_list(read_part) : cursor.read_object(read_member))) return false;
    if (side != R"("buy")"sv && side != R"("sell")"sv) values.fail(DecodeError::BadField);
    if (!id.empty()) trade.id = book::VenueId{values.quoted_number(id)};
    trade.price = values.decimal(price);
    trade.quantity = values.quantity(size);
    trade.aggressor = side == R"("buy")"sv ? book::Side::Bid : book::Side::Ask;
    trade.venue_time = values.milliseconds(values.text(time));
    return true;
}

DecodeError read_trades(const JsonFields<Field>& fields, std::string_view symbol, Buffers& buffers, Message& message) {
    // On subscribing the last trades come as a snapshot: they were before, and are repeated at each reconnect.
    if (fields[Field::Action] == R"("snapshot")"sv) return kNoFault;
    Values values;
    if (fields[Field::Action] != R"("update")"sv) values.fail(DecodeError::BadField);
    JsonCursor cursor{fields[Field::Data]};
    const auto read_entry = [&] { return read_trade(cursor, buffers.trades.emplace_back(), values); };
    if (!cursor.read_list(read_entry) || !cursor.at_end()) values.fail(DecodeError::BadField);
    // The newest comes first.
    std::reverse(buffers.trades.begin(), buffers.trades.end());
    auto& said = message.emplace<TradesMessage>();
    said.symbol = symbol;
    said.trades = buffers.trades;
    return values.fault();
}

}  // namespace

struct Decoder::Impl {
    ondemand::parser parser;
    JsonFields<Field> fields;
    Buffers buffers;

    DecodeError decode(std::string_view payload, Message& message);
};

DecodeError Decoder::Impl::decode(std::string_view payload, Message& message) {
    if (payload == "pong"sv) return kNoFault;  // the answer to our "ping", and no JSON
    ondemand::document document;
    ondemand::json_type type{};
    if (const DecodeError fault = start(parser, payload, document, type); fault != kNoFault) return fault;
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    fields.clear();
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, fields, field_of); fault != kNoFault) return fault;
    if (!at_end(document)) return DecodeError::InvalidJson;
    if (fields.has(Field::Event) || !fields.has(Field::Arg)) return kNoFault;
    Subscription arg;
    if (!read_subscription(fields[Field::Arg], arg)) return DecodeError::BadField;
    const bool is_spot = arg.market == "sp" || arg.market == "SP" || arg.market == "SPOT";
    if (!is_spot || (arg.channel != "books" && arg.channel != "trade")) return kNoFault;
    if (arg.symbol.empty() || !fields.has(Field::Data)) return DecodeError::MissingField;
    return arg.channel == "books" ? read_book(fields, arg.symbol, buffers, message)
                                  : read_trades(fields, arg.symbol, buffers, message);
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    prepare(impl_->parser);
}
Decoder::~Decoder() = default;

boost::system::error_code Decoder::decode(std::string_view payload, Message& message) {
    message.emplace<Ignored>();
    impl_->buffers.clear();
    const DecodeError fault = impl_->decode(payload, message);
    return fault == kNoFault ? boost::system::error_code{} : boost::system::error_code{fault};
}

}  // namespace tickgate::feeds::bitget
