#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "tools/client/ws_url.hpp"

namespace tickgate::load {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};

/// The server's address, looked up once for all clients; nothing: the name is unknown.
[[nodiscard]] std::optional<Endpoint> resolve(const client::WsUrl& url);

/// The local address of client number `client`: on loopback a port is unique per address only, so every 20,000 clients
/// get one of their own, 127.0.0.1, 127.0.0.2, … Nothing: the kernel is to choose.
[[nodiscard]] std::optional<Endpoint> source_for(std::uint32_t client, const Endpoint& server);

/// The body of what GET `target` brings, within five seconds; nothing: no answer, or another status than 200.
[[nodiscard]] std::optional<std::string> http_get(const Endpoint& server, const std::string& host,
                                                  const std::string& target);

}  // namespace tickgate::load
