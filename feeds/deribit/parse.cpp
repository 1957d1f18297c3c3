#include "feeds/deribit/parse.hpp"

#include <vector>

#include "feeds/json_cursor.hpp"
#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::deribit {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;
using Values = ValueReader<DecimalText::Bare>;

/// The fields of a notification: {"jsonrpc":..,"method":"subscription","params":{"channel":..,"data":..}}
enum class Field : std::uint8_t { Unknown, Method, Params, kCount };

Field field_of(const char* raw) noexcept {
    if (is_key(raw, "method")) return Field::Method;
    return is_key(raw, "params") ? Field::Params : Field::Unknown;
}

/// What messages are read into; grows to the longest.
struct Buffers {
    std::vector<PriceLevel> bids;
    std::vector<PriceLevel> asks;
    std::vector<InstrumentTrade> trades;

    void clear() noexcept {
        bids.clear();
        asks.clear();
        trades.clear();
    }
};

/// `ticker.BTC-PERPETUAL.raw`
constexpr std::string_view kTicker = "ticker.";

/// `book.BTC-PERPETUAL.raw`, rather than `book.BTC-PERPETUAL.none.10.100ms`, which has the best levels anew each time.
bool is_book(std::string_view channel) noexcept {
    if (!channel.starts_with("book.")) return false;
    const std::size_t interval = channel.find('.', 5);
    return interval != std::string_view::npos && channel.find('.', interval + 1) == std::string_view::npos;
}

/// `["new",price,amount]`, also `change`, `delete`
bool read_level(JsonCursor& cursor, PriceLevel& level) {
    std::string_view action;
    if (!cursor.accept('[') || !cursor.read_text(action) || !cursor.accept(',') ||
        !cursor.read_decimal<DecimalText::Bare>(level.price) || !cursor.accept(',') ||
        !cursor.read_decimal<DecimalText::Bare>(level.quantity) || level.quantity.mantissa < 0) {
        return false;
    }
    if (action == "delete") {
        level.quantity = {};
    } else if (action != "new" && action != "change") {
        return false;
    }
    return cursor.accept(']');
}

DecodeError read_book(std::string_view data, Buffers& buffers, Message& message) {
    Values values;
    auto& book = message.emplace<BookMessage>();
    JsonCursor cursor{data};
    std::string_view type;
    std::string_view time;
    std::string_view change_id;
    std::string_view previous;
    bool has_bids = false;
    bool has_asks = false;
    const auto read_levels = [&](std::vector<PriceLevel>& levels) {
        return cursor.read_list([&] { return read_level(cursor, levels.emplace_back()); });
    };
    const auto read_member = [&](std::string_view key) {
        if (key == "type") return cursor.read_text(type);
        if (key == "instrument_name") return cursor.read_text(book.instrument);
        if (key == "timestamp") return cursor.read_raw(time);
        if (key == "change_id") return cursor.read_raw(change_id);
        if (key == "prev_change_id") return cursor.read_raw(previous);
        if (key == "bids") return has_bids = read_levels(buffers.bids);
        if (key == "asks") return has_asks = read_levels(buffers.asks);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member) || !cursor.at_end()) return DecodeError::BadLevels;
    if (book.instrument.empty() || !has_bids || !has_asks) values.fail(DecodeError::MissingField);
    if (!type.empty() && type != "snapshot" && type != "change") values.fail(DecodeError::BadField);
    book.change_id = values.number(change_id);
    book.time = values.milliseconds(time);
    // A change without a predecessor is a whole book as well.
    if (type != "snapshot" && !previous.empty() && previous != "null") {
        if (const std::uint64_t id = values.number(previous); id != 0) book.previous = id;
    }
    book.bids = buffers.bids;
    book.asks = buffers.asks;
    return values.fault();
}

bool read_trade(JsonCursor& cursor, InstrumentTrade& entry, Values& values) {
    std::string_view price;
    std::string_view amount;
    std::string_view direction;
    std::string_view id;
    std::string_view time;
    const auto read_member = [&](std::string_view key) {
        if (key == "instrument_name") return cursor.read_text(entry.instrument);
        if (key == "price") return cursor.read_raw(price);
        if (key == "amount") return cursor.read_raw(amount);
        if (key == "direction") return cursor.read_raw(direction);
        if (key == "trade_id") return cursor.read_raw(id);
        if (key == "timestamp") return cursor.read_raw(time);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member)) return false;
    if (entry.instrument.empty()) values.fail(DecodeError::MissingField);
    const bool buys = direction == R"("buy")"sv;  // the taker
    if (!buys && direction != R"("sell")"sv) {
        values.fail(direction.empty() ? DecodeError::MissingField : DecodeError::BadField);
    }
    // Digits in quotes, of some currencies with its name in front: `ETH-2696097`.
    entry.trade = {book::VenueId{values.text(id)}, values.decimal(price), values.quantity(amount),
                   buys ? book::Side::Bid : book::Side::Ask, values.milliseconds(time)};
    return true;
}

DecodeError read_trades(std::string_view data, Buffers& buffers, Message& message) {
    Values values;
    JsonCursor cursor{data};
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
    if (fields[Field::Method] != R"("subscription")"sv) return kNoFault;
    if (!fields.has(Field::Params)) return DecodeError::MissingField;

    JsonCursor cursor{fields[Field::Params]};
    std::string_view channel;
    std::string_view data;
    const auto read_member = [&](std::string_view key) {
        if (key == "channel") return cursor.read_text(channel);
        if (key == "data") return cursor.read_raw(data);
        return cursor.skip_value();
    };
    if (!cursor.read_object(read_member) || !cursor.at_end()) return DecodeError::BadField;
    if (channel.empty() || data.empty()) return DecodeError::MissingField;
    if (is_book(channel)) return read_book(data, buffers, message);
    if (channel.starts_with("trades.")) return read_trades(data, buffers, message);
    if (channel.starts_with(kTicker) && channel.rfind('.') > kTicker.size()) {
        message.emplace<TickerMessage>().instrument =
            channel.substr(kTicker.size(), channel.rfind('.') - kTicker.size());
    }
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
    return fault == kNoFault ? boost::system::error_code{} : boost::system::error_code{fault};
}

}  // namespace tickgate::feeds::deribit
