#include "feeds/coinbase/parse.hpp"

#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::coinbase {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using Values = ValueReader<DecimalText::Quoted>;

/// The fields of a message of either feed, on its outside.
enum class Field : std::uint8_t {
    Unknown,
    Type,
    ProductId,
    Bids,
    Asks,
    Changes,
    Time,
    TradeId,
    Side,
    Size,
    Price,
    Channel,
    Timestamp,
    SequenceNum,
    Events,
    kCount
};

Field field_of(const char* raw) noexcept {
    switch (raw[0]) {
        case 'a':
            return is_key(raw, "asks") ? Field::Asks : Field::Unknown;
        case 'b':
            return is_key(raw, "bids") ? Field::Bids : Field::Unknown;
        case 'c':
            if (is_key(raw, "changes")) return Field::Changes;
            return is_key(raw, "channel") ? Field::Channel : Field::Unknown;
        case 'e':
            return is_key(raw, "events") ? Field::Events : Field::Unknown;
        case 'p':
            if (is_key(raw, "product_id")) return Field::ProductId;
            return is_key(raw, "price") ? Field::Price : Field::Unknown;
        case 's':
            if (is_key(raw, "side")) return Field::Side;
            if (is_key(raw, "sequence_num")) return Field::SequenceNum;
            return is_key(raw, "size") ? Field::Size : Field::Unknown;
        case 't':
            if (is_key(raw, "type")) return Field::Type;
            if (is_key(raw, "time")) return Field::Time;
            if (is_key(raw, "timestamp")) return Field::Timestamp;
            return is_key(raw, "trade_id") ? Field::TradeId : Field::Unknown;
        default:
            return Field::Unknown;
    }
}

/// What messages are read into; grows to the longest.
struct Buffers {
    std::vector<PriceLevel> bids;
    std::vector<PriceLevel> asks;
    std::vector<Book> books;
    std::vector<ProductTrade> trades;

    void clear() noexcept {
        bids.clear();
        asks.clear();
        books.clear();
        trades.clear();
    }
};

/// The taker's side. Both feeds say the maker's.
book::Side aggressor_of(std::string_view maker, std::string_view buy, std::string_view sell, Values& values) noexcept {
    if (maker != buy && maker != sell) values.fail(maker.empty() ? DecodeError::MissingField : DecodeError::BadField);
    return maker == buy ? book::Side::Ask : book::Side::Bid;
}

// Exchange: {"type":..,"product_id":..,..}

/// `["buy","price","size"]`
bool read_change(JsonCursor& cursor, Buffers& buffers) {
    std::string_view side;
    if (!cursor.accept('[') || !cursor.read_text(side) || (side != "buy" && side != "sell")) return false;
    PriceLevel& level = (side == "buy" ? buffers.bids : buffers.asks).emplace_back();
    return cursor.accept(',') && cursor.read_decimal<DecimalText::Quoted>(level.price) && cursor.accept(',') &&
           cursor.read_decimal<DecimalText::Quoted>(level.quantity) && level.quantity.mantissa >= 0 &&
           cursor.accept(']');
}

DecodeError read_book(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    Book& book = buffers.books.emplace_back();
    auto& said = message.said.emplace<BooksMessage>();
    book.product = values.text(fields[Field::ProductId]);
    book.is_snapshot = fields[Field::Type] == R"("snapshot")"sv;
    if (book.is_snapshot) {
        values.levels(fields[Field::Bids], buffers.bids);
        values.levels(fields[Field::Asks], buffers.asks);
        // The snapshots of 2021 have no time yet.
        if (fields.has(Field::Time)) said.time = values.iso_time(fields[Field::Time]);
    } else {
        said.time = values.iso_time(fields[Field::Time]);
        if (!fields.has(Field::Changes)) return DecodeError::MissingField;
        JsonCursor cursor{fields[Field::Changes]};
        const auto read_item = [&] { return read_change(cursor, buffers); };
        if (!cursor.read_list(read_item) || !cursor.at_end()) values.fail(DecodeError::BadLevels);
    }
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    said.books = buffers.books;
    return values.fault();
}

DecodeError read_match(const JsonFields<Field>& fields, bool is_replay, Message& message) {
    Values values;
    auto& said = message.said.emplace<MatchMessage>();
    said.is_replay = is_replay;
    said.match.product = values.text(fields[Field::ProductId]);
    said.match.trade = {book::VenueId{values.number(fields[Field::TradeId])}, values.decimal(fields[Field::Price]),
                        values.quantity(fields[Field::Size]),
                        aggressor_of(fields[Field::Side], R"("buy")"sv, R"("sell")"sv, values),
                        values.iso_time(fields[Field::Time])};
    return values.fault();
}

// Advanced Trade: {"channel":..,"timestamp":..,"sequence_num":..,"events":[..]}

/// `{"side":"bid","event_time":..,"price_level":"1","new_quantity":"2"}`
bool read_update(JsonCursor& cursor, Buffers& buffers) {
    PriceLevel level;
    std::string_view side;
    bool has_price = false;
    bool has_quantity = false;
    const auto read_member = [&](std::string_view key) {
        if (key == "side") return cursor.read_text(side);
        if (key == "price_level") return has_price = cursor.read_decimal<DecimalText::Quoted>(level.price);
        if (key == "new_quantity") return has_quantity = cursor.read_decimal<DecimalText::Quoted>(level.quantity);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member) || !has_price || !has_quantity || level.quantity.mantissa < 0) return false;
    if (side != "bid" && side != "offer") return false;
    (side == "bid" ? buffers.bids : buffers.asks).push_back(level);
    return true;
}

bool read_book_event(JsonCursor& cursor, Buffers& buffers, Values& values) {
    Book& book = buffers.books.emplace_back();
    const std::size_t first_bid = buffers.bids.size();
    const std::size_t first_ask = buffers.asks.size();
    std::string_view type;
    bool has_updates = false;
    const auto read_member = [&](std::string_view key) {
        if (key == "type") return cursor.read_text(type);
        if (key == "product_id") return cursor.read_text(book.product);
        if (key == "updates") return has_updates = cursor.read_list([&] { return read_update(cursor, buffers); });
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (book.product.empty() || !has_updates) values.fail(DecodeError::MissingField);
    if (type != "snapshot" && type != "update") values.fail(DecodeError::BadField);
    book.is_snapshot = type == "snapshot";
    // Their sizes: where they begin is known when all were read, for the buffers still grow.
    book.bids = std::span{buffers.bids}.subspan(first_bid);
    book.asks = std::span{buffers.asks}.subspan(first_ask);
    return true;
}

DecodeError read_books(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    auto& said = message.said.emplace<BooksMessage>();
    said.time = values.iso_time(fields[Field::Timestamp]);
    JsonCursor cursor{fields[Field::Events]};
    const auto read_event = [&] { return read_book_event(cursor, buffers, values); };
    if (!cursor.read_list(read_event) || !cursor.at_end()) values.fail(DecodeError::BadLevels);
    std::size_t bid = 0;
    std::size_t ask = 0;
    for (Book& book : buffers.books) {
        book.bids = std::span{buffers.bids}.subspan(bid, book.bids.size());
        book.asks = std::span{buffers.asks}.subspan(ask, book.asks.size());
        bid += book.bids.size();
        ask += book.asks.size();
    }
    said.books = buffers.books;
    return values.fault();
}

bool read_trade(JsonCursor& cursor, ProductTrade& entry, Values& values) {
    std::string_view price;
    std::string_view size;
    std::string_view side;
    std::string_view id;
    std::string_view time;
    const auto read_member = [&](std::string_view key) {
        if (key == "product_id") return cursor.read_text(entry.product);
        if (key == "price") return cursor.read_raw(price);
        if (key == "size") return cursor.read_raw(size);
        if (key == "side") return cursor.read_raw(side);
        if (key == "trade_id") return cursor.read_raw(id);
        if (key == "time") return cursor.read_raw(time);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (entry.product.empty()) values.fail(DecodeError::MissingField);
    entry.trade = {book::VenueId{values.quoted_number(id)}, values.decimal(price), values.quantity(size),
                   aggressor_of(side, R"("BUY")"sv, R"("SELL")"sv, values), values.iso_time(time)};
    return true;
}

bool read_trades_event(JsonCursor& cursor, Buffers& buffers, Values& values) {
    std::string_view type;
    std::string_view trades;
    const auto read_member = [&](std::string_view key) {
        if (key == "type") return cursor.read_text(type);
        if (key == "trades") return cursor.read_raw(trades);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    // On subscribing the last trades come as a snapshot: they were before, and are repeated at each reconnect.
    if (type == "snapshot") return true;
    if (type != "update") values.fail(DecodeError::BadField);
    if (trades.empty()) {
        values.fail(DecodeError::MissingField);
        return true;
    }
    JsonCursor list{trades};
    const auto read_item = [&] { return read_trade(list, buffers.trades.emplace_back(), values); };
    return list.read_list(read_item) && list.at_end();
}

DecodeError read_trades(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    JsonCursor cursor{fields[Field::Events]};
    const auto read_event = [&] { return read_trades_event(cursor, buffers, values); };
    if (!cursor.read_list(read_event) || !cursor.at_end()) values.fail(DecodeError::BadField);
    message.said.emplace<TradesMessage>().trades = buffers.trades;
    return values.fault();
}

DecodeError read_advanced(const JsonFields<Field>& fields, Buffers& buffers, Message& message) {
    Values values;
    message.sequence = values.number(fields[Field::SequenceNum]);
    if (values.fault() != kNoFault) return values.fault();
    const std::string_view channel = fields[Field::Channel];
    if (channel != R"("l2_data")"sv && channel != R"("market_trades")"sv) return kNoFault;
    if (!fields.has(Field::Events)) return DecodeError::MissingField;
    return channel == R"("l2_data")"sv ? read_books(fields, buffers, message) : read_trades(fields, buffers, message);
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
    if (fields.has(Field::Channel)) return read_advanced(fields, buffers, message);
    const std::string_view said = fields[Field::Type];
    if (said == R"("l2update")"sv || said == R"("snapshot")"sv) return read_book(fields, buffers, message);
    if (said == R"("match")"sv) return read_match(fields, false, message);
    if (said == R"("last_match")"sv) return read_match(fields, true, message);
    return kNoFault;
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    prepare(impl_->parser);
}
Decoder::~Decoder() = default;

boost::system::error_code Decoder::decode(std::string_view payload, Message& message) {
    message.sequence.reset();
    message.said.emplace<Ignored>();
    impl_->buffers.clear();
    const DecodeError fault = impl_->decode(payload, message);
    return fault == kNoFault ? boost::system::error_code{} : boost::system::error_code{fault};
}

}  // namespace tickgate::feeds::coinbase
