#include "gateway/request.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "gateway/json_text.hpp"

namespace tickgate::gateway {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(kRequestPadding >= simdjson::SIMDJSON_PADDING);

constexpr std::array<std::pair<std::string_view, Op>, 8> kOps{{
    {"hello", Op::Hello},
    {"list", Op::List},
    {"modify", Op::Modify},
    {"ping", Op::Ping},
    {"resync", Op::Resync},
    {"subscribe", Op::Subscribe},
    {"symbols", Op::Symbols},
    {"unsubscribe", Op::Unsubscribe},
}};

/// The fields that any op knows, in the spelling that errors point to.
enum class Field : std::uint8_t { Id, Op, Channel, Symbols, Depth, RateMs, Resume, Sid, Sids, Match, Batch };
constexpr std::array<std::string_view, 11> kFieldNames{"id",     "op",  "channel", "symbols", "depth", "rate_ms",
                                                       "resume", "sid", "sids",    "match",   "batch"};

constexpr std::string_view name_of(Field field) {
    return kFieldNames[static_cast<std::size_t>(field)];
}

constexpr std::array kHelloFields{Field::Batch};
constexpr std::array kSubscribeFields{Field::Channel, Field::Symbols, Field::Depth, Field::RateMs, Field::Resume};
constexpr std::array kModifyFields{Field::Sid, Field::Depth, Field::RateMs};
constexpr std::array kUnsubscribeFields{Field::Sids};
constexpr std::array kResyncFields{Field::Sid};
constexpr std::array kSymbolsFields{Field::Match};

std::span<const Field> fields_of(Op op) {
    switch (op) {
        case Op::Subscribe:
            return kSubscribeFields;
        case Op::Modify:
            return kModifyFields;
        case Op::Unsubscribe:
            return kUnsubscribeFields;
        case Op::Resync:
            return kResyncFields;
        case Op::Symbols:
            return kSymbolsFields;
        case Op::Hello:
            return kHelloFields;
        case Op::List:
        case Op::Ping:
            break;
    }
    return {};
}

std::size_t count_characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// Text of a string. It is UTF-8, so that it may be echoed: simdjson refuses what is not, lone surrogates included.
std::optional<std::string_view> text_of(const element& value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

std::optional<std::uint32_t> uint32_of(const element& value) {
    std::uint64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS || number > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(number);
}

/// Looks for `key`: `out` is what it holds, if it is there. False when it is there twice.
bool find_once(const simdjson::dom::object& object, std::string_view key, std::optional<element>& out) {
    out.reset();
    for (const auto [name, value] : object) {
        if (name != key) continue;
        if (out) return false;
        out = value;
    }
    return true;
}

/// One message's fields on their way into a Request; keeps the first thing that is wrong.
class Reader {
public:
    Reader(const simdjson::dom::object& object, const Limits& limits, Request& request)
        : object_{object},
          limits_{limits},
          request_{request} {}

    /// False when something is wrong: error() says what.
    bool read() {
        if (!collect(Field::Id) || !read_id()) return false;
        if (!collect(Field::Op) || !read_op()) return false;
        return std::ranges::all_of(fields_of(request_.op),
                                   [this](Field field) { return collect(field) && read_field(field); });
    }

    [[nodiscard]] RequestError take_error() { return std::move(error_); }

private:
    bool refuse(ErrorCode code, Field field, std::string message) {
        error_ = {code, std::move(message), name_of(field), request_.id};
        return false;
    }
    bool refuse(Field field, std::string_view what) {
        return refuse(ErrorCode::BadRequest, field, fmt::format("{} {}", name_of(field), what));
    }

    /// Makes value_ what the field holds, nothing if it is not there.
    bool collect(Field field) { return find_once(object_, name_of(field), value_) || refuse(field, "is there twice"); }

    bool read_id() {
        if (!value_) return refuse(Field::Id, "is missing");
        if (value_->type() == element_type::INT64) {
            request_.id = fmt::to_string(value_->get_int64().value_unsafe());
            return true;
        }
        const auto text = text_of(*value_);
        if (!text) return refuse(Field::Id, "must be an integer or a string");
        if (count_characters(*text) > kMaxIdCharacters) return refuse(Field::Id, "must have at most 64 characters");
        append_json_string(request_.id, *text);
        return true;
    }

    bool read_op() {
        if (!value_) return refuse(Field::Op, "is missing");
        const auto text = text_of(*value_);
        if (!text) return refuse(Field::Op, "must be a string");
        const auto* known = std::ranges::find(kOps, *text, &std::pair<std::string_view, Op>::first);
        if (known == kOps.end()) return refuse(ErrorCode::UnknownOp, Field::Op, "op is not one that this server knows");
        request_.op = known->second;
        return true;
    }

    bool read_field(Field field) {
        switch (field) {
            case Field::Channel:
                return read_channel();
            case Field::Symbols:
                return read_symbols();
            case Field::Depth:
                return read_class(field, ErrorCode::BadDepth, round_up_depth, request_.depth);
            case Field::RateMs:
                return read_class(field, ErrorCode::BadRate, round_up_rate, request_.rate_ms);
            case Field::Resume:
                return read_resume();
            case Field::Sid:
                return read_sid();
            case Field::Sids:
                return read_sids();
            case Field::Match:
                return read_match();
            case Field::Batch:
                return read_batch();
            case Field::Id:
            case Field::Op:
                break;  // read first, for every op
        }
        return true;
    }

    bool read_channel() {
        if (!value_) return refuse(Field::Channel, "is missing");
        const auto text = text_of(*value_);
        if (!text) return refuse(Field::Channel, "must be a string");
        const auto channel = channel_named(*text);
        if (!channel) {
            return refuse(ErrorCode::UnknownChannel, Field::Channel, "channel must be book, bbo or trades");
        }
        request_.channel = *channel;
        return true;
    }

    bool read_symbols() {
        if (!value_) return refuse(Field::Symbols, "is missing");
        simdjson::dom::array symbols;
        if (value_->get(symbols) != simdjson::SUCCESS) return refuse(Field::Symbols, "must be a list of strings");
        for (const element& symbol : symbols) {
            const auto text = text_of(symbol);
            if (!text) return refuse(Field::Symbols, "must be a list of strings");
            if (request_.symbols.size() == limits_.symbols_per_op) return refuse_too_many(Field::Symbols);
            request_.symbols.emplace_back(*text);
        }
        if (request_.symbols.empty()) return refuse(Field::Symbols, "must name at least one symbol");
        return true;
    }

    bool refuse_too_many(Field field) {
        return refuse(field, fmt::format("must have at most {} entries", limits_.symbols_per_op));
    }

    /// A depth or rate: left out, or an integer that is rounded up to an offered class.
    template <typename RoundUp>
    bool read_class(Field field, ErrorCode outside, RoundUp round_up, std::optional<std::uint32_t>& out) {
        if (!value_) return true;
        std::uint64_t number = 0;
        const auto error = value_->get(number);
        if (error == simdjson::INCORRECT_TYPE) return refuse(field, "must be an integer");
        if (error == simdjson::SUCCESS) out = round_up(number);
        if (!out) return refuse(outside, field, fmt::format("{} is outside the offered range", name_of(field)));
        return true;
    }

    bool read_sid() {
        if (!value_) return refuse(Field::Sid, "is missing");
        const auto sid = uint32_of(*value_);
        if (!sid) return refuse(Field::Sid, "must be an integer, as an ack gave it");
        request_.sid = *sid;
        return true;
    }

    bool read_sids() {
        if (!value_) return refuse(Field::Sids, "is missing");
        simdjson::dom::array sids;
        if (value_->get(sids) != simdjson::SUCCESS) return refuse(Field::Sids, "must be a list of integers");
        for (const element& value : sids) {
            const auto sid = uint32_of(value);
            if (!sid) return refuse(Field::Sids, "must be a list of integers, as acks gave them");
            // Nobody can hold more, and every one that is not held costs a part of the answer.
            if (request_.sids.size() == limits_.subscriptions) {
                return refuse(Field::Sids, fmt::format("must have at most {} entries", limits_.subscriptions));
            }
            request_.sids.push_back(*sid);
        }
        if (request_.sids.empty()) return refuse(Field::Sids, "must name at least one sid");
        return true;
    }

    bool read_match() {
        if (!value_) {
            request_.match = "*";
            return true;
        }
        const auto text = text_of(*value_);
        if (!text) return refuse(Field::Match, "must be a string");
        request_.match = *text;
        return true;
    }

    bool read_batch() {
        if (!value_ || value_->get(request_.batch) == simdjson::SUCCESS) return true;
        return refuse(Field::Batch, "must be true or false");
    }

    bool read_resume() {
        if (!value_) return true;
        simdjson::dom::object points;
        if (value_->get(points) != simdjson::SUCCESS) {
            return refuse(Field::Resume, "must be an object of {epoch, seq, depth} by symbol");
        }
        for (const auto [symbol, point] : points) {
            if (request_.resume.size() == limits_.symbols_per_op) return refuse_too_many(Field::Resume);
            if (!read_resume_point(symbol, point)) return false;
        }
        return true;
    }

    bool read_resume_point(std::string_view symbol, const element& value) {
        constexpr std::string_view kShape = "must hold {epoch, seq, depth} for each symbol";
        simdjson::dom::object fields;
        std::optional<element> epoch, seq, depth;
        if (value.get(fields) != simdjson::SUCCESS) return refuse(Field::Resume, kShape);
        if (std::ranges::find(request_.resume, symbol, &ResumePoint::symbol) != request_.resume.end()) {
            return refuse(Field::Resume, "names a symbol twice");
        }
        if (!find_once(fields, "epoch", epoch) || !find_once(fields, "seq", seq) ||
            !find_once(fields, "depth", depth)) {
            return refuse(Field::Resume, "has a field twice");
        }
        if (!epoch || !seq) return refuse(Field::Resume, kShape);
        return add_resume_point(symbol, *epoch, *seq, depth);
    }

    bool add_resume_point(std::string_view symbol, const element& epoch, const element& seq,
                          const std::optional<element>& depth) {
        const auto epoch_text = text_of(epoch);
        if (!epoch_text) return refuse(Field::Resume, "needs an epoch that is a string");
        std::uint64_t number = 0;
        if (seq.get(number) != simdjson::SUCCESS || number >= kSequenceLimit) {
            return refuse(Field::Resume, "needs a seq that is an integer from 0 to below 2^53");
        }
        std::optional<std::uint32_t> held;
        if (depth) {
            held = uint32_of(*depth);
            if (!held) return refuse(Field::Resume, "needs a depth that is an integer, as the ack gave it");
        }
        request_.resume.push_back({std::string{symbol}, std::string{*epoch_text}, book::Sequence{number}, held});
        return true;
    }

    simdjson::dom::object object_;
    const Limits& limits_;
    Request& request_;
    std::optional<element> value_;
    RequestError error_;
};

void clear(Request& request) {
    request.id.clear();
    request.symbols.clear();
    request.depth.reset();
    request.rate_ms.reset();
    request.sids.clear();
    request.match.clear();
    request.resume.clear();
    request.batch = false;
}

RequestError bad_json(std::string message) {
    return {ErrorCode::BadJson, std::move(message), {}, {}};
}

}  // namespace

struct RequestParser::Json {
    simdjson::dom::parser parser;
};

RequestParser::RequestParser(const Limits& limits) : json_{std::make_unique<Json>()}, limits_{limits} {}

RequestParser::~RequestParser() = default;

std::optional<RequestError> RequestParser::parse(std::string_view message, Request& request) {
    clear(request);
    element root;
    // The whole message is validated before a field is looked at, which reading on demand would not do.
    if (const auto error = json_->parser.parse(message.data(), message.size(), false).get(root)) {
        return bad_json(fmt::format("not JSON: {}", simdjson::error_message(error)));
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return bad_json("a message is a JSON object");
    Reader reader{object, limits_, request};
    if (!reader.read()) return reader.take_error();
    return std::nullopt;
}

}  // namespace tickgate::gateway
