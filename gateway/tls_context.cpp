#include "gateway/tls_context.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tickgate::gateway {
namespace {

using std::chrono::sys_seconds;

template <auto kFree>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const noexcept {
        kFree(object);
    }
};
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

constexpr std::size_t kTicketKeyBytes = 80;  // name, HMAC key and AES key, as OpenSSL lays them out

/// What OpenSSL said last. Its queue is empty afterwards, as whoever uses OpenSSL next expects.
std::string take_reason() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    std::string text = reason == nullptr ? "no reason given" : reason;
    ERR_clear_error();
    return text;
}

Bio open(std::string_view what, const std::string& file) {
    errno = 0;
    Bio bio{BIO_new_file(file.c_str(), "r")};
    if (bio) return bio;
    const int error = errno;
    ERR_clear_error();
    throw TlsError{fmt::format("{} {}: cannot be read: {}", what, file, std::generic_category().message(error))};
}

/// PEM data has ended where another piece would have begun.
bool is_end_of_pem() {
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

std::vector<Certificate> read_chain(const std::string& file) {
    const Bio bio = open("certificate", file);
    std::vector<Certificate> chain;
    while (Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        chain.push_back(std::move(certificate));
    }
    if (!is_end_of_pem()) throw TlsError{fmt::format("certificate {}: is malformed: {}", file, take_reason())};
    ERR_clear_error();
    if (chain.empty()) throw TlsError{fmt::format("certificate {}: holds no certificate in PEM", file)};
    return chain;
}

bool holds_key(BIO* bio) {
    std::array<char, 128> line;
    (void)BIO_reset(bio);
    while (BIO_gets(bio, line.data(), line.size()) > 0) {
        if (std::string_view{line.data()}.find("PRIVATE KEY-----") != std::string_view::npos) return true;
    }
    return false;
}

int give_no_password(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

Key read_key(const std::string& file) {
    const Bio bio = open("key", file);
    bool is_encrypted = false;
    Key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, give_no_password, &is_encrypted)};
    if (key) return key;
    const std::string reason = take_reason();
    if (is_encrypted) throw TlsError{fmt::format("key {}: is encrypted, and nobody is there to give a password", file)};
    if (!holds_key(bio.get())) throw TlsError{fmt::format("key {}: holds no private key in PEM", file)};
    throw TlsError{fmt::format("key {}: is malformed, or of a kind that is not served: {}", file, reason)};
}

sys_seconds time_of(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return sys_seconds{std::chrono::seconds{::timegm(&parts)}};
}

/// An intermediate certificate that ran out is as useless to clients as the first.
sys_seconds check_validity(const std::vector<Certificate>& chain, const std::string& file, sys_seconds now) {
    sys_seconds first_end = sys_seconds::max();
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const sys_seconds begin = time_of(X509_get0_notBefore(chain[i].get()));
        const sys_seconds end = time_of(X509_get0_notAfter(chain[i].get()));
        const std::string which = i == 0 ? "" : fmt::format("number {} of its chain ", i + 1);
        if (now < begin) {
            throw TlsError{fmt::format("certificate {}: {}is not valid before {:%FT%TZ}", file, which, begin)};
        }
        if (now > end) throw TlsError{fmt::format("certificate {}: {}expired at {:%FT%TZ}", file, which, end)};
        first_end = std::min(first_end, end);
    }
    return first_end;
}

/// Clients that name protocols must name ours; those that name none mean it.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
    static constexpr std::array<unsigned char, 9> kOurs{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* selected = nullptr;
    const int result = SSL_select_next_proto(&selected, out_size, kOurs.data(), kOurs.size(), in, in_size);
    *out = selected;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_rules(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Its records are longer than their text by a few bytes, which TlsSession::sealed_size relies on.
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

/// The client keeps what resumption needs, sealed with a key of ours: nothing is kept here.
void set_resumption(SSL_CTX* context, SSL_CTX* previous) {
    static constexpr std::string_view kName = "tickgate";
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()), kName.size());
    SSL_CTX_set_num_tickets(context, 1);  // a client reconnects once, and gets another then
    // It gets the ticket when it connects, and needs it when it is cut off: as long as TLS 1.3 allows (RFC
    // 8446, 4.6.1).
    SSL_CTX_set_timeout(context, std::chrono::seconds{std::chrono::days{7}}.count());
    if (previous == nullptr) return;
    std::array<unsigned char, kTicketKeyBytes> keys{};
    SSL_CTX_get_tlsext_ticket_keys(previous, keys.data(), keys.size());
    SSL_CTX_set_tlsext_ticket_keys(context, keys.data(), keys.size());
    OPENSSL_cleanse(keys.data(), keys.size());
}

void use_identity(SSL_CTX* context, const std::vector<Certificate>& chain, EVP_PKEY* key, const TlsFiles& files) {
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
        throw TlsError{fmt::format("certificate {}: cannot be used: {}", files.certificate, take_reason())};
    }
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1) continue;
        throw TlsError{fmt::format("certificate {}: number {} of its chain cannot be used: {}", files.certificate,
                                   i + 1, take_reason())};
    }
    if (X509_check_private_key(chain.front().get(), key) != 1) {
        ERR_clear_error();
        throw TlsError{fmt::format("key {}: does not go with the certificate {}", files.key, files.certificate)};
    }
    if (SSL_CTX_use_PrivateKey(context, key) != 1) {
        throw TlsError{fmt::format("key {}: cannot be used: {}", files.key, take_reason())};
    }
}

}  // namespace

TlsContext::TlsContext(const TlsFiles& files, Clock::time_point now, const TlsContext* previous)
    : context_{SSL_CTX_new(TLS_server_method())} {
    if (!context_) throw TlsError{"OpenSSL gives no context: " + take_reason()};
    const std::vector<Certificate> chain = read_chain(files.certificate);
    not_after_ = check_validity(chain, files.certificate, std::chrono::floor<std::chrono::seconds>(now));
    const Key key = read_key(files.key);
    set_rules(context_.get());
    set_resumption(context_.get(), previous == nullptr ? nullptr : previous->context_.get());
    use_identity(context_.get(), chain, key.get(), files);
}

TlsContext::~TlsContext() = default;

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}

}  // namespace tickgate::gateway
