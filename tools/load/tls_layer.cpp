#include "tools/load/tls_layer.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <new>
#include <stdexcept>

namespace tickgate::load {

namespace {

// What a connection writes is moved on at once, so all of a thread share the place.
BIO* output() {
    thread_local const std::unique_ptr<BIO, decltype(&BIO_free)> shared{BIO_new(BIO_s_mem()), &BIO_free};
    if (!shared) throw std::bad_alloc{};
    return shared.get();
}

// At its end more is to be waited for: that a connection is over, the socket says.
BIO* input_of(std::string_view bytes) {
    BIO* input = BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()));
    if (!input) throw std::bad_alloc{};
    BIO_set_mem_eof_return(input, -1);
    return input;
}

}  // namespace

TlsLayer::TlsLayer(const client::TlsClient& tls, const std::string& host, SSL_SESSION* earlier)
    : ssl_{tls.new_connection()} {
    client::TlsClient::prepare(ssl_.get(), host, earlier);
    BIO_up_ref(output());
    SSL_set0_wbio(ssl_.get(), output());
    receive("");
    SSL_set_connect_state(ssl_.get());
}

void TlsLayer::receive(std::string_view bytes) {
    SSL_set0_rbio(ssl_.get(), input_of(bytes));
}

TlsLayer::Step TlsLayer::handshake(std::string& to_send) {
    ERR_clear_error();
    const Step step = step_of(SSL_do_handshake(ssl_.get()));
    move_output(to_send);
    return step;
}

// OpenSSL gives one record at a time.
TlsLayer::Read TlsLayer::read(std::span<char> text, std::string& to_send) {
    std::size_t size = 0;
    Step step = Step::Done;
    while (step == Step::Done && size < text.size()) {
        std::size_t got = 0;
        ERR_clear_error();
        step = step_of(SSL_read_ex(ssl_.get(), text.data() + size, text.size() - size, &got));
        size += got;
    }
    move_output(to_send);
    return {step, size};
}

void TlsLayer::encrypt(std::string_view text, std::string& to_send) {
    std::size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), text.data(), text.size(), &written) != 1) throw std::runtime_error{fault()};
    move_output(to_send);
}

bool TlsLayer::was_resumed() const noexcept {
    return SSL_session_reused(ssl_.get()) == 1;
}

TlsLayer::Step TlsLayer::step_of(int result) noexcept {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_NONE:
            return Step::Done;
        case SSL_ERROR_WANT_READ:
            return Step::WantsMore;
        case SSL_ERROR_ZERO_RETURN:
            return Step::Closed;
        default:
            error_ = ERR_peek_error();
            return Step::Failed;
    }
}

void TlsLayer::move_output(std::string& to_send) {
    char* bytes = nullptr;
    const long size = BIO_ctrl(output(), BIO_CTRL_INFO, 0, static_cast<void*>(&bytes));
    if (size > 0) to_send.append(bytes, static_cast<std::size_t>(size));
    BIO_ctrl(output(), BIO_CTRL_RESET, 0, nullptr);
}

}  // namespace tickgate::load
