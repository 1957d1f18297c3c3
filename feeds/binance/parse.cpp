#include "feeds/binance/parse.hpp"

#include <array>
#include <cstdint>

#include <simdjson.h>

#include "feeds/json_fields.hpp"
#include "feeds/value_reader.hpp"

namespace tickgate::feeds::binance {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;

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

/// `raw`: what follows the key's opening quote.
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

using Fields = JsonFields<Field>;

/// Reads the values that one message needs.
class FieldReader {
public:
    explicit FieldReader(const Fields& fields) noexcept : fields_{fields} {}

    [[nodiscard]] DecodeError fault() const noexcept { return values_.fault(); }

    std::string_view symbol() noexcept { return values_.text(fields_[Field::Symbol]); }
    std::uint64_t number(Field field) noexcept { return values_.number(fields_[field]); }
    book::Decimal decimal(Field field) noexcept { return values_.decimal(fields_[field]); }
    book::Decimal quantity(Field field) noexcept { return values_.quantity(fields_[field]); }

    /// T, else E, else none.
    book::UnixNanos time() noexcept {
        const Field field = fields_.has(Field::Time) ? Field::Time : Field::EventTime;
        return fields_.has(field) ? values_.milliseconds(fields_[field]) : book::kNoTime;
    }

    UpdateRange update_ids() noexcept {
        UpdateRange ids{number(Field::FirstId), number(Field::LastId), std::nullopt};
        if (ids.first > ids.last) values_.fail(DecodeError::BadField);
        if (fields_.has(Field::PreviousId)) ids.previous = number(Field::PreviousId);
        return ids;
    }

    book::Side aggressor() noexcept {
        const std::string_view buyer_is_maker = fields_[Field::BuyerIsMaker];
        if (buyer_is_maker == "true"sv) return book::Side::Ask;
        if (buyer_is_maker != "false"sv) {
            values_.fail(buyer_is_maker.empty() ? DecodeError::MissingField : DecodeError::BadField);
        }
        return book::Side::Bid;
    }

    /// Appends the levels; returns how many.
    std::size_t levels(Field field, std::vector<PriceLevel>& out) { return values_.levels(fields_[field], out); }

private:
    const Fields& fields_;
    ValueReader<DecimalText::Quoted> values_;
};

/// `@depth5`, `@depth10@100ms`, ..: the best levels anew each time, no difference to what was before. On futures only
/// the stream's name tells them from the depth events that a book is made of.
bool is_partial_depth(std::string_view stream) noexcept {
    constexpr std::string_view kDepth = "@depth";
    const std::size_t at = stream.find(kDepth);
    if (at == std::string_view::npos || at + kDepth.size() >= stream.size()) return false;
    const char next = stream[at + kDepth.size()];
    return next >= '0' && next <= '9';
}

DecodeError read_depth_update(const Fields& fields, std::vector<PriceLevel>& levels, Message& message) {
    FieldReader reader{fields};
    auto& update = message.emplace<DepthUpdate>();
    update.symbol = reader.symbol();
    update.ids = reader.update_ids();
    update.time = reader.time();
    const std::size_t bids = reader.levels(Field::Bids, levels);
    const std::size_t asks = reader.levels(Field::Asks, levels);
    update.bids = std::span<const PriceLevel>{levels}.first(bids);
    update.asks = std::span<const PriceLevel>{levels}.subspan(bids, asks);
    return reader.fault();
}

DecodeError read_depth_snapshot(const Fields& fields, std::vector<PriceLevel>& levels, Message& message) {
    FieldReader reader{fields};
    auto& snapshot = message.emplace<DepthSnapshot>();
    if (fields.has(Field::Symbol)) snapshot.symbol = reader.symbol();
    snapshot.last_update_id = reader.number(Field::SnapshotId);
    snapshot.time = reader.time();
    const std::size_t bids = reader.levels(Field::SnapshotBids, levels);
    const std::size_t asks = reader.levels(Field::SnapshotAsks, levels);
    snapshot.bids = std::span<const PriceLevel>{levels}.first(bids);
    snapshot.asks = std::span<const PriceLevel>{levels}.subspan(bids, asks);
    return reader.fault();
}

DecodeError read_trade(const Fields& fields, Field id, Message& message) {
    // Futures also report what the insurance fund and the deleveraging took over (X: INSURANCE_FUND, ADL, NA), at
    // prices off the tick grid and never on the book. The venue leaves those out of its own aggregated trades.
    if (fields.has(Field::Origin) && fields[Field::Origin] != R"("MARKET")"sv) return kNoFault;
    FieldReader reader{fields};
    auto& trade = message.emplace<Trade>();
    trade.symbol = reader.symbol();
    trade.id = reader.number(id);
    trade.price = reader.decimal(Field::Price);
    trade.quantity = reader.quantity(Field::Quantity);
    trade.aggressor = reader.aggressor();
    trade.time = reader.time();
    return reader.fault();
}

DecodeError read_book_ticker(const Fields& fields, Message& message) {
    FieldReader reader{fields};
    auto& ticker = message.emplace<BookTicker>();
    ticker.symbol = reader.symbol();
    ticker.update_id = reader.number(Field::LastId);
    ticker.time = reader.time();
    ticker.bid = {reader.decimal(Field::Bids), reader.quantity(Field::BidQuantity)};
    ticker.ask = {reader.decimal(Field::Asks), reader.quantity(Field::AskQuantity)};
    return reader.fault();
}

/// By `e`; snapshots and Spot's bookTicker have none and are known by their ids. Whatever else it is stays Ignored.
DecodeError read_message(const Fields& fields, std::vector<PriceLevel>& levels, Message& message) {
    const std::string_view type = fields[Field::EventType];
    if (type.empty()) {
        if (!fields.has(Field::SnapshotId)) {
            return fields.has(Field::LastId) ? read_book_ticker(fields, message) : kNoFault;
        }
        if (is_partial_depth(fields[Field::Stream])) return kNoFault;
        return read_depth_snapshot(fields, levels, message);
    }
    if (type == R"("bookTicker")"sv) return read_book_ticker(fields, message);
    if (type == R"("trade")"sv) return read_trade(fields, Field::TradeId, message);
    if (type == R"("aggTrade")"sv) return read_trade(fields, Field::Asks, message);
    if (type == R"("depthUpdate")"sv) {
        if (is_partial_depth(fields[Field::Stream])) return kNoFault;
        return read_depth_update(fields, levels, message);
    }
    return type.front() == '"' ? kNoFault : DecodeError::BadField;
}

}  // namespace

struct Decoder::Impl {
    ondemand::parser parser;
    Fields fields;

    DecodeError collect(std::string_view payload);
    DecodeError collect(ondemand::object& object, bool in_envelope);
    DecodeError collect_value(Field field, ondemand::value& value, bool in_envelope);
};

DecodeError Decoder::Impl::collect(std::string_view payload) {
    fields.clear();
    ondemand::document document;
    ondemand::json_type type{};
    if (const DecodeError fault = start(parser, payload, document, type); fault != kNoFault) return fault;
    if (type == ondemand::json_type::array) return kNoFault;  // an all-market stream: nothing of ours
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, true); fault != kNoFault) return fault;
    return at_end(document) ? kNoFault : DecodeError::InvalidJson;
}

DecodeError Decoder::Impl::collect(ondemand::object& object, bool in_envelope) {
    for (auto entry : object) {
        if (entry.error()) return DecodeError::InvalidJson;
        ondemand::field& item = entry.value_unsafe();  // where it is: a copy costs a stall for each field
        const Field field = field_of(item.key().raw());
        if (field == Field::Unknown) continue;
        if (const DecodeError fault = collect_value(field, item.value(), in_envelope); fault != kNoFault) return fault;
    }
    return kNoFault;
}

DecodeError Decoder::Impl::collect_value(Field field, ondemand::value& value, bool in_envelope) {
    const std::string_view token = value.raw_json_token();
    if (field == Field::Data && in_envelope && token.front() != '[') {
        ondemand::object data;
        if (token.front() != '{') return DecodeError::NotAnObject;
        if (value.get_object().get(data)) return DecodeError::InvalidJson;
        return collect(data, false);
    }
    const std::string_view raw = whole_text(value, token);
    fields.set(field, raw);
    return raw.empty() ? DecodeError::InvalidJson : kNoFault;
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    prepare(impl_->parser);
}
Decoder::~Decoder() = default;

boost::system::error_code Decoder::decode(std::string_view payload, Message& message, std::vector<PriceLevel>& levels) {
    levels.clear();
    message.emplace<Ignored>();
    DecodeError fault = impl_->collect(payload);
    if (fault == kNoFault) fault = read_message(impl_->fields, levels, message);
    return fault == kNoFault ? boost::system::error_code{} : boost::system::error_code{fault};
}

}  // namespace tickgate::feeds::binance
