#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tools/client/tls_client.hpp"
#include "tools/client/ws_url.hpp"

namespace CLI {
class App;
}

namespace tickgate::client {

/// How the WebSockets of a program go over the wire.
struct WireOptions {
    TlsTrust trust;
    bool deflate = false;  ///< messages must be compressed
};

/// The same options for every program that connects to a gateway.
void add_wire_options(CLI::App& app, WireOptions& options);

/// What is wrong with these options for this URL; empty: nothing.
[[nodiscard]] std::string wire_fault(const WsUrl& url, const WireOptions& options);

/// What is wrong with a server's Sec-WebSocket-Extensions where permessage-deflate was offered and must be used,
/// without context takeover by the server; empty: nothing.
[[nodiscard]] std::string deflate_fault(std::string_view extensions);

/// Nothing for a plain URL. Throws std::runtime_error where the file to trust has no certificates.
[[nodiscard]] std::unique_ptr<TlsClient> tls_for(const WsUrl& url, const WireOptions& options);

}  // namespace tickgate::client
