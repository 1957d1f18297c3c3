#include "feeds/json_fields.hpp"

#include <new>

namespace tickgate::feeds {

std::string_view nested_text(simdjson::ondemand::value value, char first) {
    simdjson::ondemand::array array;
    simdjson::ondemand::object object;
    std::string_view text;
    const bool failed = first == '[' ? value.get_array().get(array) || array.raw_json().get(text)
                                     : value.get_object().get(object) || object.raw_json().get(text);
    if (failed) return {};
    while (static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

void prepare(simdjson::ondemand::parser& parser) {
    // It grows to each message that is longer than all before, and to no more. Few are longer than this.
    constexpr std::size_t kUsualLength = 64 * 1024;
    if (parser.allocate(kUsualLength)) throw std::bad_alloc{};
}

}  // namespace tickgate::feeds
