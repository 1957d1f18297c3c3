#include "tools/client/ws_url.hpp"

#include <algorithm>
#include <cctype>

namespace tickgate::client {

namespace {

constexpr std::string_view kScheme = "ws://";
constexpr std::string_view kSecureScheme = "wss://";

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
    WsUrl url;
    url.secure = text.starts_with(kSecureScheme);
    if (!url.secure && !text.starts_with(kScheme)) return std::nullopt;
    text.remove_prefix(url.secure ? kSecureScheme.size() : kScheme.size());
    if (url.secure) url.port = "443";
    const std::size_t slash = std::min(text.find('/'), text.size());
    std::string_view authority = text.substr(0, slash);
    url.host = take_host(authority);
    if (slash + 1 < text.size()) url.target = text.substr(slash);
    if (!authority.empty()) {
        if (authority.front() != ':' || !is_port(authority.substr(1))) return std::nullopt;
        url.port = authority.substr(1);
    }
    if (url.host.empty()) return std::nullopt;
    return url;
}

std::string host_header(const WsUrl& url) {
    const bool v6 = url.host.find(':') != std::string::npos;
    return (v6 ? '[' + url.host + ']' : url.host) + ':' + url.port;
}

}  // namespace tickgate::client
