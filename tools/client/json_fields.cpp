#include "tools/client/json_fields.hpp"

#include <fmt/format.h>

#include <iterator>

namespace tickgate::client {

namespace {

// simdjson's default-constructed array may not be iterated.
simdjson::dom::array empty_array() {
    static simdjson::dom::parser parser;
    static const simdjson::dom::array empty = parser.parse(std::string{"[]"}).get_array();
    return empty;
}

}  // namespace

std::string_view text_field(const simdjson::dom::element& object, std::string_view key) {
    std::string_view text;
    if (object.at_key(key).get_string().get(text) != simdjson::SUCCESS) return {};
    return text;
}

std::optional<std::uint64_t> number_field(const simdjson::dom::element& object, std::string_view key) {
    std::uint64_t number = 0;
    if (object.at_key(key).get_uint64().get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

bool flag_field(const simdjson::dom::element& object, std::string_view key) {
    bool flag = false;
    return object.at_key(key).get_bool().get(flag) == simdjson::SUCCESS && flag;
}

simdjson::dom::array array_field(const simdjson::dom::element& object, std::string_view key) {
    simdjson::dom::array array;
    if (object.at_key(key).get_array().get(array) != simdjson::SUCCESS) return empty_array();
    return array;
}

std::string_view text_at(const simdjson::dom::array& array, std::size_t index) {
    std::string_view text;
    if (array.at(index).get_string().get(text) != simdjson::SUCCESS) return {};
    return text;
}

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(quoted), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            quoted += c;
        }
    }
    return quoted += '"';
}

}  // namespace tickgate::client
