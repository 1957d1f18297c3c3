#include "gateway/json_text.hpp"

namespace tickgate::gateway {

namespace {

void append_escaped(std::string& out, char character) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (character) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20) {
        out += character;
        return;
    }
    out += "\\u00";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char character : text) append_escaped(out, character);
    out += '"';
}

}  // namespace tickgate::gateway
