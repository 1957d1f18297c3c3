#include "feeds/binance/parse.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>

#include <simdjson.h>

#include "feeds/decimal_reader.hpp"
#include "feeds/raw_message.hpp"

namespace tickgate::feeds::binance {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;

static_assert(kPayloadPadding >= simdjson::SIMDJSON_PADDING);

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

bool is_key(const char* raw, std::string_view name) noexcept {
    // A raw key ends with its quote, so that the comparison stops there at the latest.
    return std::char_traits<char>::compare(raw, name.data(), name.size()) == 0 && raw[name.size()] == '"';
}

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

std::string_view without_trailing_space(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// The raw JSON of each known field; empty where it is missing. Which message it is, and so what `b` or `a` means, is
/// known only when all keys were seen, for they may come in any order.
class Fields {
public:
    [[nodiscard]] std::string_view operator[](Field field) const noexcept { return raw_[index(field)]; }
    [[nodiscard]] bool has(Field field) const noexcept { return !raw_[index(field)].empty(); }
    void set(Field field, std::string_view raw) noexcept { raw_[index(field)] = without_trailing_space(raw); }
    void clear() noexcept { raw_.fill({}); }

private:
    static constexpr std::size_t index(Field field) noexcept { return static_cast<std::size_t>(field); }
    std::array<std::string_view, static_cast<std::size_t>(Field::kCount)> raw_{};
};

// What is known of the text is that simdjson found its tokens; each of these checks the rest of the value's grammar.

/// A string without escapes, which is all that Binance sends; empty when it is something else.
std::string_view text_of(std::string_view raw) noexcept {
    if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return {};
    raw = raw.substr(1, raw.size() - 2);
    return raw.find('\\') == std::string_view::npos ? raw : std::string_view{};
}

Result<std::uint64_t> number_of(std::string_view raw) noexcept {
    if (raw.empty()) return DecodeError::MissingField;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
    if (error != std::errc{} || end != raw.data() + raw.size()) return DecodeError::BadField;
    return number;
}

Result<book::UnixNanos> time_of(std::string_view raw) noexcept {
    const auto milliseconds = number_of(raw);
    if (!milliseconds) return milliseconds.error();
    constexpr std::uint64_t kLatest = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    if (*milliseconds > kLatest) return DecodeError::BadField;
    return book::UnixNanos{std::chrono::milliseconds{*milliseconds}};
}

/// T, else E, else none.
Result<book::UnixNanos> time_of(const Fields& fields) noexcept {
    if (fields.has(Field::Time)) return time_of(fields[Field::Time]);
    if (fields.has(Field::EventTime)) return time_of(fields[Field::EventTime]);
    return book::kNoTime;
}

Result<std::string_view> symbol_of(const Fields& fields) noexcept {
    if (!fields.has(Field::Symbol)) return DecodeError::MissingField;
    const std::string_view symbol = text_of(fields[Field::Symbol]);
    if (symbol.empty()) return DecodeError::BadField;
    return symbol;
}

Result<book::Decimal> decimal_of(std::string_view raw) noexcept {
    if (raw.empty()) return DecodeError::MissingField;
    book::Decimal value;
    const char* at = raw.data();
    if (!read_quoted_decimal(at, value) || at != raw.data() + raw.size()) return DecodeError::BadDecimal;
    return value;
}

Result<PriceLevel> level_of(std::string_view price, std::string_view quantity) noexcept {
    const auto at = decimal_of(price);
    if (!at) return at.error();
    const auto size = decimal_of(quantity);
    if (!size) return size.error();
    if (size->mantissa < 0) return DecodeError::BadField;
    return PriceLevel{*at, *size};
}

/// Reads `[["price","quantity"],...]` from the text, digit by digit: visiting each string by simdjson and parsing it
/// afterwards took twice as long.
class LevelReader {
public:
    explicit LevelReader(std::string_view raw) noexcept : at_{raw.data()}, end_{raw.data() + raw.size()} {}

    [[nodiscard]] bool read_into(std::vector<PriceLevel>& levels) {
        if (!accept('[')) return false;
        if (accept(']')) return at_ == end_;
        do {
            PriceLevel level;
            if (!read_level(level)) return false;
            levels.push_back(level);
        } while (accept(','));
        return accept(']') && at_ == end_;
    }

private:
    [[nodiscard]] bool read_level(PriceLevel& level) {
        return accept('[') && read_decimal(level.price) && accept(',') && read_decimal(level.quantity) &&
               level.quantity.mantissa >= 0 && accept(']');
    }

    [[nodiscard]] bool read_decimal(book::Decimal& value) {
        skip_space();
        return read_quoted_decimal(at_, value);
    }

    // The list ends inside the payload, so that a look at the next character is never a look too far.
    [[nodiscard]] bool accept(char expected) noexcept {
        skip_space();
        if (*at_ != expected) return false;
        ++at_;
        return true;
    }

    void skip_space() noexcept {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
    }

    const char* at_;
    const char* end_;
};

/// Reads both sides into `levels`, bids first.
struct Sides {
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
};

Result<Sides> sides_of(std::string_view bids, std::string_view asks, std::vector<PriceLevel>& levels) {
    if (bids.empty() || asks.empty()) return DecodeError::MissingField;
    if (!LevelReader{bids}.read_into(levels)) return DecodeError::BadLevels;
    const std::size_t bid_count = levels.size();
    if (!LevelReader{asks}.read_into(levels)) return DecodeError::BadLevels;
    const std::span<const PriceLevel> all{levels};
    return Sides{all.first(bid_count), all.subspan(bid_count)};
}

Result<UpdateRange> ids_of(const Fields& fields) noexcept {
    const auto first = number_of(fields[Field::FirstId]);
    if (!first) return first.error();
    const auto last = number_of(fields[Field::LastId]);
    if (!last) return last.error();
    UpdateRange ids{*first, *last, std::nullopt};
    if (ids.first > ids.last) return DecodeError::BadField;
    if (fields.has(Field::PreviousId)) {
        const auto previous = number_of(fields[Field::PreviousId]);
        if (!previous) return previous.error();
        ids.previous = *previous;
    }
    return ids;
}

/// `@depth5`, `@depth10@100ms`, ..: the best levels anew each time, no difference to what was before. On futures only
/// the stream's name tells them from the depth events that a book is made of.
bool is_partial_depth(std::string_view stream) noexcept {
    constexpr std::string_view kDepth = "@depth";
    const std::size_t at = stream.find(kDepth);
    if (at == std::string_view::npos || at + kDepth.size() >= stream.size()) return false;
    const char next = stream[at + kDepth.size()];
    return next >= '0' && next <= '9';
}

Result<Message> depth_update(const Fields& fields, std::vector<PriceLevel>& levels) {
    const auto symbol = symbol_of(fields);
    if (!symbol) return symbol.error();
    const auto ids = ids_of(fields);
    if (!ids) return ids.error();
    const auto time = time_of(fields);
    if (!time) return time.error();
    const auto sides = sides_of(fields[Field::Bids], fields[Field::Asks], levels);
    if (!sides) return sides.error();
    return DepthUpdate{*symbol, *ids, *time, sides->bids, sides->asks};
}

Result<Message> depth_snapshot(const Fields& fields, std::vector<PriceLevel>& levels) {
    const auto id = number_of(fields[Field::SnapshotId]);
    if (!id) return id.error();
    const auto time = time_of(fields);
    if (!time) return time.error();
    const auto sides = sides_of(fields[Field::SnapshotBids], fields[Field::SnapshotAsks], levels);
    if (!sides) return sides.error();
    return DepthSnapshot{text_of(fields[Field::Symbol]), *id, *time, sides->bids, sides->asks};
}

Result<Message> trade(const Fields& fields, Field id_field) {
    const auto symbol = symbol_of(fields);
    if (!symbol) return symbol.error();
    // Futures also report what the insurance fund and the deleveraging took over (X: INSURANCE_FUND, ADL, NA), at
    // prices off the tick grid and never on the book. The venue leaves those out of its own aggregated trades.
    if (fields.has(Field::Origin) && fields[Field::Origin] != R"("MARKET")"sv) return Ignored{};
    const auto id = number_of(fields[id_field]);
    if (!id) return id.error();
    const auto time = time_of(fields);
    if (!time) return time.error();
    const auto level = level_of(fields[Field::Price], fields[Field::Quantity]);
    if (!level) return level.error();
    const std::string_view buyer_is_maker = fields[Field::BuyerIsMaker];
    if (buyer_is_maker.empty()) return DecodeError::MissingField;
    if (buyer_is_maker != "true"sv && buyer_is_maker != "false"sv) return DecodeError::BadField;
    const book::Side aggressor = buyer_is_maker == "true"sv ? book::Side::Ask : book::Side::Bid;
    return Trade{*symbol, *id, level->price, level->quantity, aggressor, *time};
}

Result<Message> book_ticker(const Fields& fields) {
    const auto symbol = symbol_of(fields);
    if (!symbol) return symbol.error();
    const auto id = number_of(fields[Field::LastId]);
    if (!id) return id.error();
    const auto time = time_of(fields);
    if (!time) return time.error();
    const auto bid = level_of(fields[Field::Bids], fields[Field::BidQuantity]);
    if (!bid) return bid.error();
    const auto ask = level_of(fields[Field::Asks], fields[Field::AskQuantity]);
    if (!ask) return ask.error();
    return BookTicker{*symbol, *id, *time, *bid, *ask};
}

/// By `e`; snapshots and Spot's bookTicker have none and are known by their ids.
Result<Message> message_of(const Fields& fields, std::vector<PriceLevel>& levels) {
    const std::string_view type = fields[Field::EventType];
    const bool partial = is_partial_depth(text_of(fields[Field::Stream]));
    if (type.empty()) {
        if (fields.has(Field::SnapshotId)) return partial ? Result<Message>{Ignored{}} : depth_snapshot(fields, levels);
        if (fields.has(Field::LastId)) return book_ticker(fields);
        return Ignored{};
    }
    if (type == R"("depthUpdate")"sv) return partial ? Result<Message>{Ignored{}} : depth_update(fields, levels);
    if (type == R"("trade")"sv) return trade(fields, Field::TradeId);
    if (type == R"("aggTrade")"sv) return trade(fields, Field::Asks);
    if (type == R"("bookTicker")"sv) return book_ticker(fields);
    if (type.front() != '"') return DecodeError::BadField;
    return Ignored{};
}

class DecodeErrorCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "tickgate.binance"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<DecodeError>(value)) {
            case DecodeError::InvalidJson:
                return "not a JSON document";
            case DecodeError::NotAnObject:
                return "not a JSON object";
            case DecodeError::MissingField:
                return "a field is missing";
            case DecodeError::BadField:
                return "a field has a wrong type or value";
            case DecodeError::BadDecimal:
                return "a price or quantity is not a decimal";
            case DecodeError::BadLevels:
                return "not a list of [price, quantity]";
        }
        return "unknown decode error";
    }
};

}  // namespace

const boost::system::error_category& decode_error_category() noexcept {
    static const DecodeErrorCategory category;
    return category;
}

boost::system::error_code make_error_code(DecodeError error) noexcept {
    return {static_cast<int>(error), decode_error_category()};
}

struct Decoder::Impl {
    ondemand::parser parser;
    Fields fields;

    boost::system::error_code collect(std::string_view payload);
    boost::system::error_code collect(ondemand::object object, bool in_envelope);
    boost::system::error_code collect_value(Field field, ondemand::value value, bool in_envelope);
};

boost::system::error_code Decoder::Impl::collect(std::string_view payload) {
    const simdjson::padded_string_view padded{payload.data(), payload.size(), payload.size() + kPayloadPadding};
    ondemand::document document;
    if (parser.iterate(padded).get(document)) return DecodeError::InvalidJson;
    ondemand::json_type type{};
    if (document.type().get(type)) return DecodeError::InvalidJson;
    if (type == ondemand::json_type::array) return {};  // an all-market stream: nothing of ours
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const auto error = collect(object, true)) return error;
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end ? boost::system::error_code{} : DecodeError::InvalidJson;
}

boost::system::error_code Decoder::Impl::collect(ondemand::object object, bool in_envelope) {
    for (auto entry : object) {
        ondemand::field item;
        if (std::move(entry).get(item)) return DecodeError::InvalidJson;
        const Field field = field_of(item.key().raw());
        if (field == Field::Unknown) continue;
        if (const auto error = collect_value(field, item.value(), in_envelope)) return error;
    }
    return {};
}

boost::system::error_code Decoder::Impl::collect_value(Field field, ondemand::value value, bool in_envelope) {
    const std::string_view token = value.raw_json_token();
    if (token.front() == '[') {
        ondemand::array array;
        std::string_view raw;
        if (value.get_array().get(array) || array.raw_json().get(raw)) return DecodeError::InvalidJson;
        fields.set(field, raw);
        return {};
    }
    if (field == Field::Data && in_envelope) {
        ondemand::object data;
        if (token.front() != '{') return DecodeError::NotAnObject;
        if (value.get_object().get(data)) return DecodeError::InvalidJson;
        return collect(data, false);
    }
    fields.set(field, token);
    return {};
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {}
Decoder::~Decoder() = default;

Result<Message> Decoder::decode(std::string_view payload, std::vector<PriceLevel>& levels) {
    levels.clear();
    impl_->fields.clear();
    if (const auto error = impl_->collect(payload)) return error;
    return message_of(impl_->fields, levels);
}

std::string_view Decoder::symbol() const noexcept {
    return text_of(impl_->fields[Field::Symbol]);
}

std::string_view Decoder::stream() const noexcept {
    return text_of(impl_->fields[Field::Stream]);
}

}  // namespace tickgate::feeds::binance
