#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/client/ws_url.hpp"

namespace tickgate::load {

/// The `Sec-WebSocket-Key` that belongs to a nonce, so that nothing but the nonce need be kept until the answer.
[[nodiscard]] std::string upgrade_key(std::uint64_t nonce);

/// The HTTP request that opens a WebSocket. `deflate`: offers compression of each message by itself.
[[nodiscard]] std::string upgrade_request(const client::WsUrl& url, std::string_view key, bool deflate = false);

/// What is wrong with the server's answer (its head, without the blank line); empty: the WebSocket is open.
/// Source: RFC 6455, 4.1.
[[nodiscard]] std::string upgrade_fault(std::string_view head, std::string_view key);

/// Likewise, of its extensions: with `deflate` it must have accepted what was offered, without it there must be none.
/// Source: RFC 7692, 7.1.
[[nodiscard]] std::string extension_fault(std::string_view head, bool deflate);

}  // namespace tickgate::load
