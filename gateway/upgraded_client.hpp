#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/tls_session.hpp"

namespace tickgate::gateway {

/// A WebSocket client after its handshake, as the HTTP server hands it on.
struct UpgradedClient {
    int fd = -1;  ///< connected, non-blocking, with TCP_NODELAY, known to no io_context; whoever gets it closes it
    std::string remote_address;
    /// Permessage-deflate was agreed on, without context takeover: what is sent deflated may reach back below 2 to
    /// this. 0: it was not.
    std::uint8_t deflate_bits = 0;
    std::string_view left_over{};  ///< what came after the handshake, in plain; lives as long as the call
    /// Established; what was read of the descriptor has gone into it and come out of it. None on a plain connection.
    std::unique_ptr<TlsSession> tls{};
};

}  // namespace tickgate::gateway
