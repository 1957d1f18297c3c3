#include "feeds/bybit/parse.hpp"

#include <cctype>
#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::bybit {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using Values = ValueReader<DecimalText::Quoted>;

/// The fields of a message on its outside.
enum class Field : std::uint8_t { Unknown, Topic, Type, Ts, Cts, Data, kCount };

Field field_of(const char* raw) noexcept {
    if (is_key(raw, "topic")) return Field::Topic;
    if (is_key(raw, "type")) return Field::Type;
    if (is_key(raw, "ts")) return Field::Ts;
    if (is_key(raw, "cts")) return Field::Cts;
    return is_key(raw, "data") ? Field::Data : Field::Unknown;
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

/// `{"s":"ABCUSDT","b":[[price, size], ..],"a":[..],"u":..,"seq":..}`
DecodeError read_book(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    auto& book = message.emplace<BookMessage>();
    book.is_snapshot = fields[Field::Type] == R"("snapshot")"sv;
    if (!book.is_snapshot && fields[Field::Type] != R"("delta")"sv) values.fail(DecodeError::BadField);
    book.time = values.milliseconds(fields[fields.has(Field::Cts) ? Field::Cts : Field::Ts]);
    std::string_view bids;
    std::string_view asks;
    std::string_view update_id;
    JsonCursor cursor{fields[Field::Data]};
    const auto read_member = [&](std::string_view key) {
        if (key == "s") return cursor.read_text(book.symbol);
        if (key == "b") return cursor.read_raw(bids);
        if (key == "a") return cursor.read_raw(asks);
        if (key == "u") return cursor.read_raw(update_id);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member) || !cursor.at_end()) return DecodeError::BadLevels;
    if (book.symbol.empty()) values.fail(DecodeError::MissingField);
    values.levels(bids, buffers.bids);
    values.levels(asks, buffers.asks);
    book.update_id = values.number(update_id);
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    return values.fault();
}

/// A number of spot, letters of derivatives.
book::VenueId trade_id(std::string_view text) noexcept {
    Values values;
    const std::uint64_t number = values.number(text);
    return values.fault() == kNoFault ? book::VenueId{number} : book::VenueId{text};
}

/// `{"T":..,"s":"ABCUSDT","S":"Buy","v":"1","p":"2","i":"..",..}`: the taker's side.
bool read_trade(JsonCursor& cursor, SymbolTrade& entry, Values& values) {
    std::string_view id;
    std::string_view price;
    std::string_view size;
    std::string_view side;
    std::string_view time;
    const auto read_member = [&](std::string_view key) {
        if (key == "s") return cursor.read_text(entry.symbol);
        if (key == "i") return cursor.read_text(id);
        if (key == "p") return cursor.read_raw(price);
        if (key == "v") return cursor.read_raw(size);
        if (key == "S") return cursor.read_text(side);
        if (key == "T") return cursor.read_raw(time);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (entry.symbol.empty() || id.empty()) values.fail(DecodeError::MissingField);
    if (side != "Buy" && side != "Sell") values.fail(DecodeError::BadField);
    entry.trade = {trade_id(id), values.decimal(price), values.quantity(size),
                   side == "Buy" ? book::Side::Bid : book::Side::Ask, values.milliseconds(time)};
    return true;
}

DecodeError read_trades(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    JsonCursor cursor{fields[Field::Data]};
    const auto read_entry = [&] { return read_trade(cursor, buffers.trades.emplace_back(), values); };
    if (!cursor.read_list(read_entry) || !cursor.at_end()) values.fail(DecodeError::BadField);
    message.emplace<TradesMessage>().trades = buffers.trades;
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
    ondemand::document document;
    ondemand::json_type type{};
    if (const DecodeError fault = start(parser, payload, document, type); fault != kNoFault) return fault;
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    fields.clear();
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, fields, field_of); fault != kNoFault) return fault;
    if (!at_end(document)) return DecodeError::InvalidJson;
    const std::string_view topic = fields[Field::Topic];
    // Depth 1 is whole each time, and has numbers of its own; so have `orderbook.rpi` and others named by a word.
    constexpr std::string_view kBook = R"("orderbook.)";
    const bool is_book = topic.starts_with(kBook) &&
                         std::isdigit(static_cast<unsigned char>(topic[kBook.size()])) != 0 &&
                         !topic.starts_with(R"("orderbook.1.)"sv);
    if (!is_book && !topic.starts_with(R"("publicTrade.)"sv)) return kNoFault;
    if (!fields.has(Field::Data)) return DecodeError::MissingField;
    return is_book ? read_book(fields, buffers, message) : read_trades(fields, buffers, message);
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

}  // namespace tickgate::feeds::bybit
