#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/client/tls_client.hpp"
#include "tools/client/ws_url.hpp"

namespace tickgate::load {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
};

/// The server's address, looked up once for all clients; nothing: the name is unknown.
[[nodiscard]] std::optional<Endpoint> resolve(const client::WsUrl& url);

/// The server that all clients connect to.
struct Site {
    Endpoint endpoint;
    client::WsUrl url;
    std::unique_ptr<client::TlsClient> tls;  ///< nothing: plain TCP
    bool deflate = false;                    ///< messages must be compressed
};

/// The local address of client number `client`: on loopback a port is unique per address only, so every 20,000 clients
/// get one of their own, 127.0.0.1, 127.0.0.2, … Nothing: the kernel is to choose.
[[nodiscard]] std::optional<Endpoint> source_for(std::uint32_t client, const Endpoint& server);

/// The body of what GET `target` brings, within five seconds; nothing: no answer, or another status than 200.
/// Throws std::runtime_error where the server is not trusted.
[[nodiscard]] std::optional<std::string> http_get(const Site& site, const std::string& target);

}  // namespace tickgate::load
