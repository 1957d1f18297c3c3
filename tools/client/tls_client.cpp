#include "tools/client/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <new>
#include <stdexcept>

namespace tickgate::client {

namespace {

// A length and a name, as ALPN has them on the wire. Source: RFC 7301, 3.1.
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Whoever is given a file trusts this file only, also where it is the server's own certificate.
void trust_file(SSL_CTX* context, const std::string& file) {
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
        throw std::runtime_error{"no certificates in " + file};
    }
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

bool is_address(const std::string& host) {
    const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> bytes{a2i_IPADDRESS(host.c_str()),
                                                                                      &ASN1_OCTET_STRING_free};
    return bytes != nullptr;
}

bool expect_address(SSL* connection, const std::string& host) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
}

// The server is told the name, too. The macro that does so casts away what our warnings forbid.
bool expect_name(SSL* connection, std::string host) {
    return SSL_set1_host(connection, host.c_str()) == 1 &&
           SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1;
}

}  // namespace

void FreeTls::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}

void FreeTls::operator()(SSL* connection) const noexcept {
    SSL_free(connection);
}

void FreeTls::operator()(SSL_SESSION* session) const noexcept {
    SSL_SESSION_free(session);
}

TlsClient::TlsClient(const TlsTrust& trust) : context_{SSL_CTX_new(TLS_client_method())} {
    if (!context_) throw std::bad_alloc{};
    SSL_CTX* context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // each connection's owner keeps its own
    if (trust.insecure) return;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (trust.ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else {
        trust_file(context, trust.ca_file);
    }
}

SSL_CTX* TlsClient::shared_context() const noexcept {
    SSL_CTX_up_ref(context_.get());
    return context_.get();
}

std::unique_ptr<SSL, FreeTls> TlsClient::new_connection() const {
    std::unique_ptr<SSL, FreeTls> connection{SSL_new(context_.get())};
    if (!connection) throw std::bad_alloc{};
    return connection;
}

void TlsClient::prepare(SSL* connection, const std::string& host, SSL_SESSION* earlier) {
    const bool is_named = is_address(host) ? expect_address(connection, host) : expect_name(connection, host);
    if (!is_named) throw std::runtime_error{"no name of a server: " + host};
    if (earlier) SSL_set_session(connection, earlier);
}

// OpenSSL takes the session of a connection that was not shut down for broken and would never resume it.
TlsSession TlsClient::take_session(SSL* connection) noexcept {
    SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    TlsSession session{SSL_get1_session(connection)};
    if (session && SSL_SESSION_is_resumable(session.get()) != 1) session.reset();
    return session;
}

bool TlsClient::is_distrusted(const SSL* connection) noexcept {
    return SSL_get_verify_mode(connection) != SSL_VERIFY_NONE && SSL_get_verify_result(connection) != X509_V_OK;
}

std::string TlsClient::fault(const SSL* connection, unsigned long error) {
    if (is_distrusted(connection)) {
        return std::string{"the server's certificate is refused: "} +
               X509_verify_cert_error_string(SSL_get_verify_result(connection));
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER) {
        return "the server does not speak TLS";
    }
    const char* reason = ERR_reason_error_string(error);
    return std::string{"the TLS handshake failed: "} + (reason ? reason : "closed by the server");
}

}  // namespace tickgate::client
