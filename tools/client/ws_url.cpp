#include <algorithm>
#include <cctype>

#include "tools/client/ws_client.hpp"

namespace tickgate::client {

namespace {

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Takes the host, with or without brackets, off the front of `authority`; what is left is empty or ":PORT".
std::string_view take_host(std::string_view& authority) {
    const bool bracketed = authority.starts_with('[');
    const std::size_t end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (end == std::string_view::npos) return {};
    const std::string_view host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
    authority.remove_prefix(bracketed ? end + 1 : end);
    return host;
}

}  // namespace

std::optional<WsUrl> parse_ws_url(std::string_view text) {
    constexpr std::string_view kScheme = "ws://";
    if (!text.starts_with(kScheme)) return std::nullopt;
    text.remove_prefix(kScheme.size());
    const std::size_t slash = std::min(text.find('/'), text.size());
    std::string_view authority = text.substr(0, slash);
    WsUrl url;
    url.host = take_host(authority);
    if (slash + 1 < text.size()) url.target = text.substr(slash);
    if (!authority.empty()) {
        if (authority.front() != ':' || !is_port(authority.substr(1))) return std::nullopt;
        url.port = authority.substr(1);
    }
    if (url.host.empty()) return std::nullopt;
    return url;
}

}  // namespace tickgate::client
