#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tools/client/tls_client.hpp"
#include "tools/client/ws_client.hpp"

// Only the files that make connections include what instantiates Beast: each takes half a minute.
namespace tickgate::client::detail {

// The concrete executor keeps compile time down (type erasure costs seconds).
using Executor = boost::asio::io_context::executor_type;

inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kAbnormal = 1006;
inline constexpr std::uint16_t kExtensionMissing = 1010;
inline constexpr std::uint16_t kTlsRefused = 1015;  // RFC 6455, 7.4.1: a certificate that cannot be verified

/// One connection, kept alive by its pending operations; it tells the listener of its end exactly once.
class WsConnection {
public:
    virtual ~WsConnection() = default;
    virtual void start() = 0;
    virtual void send(std::string text) = 0;
    virtual void close() = 0;
    /// Says so to the listener unless that has been done, and lets go of the socket.
    virtual void end(std::uint16_t code, std::string_view why) = 0;
    /// The listener is going away: nothing more is told.
    virtual void forget() = 0;
    /// Of a connection that has ended.
    virtual TlsSession take_session() = 0;
};

[[nodiscard]] std::shared_ptr<WsConnection> make_plain(const Executor& executor, WsListener& listener, const WsUrl& url,
                                                       bool deflate);
/// `tls` outlives the connection, `earlier` this call.
[[nodiscard]] std::shared_ptr<WsConnection> make_secure(const Executor& executor, WsListener& listener,
                                                        const WsUrl& url, bool deflate, const TlsClient& tls,
                                                        SSL_SESSION* earlier);

}  // namespace tickgate::client::detail
