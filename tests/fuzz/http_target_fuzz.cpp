// The target of an HTTP request: what is read has no control characters, and written out again reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/http_message.hpp"

namespace {

using tickgate::gateway::HttpTarget;
using tickgate::gateway::parse_http_target;

void require(bool holds) {
    if (!holds) std::abort();
}

std::string escaped(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        require(byte >= 0x20 && byte != 0x7F);
        out += {'%', kDigits[byte >> 4U], kDigits[byte & 0x0FU]};
    }
    return out;
}

/// Every byte of it escaped, but for the slash that it begins with.
std::string written(const HttpTarget& target) {
    std::string out = "/" + escaped(std::string_view{target.path}.substr(1));
    char separator = '?';
    for (const auto& [name, value] : target.query) {
        out += separator + escaped(name) + '=' + escaped(value);
        separator = '&';
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    const auto target = parse_http_target(bytes);
    if (!target) return 0;
    require(target->path.starts_with('/'));
    const auto again = parse_http_target(written(*target));
    require(again && again->path == target->path && again->query == target->query);
    return 0;
}
