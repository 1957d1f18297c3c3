#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <simdjson.h>

#include "feeds/decode_error.hpp"
#include "feeds/raw_message.hpp"

namespace tickgate::feeds {

static_assert(kPayloadPadding >= simdjson::SIMDJSON_PADDING);

/// The raw JSON of each field that a venue's messages have; empty where it is missing. Keys may come in any order, and
/// which message it is, so what a field means, is known only when all were seen. `Field` is an enum that ends with
/// kCount.
template <typename Field>
class JsonFields {
public:
    [[nodiscard]] std::string_view operator[](Field field) const noexcept { return raw_[index(field)]; }
    [[nodiscard]] bool has(Field field) const noexcept { return !raw_[index(field)].empty(); }
    void clear() noexcept { raw_.fill({}); }

    void set(Field field, std::string_view raw) noexcept { raw_[index(field)] = raw; }

private:
    static constexpr std::size_t index(Field field) noexcept { return static_cast<std::size_t>(field); }
    std::array<std::string_view, static_cast<std::size_t>(Field::kCount)> raw_{};
};

/// The whole text of a list or an object, which is then read past; empty when it has no end. Takes a copy, so that the
/// caller's value never needs an address: it costs a stall for each field.
[[nodiscard]] std::string_view nested_text(simdjson::ondemand::value value, char first);

/// The whole text of a value, from its `token` (value.raw_json_token()); a list or an object is then read past. Empty
/// when it has no end.
[[nodiscard]] inline std::string_view whole_text(simdjson::ondemand::value& value, std::string_view token) {
    if (token.front() == '[' || token.front() == '{') return nested_text(value, token.front());
    while (static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
    return token;
}

/// Collects what `field_of` knows of an object's fields. `field_of(raw key)`: see is_key; Field::Unknown for others.
template <typename Field, typename FieldOf>
[[nodiscard]] DecodeError collect(simdjson::ondemand::object& object, JsonFields<Field>& fields, FieldOf field_of) {
    for (auto entry : object) {
        if (entry.error()) return DecodeError::InvalidJson;
        simdjson::ondemand::field& item = entry.value_unsafe();  // where it is: a copy costs a stall for each field
        const Field field = field_of(item.key().raw());
        if (field == Field::Unknown) continue;
        const std::string_view raw = whole_text(item.value(), item.value().raw_json_token());
        if (raw.empty()) return DecodeError::InvalidJson;
        fields.set(field, raw);
    }
    return kNoFault;
}

/// True when nothing follows what was read of the document: else it is not one document.
[[nodiscard]] inline bool at_end(simdjson::ondemand::document& document) noexcept {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

/// Starts on a payload, which is followed by kPayloadPadding readable bytes.
[[nodiscard]] inline DecodeError start(simdjson::ondemand::parser& parser, std::string_view payload,
                                       simdjson::ondemand::document& document, simdjson::ondemand::json_type& type) {
    const simdjson::padded_string_view padded{payload.data(), payload.size(), payload.size() + kPayloadPadding};
    const bool started = !parser.iterate(padded).get(document) && !document.type().get(type);
    return started ? kNoFault : DecodeError::InvalidJson;
}

/// Makes the parser ready for messages of the usual length, so that it allocates for few. Throws std::bad_alloc.
void prepare(simdjson::ondemand::parser& parser);

/// Whether a key is `name`. `raw`: what follows the key's opening quote; may look a few characters past a shorter key:
/// into the payload, or the bytes behind it.
[[nodiscard]] inline bool is_key(const char* raw, std::string_view name) noexcept {
    return std::char_traits<char>::compare(raw, name.data(), name.size()) == 0 && raw[name.size()] == '"';
}

}  // namespace tickgate::feeds
