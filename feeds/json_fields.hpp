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

/// The whole text of a value: of a list or an object up to its end, which it then stands behind.
[[nodiscard]] inline DecodeError raw_of(simdjson::ondemand::value& value, std::string_view& raw) {
    raw = value.raw_json_token();
    if (raw.front() == '[') {
        simdjson::ondemand::array array;
        if (value.get_array().get(array) || array.raw_json().get(raw)) return DecodeError::InvalidJson;
    } else if (raw.front() == '{') {
        simdjson::ondemand::object object;
        if (value.get_object().get(object) || object.raw_json().get(raw)) return DecodeError::InvalidJson;
    }
    while (static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
    return kNoFault;
}

/// Collects what `field_of` knows of an object's fields. `field_of(raw key)`: see is_key; Field::Unknown for others.
template <typename Field, typename FieldOf>
[[nodiscard]] DecodeError collect(simdjson::ondemand::object& object, JsonFields<Field>& fields, FieldOf field_of) {
    for (auto entry : object) {
        simdjson::ondemand::field item;
        if (std::move(entry).get(item)) return DecodeError::InvalidJson;
        const Field field = field_of(item.key().raw());
        if (field == Field::Unknown) continue;
        std::string_view raw;
        if (const DecodeError fault = raw_of(item.value(), raw); fault != kNoFault) return fault;
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
