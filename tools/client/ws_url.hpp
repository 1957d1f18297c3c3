#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tickgate::client {

/// The largest message that is taken from a server: a whole book of depth 0 comes as one of some megabytes.
inline constexpr std::size_t kMaxMessage = std::size_t{64} << 20;

/// Where a WebSocket server is: ws://HOST[:PORT][/TARGET], or wss:// for TLS.
struct WsUrl {
    std::string host;
    std::string port = "80";  ///< 443 for wss
    std::string target = "/v1/ws";
    bool secure = false;
};

/// Nothing: not such a URL. An IPv6 address stands in brackets; without a path the target is the protocol's.
[[nodiscard]] std::optional<WsUrl> parse_ws_url(std::string_view text);

/// HOST:PORT as a Host header has it.
[[nodiscard]] std::string host_header(const WsUrl& url);

}  // namespace tickgate::client
