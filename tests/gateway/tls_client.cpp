#include "tests/gateway/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace tickgate::test {

void TlsClient::FreeSession::operator()(ssl_session_st* session) const noexcept {
    SSL_SESSION_free(session);
}

void TlsClient::FreeSsl::operator()(ssl_st* ssl) const noexcept {
    SSL_free(ssl);
}

TlsClient::TlsClient(const TlsOffer& offer, const ssl_session_st* ticket) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    ssl_.reset(SSL_new(context));
    SSL_CTX_free(context);
    // The oldest versions need a security level of 0, which is the client's own business.
    if (offer.version != 0 && offer.version < TLS1_2_VERSION) SSL_set_security_level(ssl_.get(), 0);
    SSL_set_min_proto_version(ssl_.get(), offer.version);
    SSL_set_max_proto_version(ssl_.get(), offer.version);
    if (!offer.protocols.empty()) {
        SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offer.protocols.data()),
                            static_cast<unsigned>(offer.protocols.size()));
    }
    if (std::string host = offer.host; !host.empty()) {
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
    }
    if (!offer.ciphers.empty()) SSL_set_cipher_list(ssl_.get(), offer.ciphers.c_str());
    if (offer.max_fragment != 0) {
        SSL_set_tlsext_max_fragment_length(ssl_.get(), static_cast<std::uint8_t>(offer.max_fragment));
    }
    if (ticket != nullptr) {
        SSL_SESSION* const copy = SSL_SESSION_dup(ticket);
        SSL_set_session(ssl_.get(), copy);
        SSL_SESSION_free(copy);
    }
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl_.get()), -1);
    SSL_set_connect_state(ssl_.get());
}

void TlsClient::check(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) has_failed_ = true;
    ERR_clear_error();
}

bool TlsClient::shake_hands() {
    const int result = SSL_do_handshake(ssl_.get());
    check(result);
    return result == 1;
}

void TlsClient::put(std::string_view from_server) {
    BIO_write(SSL_get_rbio(ssl_.get()), from_server.data(), static_cast<int>(from_server.size()));
}

std::string TlsClient::take() {
    BIO* const bio = SSL_get_wbio(ssl_.get());
    std::string bytes(BIO_ctrl_pending(bio), '\0');
    BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

void TlsClient::write(std::string_view plain) {
    check(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())));
}

std::string TlsClient::read() {
    std::string plain;
    std::array<char, 4'096> buffer;
    int size = 0;
    while ((size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))) > 0) {
        plain.append(buffer.data(), static_cast<std::size_t>(size));
    }
    check(size);
    return plain;
}

void TlsClient::update_keys() {
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_.get());
}

bool TlsClient::renegotiate() {
    return SSL_renegotiate(ssl_.get()) == 1;
}

void TlsClient::close() {
    SSL_shutdown(ssl_.get());
}

bool TlsClient::is_closed_by_server() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

bool TlsClient::was_resumed() const {
    return SSL_session_reused(ssl_.get()) == 1;
}

std::string TlsClient::protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return size == 0 ? std::string{} : std::string{reinterpret_cast<const char*>(name), size};
}

std::string TlsClient::version() const {
    return SSL_get_version(ssl_.get());
}

std::string TlsClient::server_name() const {
    X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    return name.data();
}

TlsClient::Ticket TlsClient::ticket() const {
    return Ticket{SSL_get1_session(ssl_.get())};
}

}  // namespace tickgate::test
