#include "feeds/binance/parse.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <new>

#include <simdjson.h>

#include "feeds/decimal_reader.hpp"
#include "feeds/raw_message.hpp"

namespace tickgate::feeds::binance {
namespace {

namespace ondemand = simdjson::ondemand;
using namespace std::string_view_literals;

static_assert(kPayloadPadding >= simdjson::SIMDJSON_PADDING);

constexpr DecodeError kNoFault{};

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

// May look a few characters past a shorter key: into the payload, or the bytes behind it.
bool is_key(const char* raw, std::string_view name) noexcept {
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

/// The raw JSON of each known field; empty where it is missing. Which message it is, and so what `b` or `a` means, is
/// known only when all keys were seen, for they may come in any order.
class Fields {
public:
    [[nodiscard]] std::string_view operator[](Field field) const noexcept { return raw_[index(field)]; }
    [[nodiscard]] bool has(Field field) const noexcept { return !raw_[index(field)].empty(); }
    void clear() noexcept { raw_.fill({}); }

    /// `raw` starts with its value's first character; space behind it is cut.
    void set(Field field, std::string_view raw) noexcept {
        while (static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
        raw_[index(field)] = raw;
    }

private:
    static constexpr std::size_t index(Field field) noexcept { return static_cast<std::size_t>(field); }
    std::array<std::string_view, static_cast<std::size_t>(Field::kCount)> raw_{};
};

/// The content of a string without escapes, which is all that Binance sends; empty when it is something else.
std::string_view text_of(std::string_view raw) noexcept {
    if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return {};
    raw = raw.substr(1, raw.size() - 2);
    return raw.find('\\') == std::string_view::npos ? raw : std::string_view{};
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
            if (!read_level(levels.emplace_back())) return false;
        } while (accept(','));
        return accept(']') && at_ == end_;
    }

private:
    [[nodiscard]] bool read_level(PriceLevel& level) noexcept {
        return accept('[') && read_decimal(level.price) && accept(',') && read_decimal(level.quantity) &&
               level.quantity.mantissa >= 0 && accept(']');
    }

    [[nodiscard]] bool read_decimal(book::Decimal& value) noexcept {
        if (*at_ != '"') skip_space();
        return read_quoted_decimal(at_, value);
    }

    // The list ends inside the payload, so that a look at the next character is never a look too far. Space between
    // tokens is allowed and never sent.
    [[nodiscard]] bool accept(char expected) noexcept {
        if (*at_ != expected) {
            skip_space();
            if (*at_ != expected) return false;
        }
        ++at_;
        return true;
    }

    void skip_space() noexcept {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
    }

    const char* at_;
    const char* end_;
};

/// Reads the values that one message needs from their raw text. The first fault is kept, what is read after it is of
/// no meaning: so a message is read in one go and asked once. What is known of the text before is only that simdjson
/// found its tokens; each function checks the rest of its value's grammar.
class FieldReader {
public:
    explicit FieldReader(const Fields& fields) noexcept : fields_{fields} {}

    [[nodiscard]] DecodeError fault() const noexcept { return fault_; }

    std::string_view symbol() noexcept {
        const std::string_view text = text_of(needed(Field::Symbol));
        if (text.empty()) fail(DecodeError::BadField);
        return text;
    }

    std::uint64_t number(Field field) noexcept {
        const std::string_view raw = needed(field);
        constexpr std::size_t kMaxDigits = 19;  // what 64 bits hold, whatever the digits
        std::uint64_t number = 0;
        const char* at = raw.data();
        const char* const end = at + raw.size();
        if (raw.empty() || raw.size() > kMaxDigits) return failed(DecodeError::BadField);
        while (at != end) {
            const auto [value, count] = detail::read_digits(at);
            if (count == 0) return failed(DecodeError::BadField);
            number = number * static_cast<std::uint64_t>(detail::kPowersOfTen[count]) + value;
            at += count;
        }
        return number;
    }

    /// T, else E, else none.
    book::UnixNanos time() noexcept {
        const Field field = fields_.has(Field::Time) ? Field::Time : Field::EventTime;
        if (!fields_.has(field)) return book::kNoTime;
        constexpr std::uint64_t kLatest = std::chrono::milliseconds{kLatestReceiveTime}.count();
        const std::uint64_t milliseconds = number(field);
        if (milliseconds > kLatest) fail(DecodeError::BadField);
        return book::UnixNanos{std::chrono::milliseconds{milliseconds > kLatest ? 0 : milliseconds}};
    }

    UpdateRange update_ids() noexcept {
        UpdateRange ids{number(Field::FirstId), number(Field::LastId), std::nullopt};
        if (ids.first > ids.last) fail(DecodeError::BadField);
        if (fields_.has(Field::PreviousId)) ids.previous = number(Field::PreviousId);
        return ids;
    }

    book::Decimal decimal(Field field) noexcept {
        const std::string_view raw = needed(field);
        book::Decimal value;
        const char* at = raw.data();
        if (raw.empty() || !read_quoted_decimal(at, value) || at != raw.data() + raw.size()) {
            fail(DecodeError::BadDecimal);
        }
        return value;
    }

    book::Decimal quantity(Field field) noexcept {
        const book::Decimal value = decimal(field);
        if (value.mantissa < 0) fail(DecodeError::BadDecimal);
        return value;
    }

    book::Side aggressor() noexcept {
        const std::string_view buyer_is_maker = needed(Field::BuyerIsMaker);
        if (buyer_is_maker == "true"sv) return book::Side::Ask;
        if (buyer_is_maker != "false"sv) fail(DecodeError::BadField);
        return book::Side::Bid;
    }

    /// Appends the levels; returns how many.
    std::size_t levels(Field field, std::vector<PriceLevel>& out) {
        const std::size_t before = out.size();
        const std::string_view raw = needed(field);
        if (!raw.empty() && !LevelReader{raw}.read_into(out)) fail(DecodeError::BadLevels);
        return out.size() - before;
    }

private:
    std::string_view needed(Field field) noexcept {
        if (!fields_.has(field)) fail(DecodeError::MissingField);
        return fields_[field];
    }
    void fail(DecodeError fault) noexcept {
        if (fault_ == kNoFault) fault_ = fault;
    }
    std::uint64_t failed(DecodeError fault) noexcept {
        fail(fault);
        return 0;
    }

    const Fields& fields_;
    DecodeError fault_ = kNoFault;
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

    DecodeError collect(std::string_view payload);
    DecodeError collect(ondemand::object& object, bool in_envelope);
    DecodeError collect_value(Field field, ondemand::value& value, bool in_envelope);
};

DecodeError Decoder::Impl::collect(std::string_view payload) {
    fields.clear();
    const simdjson::padded_string_view padded{payload.data(), payload.size(), payload.size() + kPayloadPadding};
    ondemand::document document;
    if (parser.iterate(padded).get(document)) return DecodeError::InvalidJson;
    ondemand::json_type type{};
    if (document.type().get(type)) return DecodeError::InvalidJson;
    if (type == ondemand::json_type::array) return kNoFault;  // an all-market stream: nothing of ours
    if (type != ondemand::json_type::object) return DecodeError::NotAnObject;
    ondemand::object object;
    if (document.get_object().get(object)) return DecodeError::InvalidJson;
    if (const DecodeError fault = collect(object, true); fault != kNoFault) return fault;
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end ? kNoFault : DecodeError::InvalidJson;
}

DecodeError Decoder::Impl::collect(ondemand::object& object, bool in_envelope) {
    for (auto entry : object) {
        ondemand::field item;
        if (std::move(entry).get(item)) return DecodeError::InvalidJson;
        const Field field = field_of(item.key().raw());
        if (field == Field::Unknown) continue;
        if (const DecodeError fault = collect_value(field, item.value(), in_envelope); fault != kNoFault) return fault;
    }
    return kNoFault;
}

DecodeError Decoder::Impl::collect_value(Field field, ondemand::value& value, bool in_envelope) {
    const std::string_view token = value.raw_json_token();
    if (token.front() == '[') {
        ondemand::array array;
        std::string_view raw;
        if (value.get_array().get(array) || array.raw_json().get(raw)) return DecodeError::InvalidJson;
        fields.set(field, raw);
        return kNoFault;
    }
    if (field == Field::Data && in_envelope) {
        ondemand::object data;
        if (token.front() != '{') return DecodeError::NotAnObject;
        if (value.get_object().get(data)) return DecodeError::InvalidJson;
        return collect(data, false);
    }
    fields.set(field, token);
    return kNoFault;
}

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {
    // The parser grows to each message that is longer than all before, and to no more. Few are longer than this.
    constexpr std::size_t kUsualLength = 64 * 1024;
    if (impl_->parser.allocate(kUsualLength)) throw std::bad_alloc{};
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
