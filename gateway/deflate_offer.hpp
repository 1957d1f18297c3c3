#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tickgate::gateway {

/// What comes of the extensions that a client offers in its handshake.
struct DeflateAgreement {
    enum class Outcome : std::uint8_t {
        None,       ///< no offer of permessage-deflate, or none that can be met: nothing is deflated
        Agreed,     ///< `answer` is to be sent
        Malformed,  ///< not a list of extensions
    };

    Outcome outcome = Outcome::None;
    std::uint8_t window_bits = 0;  ///< Agreed: what we send may reach back below 2 to this
    std::string answer;            ///< Agreed: the value of our Sec-WebSocket-Extensions
};

/// Takes the first offer of permessage-deflate that can be met, without context takeover in either direction.
/// An offer with an unknown parameter, one named twice or one with a value that it may not have is passed over, and so
/// is one of a window of 2^8 bytes for what we send, which zlib cannot keep to.
/// `extensions`: the values of the client's Sec-WebSocket-Extensions, joined by commas.
/// Source: RFC 6455, 9.1; RFC 7692, 5 and 7.1.
[[nodiscard]] DeflateAgreement agree_on_deflate(std::string_view extensions);

}  // namespace tickgate::gateway
