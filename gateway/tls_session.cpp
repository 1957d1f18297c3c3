#include "gateway/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>

namespace tickgate::gateway {
namespace {

/// What the BIO of a session reads from and writes to in the call that is under way: text that grows, or a place that
/// the caller knows to be big enough.
struct Wire {
    std::span<const char> input{};
    std::string* text = nullptr;
    std::span<char> place{};
};

Wire& wire_of(BIO* bio) {
    return *static_cast<Wire*>(BIO_get_data(bio));
}

int read_wire(BIO* bio, char* out, int size) {
    std::span<const char>& input = wire_of(bio).input;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t taken = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(out, input.data(), taken);
    input = input.subspan(taken);
    return static_cast<int>(taken);
}

int write_wire(BIO* bio, const char* bytes, int size) {
    Wire& wire = wire_of(bio);
    const auto wanted = static_cast<std::size_t>(size);
    BIO_clear_retry_flags(bio);
    if (wire.text != nullptr) {
        wire.text->append(bytes, wanted);
        return size;
    }
    assert(wanted <= wire.place.size() && "sealed_size() is too small");
    if (wanted > wire.place.size()) return -1;
    std::memcpy(wire.place.data(), bytes, wanted);
    wire.place = wire.place.subspan(wanted);
    return size;
}

/// Nothing is held back here, so there is nothing to flush; everything else is not supported.
long control_wire(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* wire_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
        if (made == nullptr) throw std::bad_alloc{};
        BIO_meth_set_read(made, read_wire);
        BIO_meth_set_write(made, write_wire);
        BIO_meth_set_ctrl(made, control_wire);
        return made;
    }();
    return method;
}

/// Gives a session its wire for one call.
class Attached {
public:
    Attached(SSL* ssl, Wire& wire) : bio_{SSL_get_rbio(ssl)} { BIO_set_data(bio_, &wire); }
    ~Attached() { BIO_set_data(bio_, nullptr); }
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;

private:
    BIO* bio_;
};

TlsFailure failure_of(unsigned long error) {
    const int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return TlsFailure::Other;
    if (reason > SSL_AD_REASON_OFFSET) return TlsFailure::Refused;
    switch (reason) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
            return TlsFailure::PlainHttp;
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_BAD_PACKET_LENGTH:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_UNKNOWN_PROTOCOL:
            return TlsFailure::NotTls;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
            return TlsFailure::Version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SHARED_GROUPS:
        case SSL_R_NO_SUITABLE_GROUPS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            return TlsFailure::Cipher;
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return TlsFailure::Protocol;
        default:
            return TlsFailure::Other;
    }
}

}  // namespace

std::string_view name_of(TlsFailure failure) noexcept {
    static constexpr std::array<std::string_view, kTlsFailures> kNames{
        "plain_http", "not_tls", "version", "cipher", "protocol", "refused", "too_big", "gone", "timeout", "other"};
    return kNames[static_cast<std::size_t>(failure)];
}

TlsSession::TlsSession(const TlsContext& context) : ssl_{SSL_new(context.context_.get())} {
    BIO* const bio = BIO_new(wire_method());
    if (!ssl_ || bio == nullptr) {
        BIO_free(bio);
        throw std::bad_alloc{};
    }
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

void TlsSession::Free::operator()(ssl_st* ssl) const noexcept {
    SSL_free(ssl);
}

bool TlsSession::was_resumed() const noexcept {
    return SSL_session_reused(ssl_.get()) == 1;
}

/// OpenSSL judges a call by what is in its queue, which is the thread's: no error may stay there.
void TlsSession::fail() noexcept {
    state_ = State::Failed;
    ERR_clear_error();
}

TlsSession::Handshake TlsSession::handshake(std::span<const char>& input, std::string& to_send) {
    assert(state_ == State::Handshaking);
    Wire wire{.input = input, .text = &to_send};
    const Attached attached{ssl_.get(), wire};
    const int result = SSL_do_handshake(ssl_.get());
    handshake_bytes_ += static_cast<std::uint32_t>(input.size() - wire.input.size());
    input = wire.input;
    if (result == 1) {
        SSL_free_buffers(ssl_.get());
        state_ = State::Established;
        return Handshake::Done;
    }
    const bool wants_more = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    if (wants_more && handshake_bytes_ <= kHandshakeBytes) return Handshake::WantsMore;
    failure_ = wants_more ? TlsFailure::TooBig : failure_of(ERR_peek_error());
    fail();
    return Handshake::Failed;
}

TlsSession::Decrypted TlsSession::decrypt(std::span<const char>& input, std::span<char> plain, std::string& to_send) {
    using Result = Decrypted::State;
    assert(state_ != State::Handshaking && !plain.empty());
    if (state_ == State::Failed) return {.state = Result::Failed};
    Wire wire{.input = input, .text = &to_send};
    const Attached attached{ssl_.get(), wire};
    Decrypted done{.state = Result::Full};
    while (done.size < plain.size()) {
        std::size_t size = 0;
        const int result = SSL_read_ex(ssl_.get(), plain.data() + done.size, plain.size() - done.size, &size);
        done.size += size;
        if (result == 1) continue;
        const int error = SSL_get_error(ssl_.get(), result);
        if (error == SSL_ERROR_WANT_READ) {
            done.state = Result::WantsMore;
        } else if (error == SSL_ERROR_ZERO_RETURN) {
            done.state = Result::Closed;
        } else {
            done.state = Result::Failed;
            fail();
        }
        break;
    }
    input = wire.input;
    return done;
}

std::span<char> TlsSession::encrypt(std::span<const char> plain, char* out) {
    assert(state_ != State::Handshaking);
    if (plain.empty() || state_ == State::Failed) return {};
    const std::span<char> place{out, sealed_size(plain.size())};
    Wire wire{.place = place};
    const Attached attached{ssl_.get(), wire};
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) != 1) {
        fail();
        return {};
    }
    return place.first(place.size() - wire.place.size());
}

std::span<char> TlsSession::close_notify(char* out) {
    assert(state_ != State::Handshaking);
    if (state_ == State::Failed) return {};
    const std::span<char> place{out, sealed_size(2)};
    Wire wire{.place = place};
    const Attached attached{ssl_.get(), wire};
    if (SSL_shutdown(ssl_.get()) < 0) fail();
    return place.first(place.size() - wire.place.size());
}

}  // namespace tickgate::gateway
