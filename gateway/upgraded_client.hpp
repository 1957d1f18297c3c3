#pragma once

#include <string>
#include <string_view>

namespace tickgate::gateway {

/// A WebSocket client after its handshake, as the HTTP server hands it on.
struct UpgradedClient {
    int fd = -1;  ///< connected, non-blocking, with TCP_NODELAY, known to no io_context; whoever gets it closes it
    std::string remote_address;
    std::string_view left_over{};  ///< what came after the handshake; lives as long as the call
};

}  // namespace tickgate::gateway
