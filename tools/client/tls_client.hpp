#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace tickgate::client {

/// Whom to take for the server of a wss URL.
struct TlsTrust {
    std::string ca_file;    ///< PEM, of authorities or of the server itself; empty: the system's store
    bool insecure = false;  ///< anybody
};

struct FreeTls {
    void operator()(SSL_CTX* context) const noexcept;
    void operator()(SSL* connection) const noexcept;
    void operator()(SSL_SESSION* session) const noexcept;
};
/// What a connection leaves behind, so that the next one saves the full handshake; empty: nothing.
using TlsSession = std::unique_ptr<SSL_SESSION, FreeTls>;

/// The client's side of TLS 1.2 and 1.3, as all connections of a process have it. ALPN is http/1.1.
class TlsClient {
public:
    /// Throws std::runtime_error where the file has no certificates.
    explicit TlsClient(const TlsTrust& trust);

    /// A context of its own reference, which the caller frees.
    [[nodiscard]] SSL_CTX* shared_context() const noexcept;

    [[nodiscard]] std::unique_ptr<SSL, FreeTls> new_connection() const;

    /// Tells a connection of this context whose certificate it must see: that of `host`, a name or an address; and what
    /// to resume. Throws std::runtime_error where `host` cannot be any.
    static void prepare(SSL* connection, const std::string& host, SSL_SESSION* earlier);

    /// Once the connection is over: what the next one can resume. To be called before the connection is freed.
    [[nodiscard]] static TlsSession take_session(SSL* connection) noexcept;

    /// Whether a handshake failed because the server is not trusted: trying again does not help.
    [[nodiscard]] static bool is_distrusted(const SSL* connection) noexcept;
    /// Why a handshake failed, for a person. `error` is OpenSSL's, 0: none.
    [[nodiscard]] static std::string fault(const SSL* connection, unsigned long error);

private:
    std::unique_ptr<SSL_CTX, FreeTls> context_;
};

}  // namespace tickgate::client
