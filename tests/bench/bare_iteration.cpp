#include "tests/bench/bare_iteration.hpp"

#include <simdjson.h>

namespace tickgate::bench {
namespace {

namespace ondemand = simdjson::ondemand;

std::size_t visit(ondemand::value value);

std::size_t visit(ondemand::array array) {
    std::size_t characters = 0;
    for (ondemand::value element : array) characters += visit(element);
    return characters;
}

std::size_t visit(ondemand::object object) {
    std::size_t characters = 0;
    for (ondemand::field field : object) {
        characters += std::string_view{field.unescaped_key()}.size();
        characters += visit(field.value());
    }
    return characters;
}

std::size_t visit(ondemand::value value) {
    switch (ondemand::json_type{value.type()}) {
        case ondemand::json_type::array:
            return visit(ondemand::array{value.get_array()});
        case ondemand::json_type::object:
            return visit(ondemand::object{value.get_object()});
        case ondemand::json_type::string:
            return std::string_view{value.get_string()}.size();
        default:
            return value.raw_json_token().size();
    }
}

}  // namespace

std::size_t visit_all(std::span<const feeds::RawMessage> messages) {
    ondemand::parser parser;
    std::size_t characters = 0;
    for (const feeds::RawMessage& message : messages) {
        const std::string_view text = message.payload;
        ondemand::document document = parser.iterate(
            simdjson::padded_string_view{text.data(), text.size(), text.size() + feeds::kPayloadPadding});
        characters += visit(ondemand::object{document.get_object()});
    }
    return characters;
}

}  // namespace tickgate::bench
