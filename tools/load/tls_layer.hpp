#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tools/client/tls_client.hpp"

namespace tickgate::load {

/// The client's end of one TLS connection, without the socket: what was received goes in, what is to be sent comes out
/// into a string of the caller's.
class TlsLayer {
public:
    enum class Step : std::uint8_t {
        WantsMore,  ///< all that was received is used up
        Done,       ///< the handshake, or: there is more to read
        Closed,     ///< the server says that it sends nothing more
        Failed,
    };
    struct Read {
        Step step;
        std::size_t size;  ///< bytes of the text that were written, also where the step is another than Done
    };

    /// See client::TlsClient::prepare.
    TlsLayer(const client::TlsClient& tls, const std::string& host, SSL_SESSION* earlier);

    /// To be read from by the next calls, until one of them wants more; the bytes must live as long.
    void receive(std::string_view bytes);
    [[nodiscard]] Step handshake(std::string& to_send);
    /// Needs a handshake that is done, and so does encrypt().
    [[nodiscard]] Read read(std::span<char> text, std::string& to_send);
    void encrypt(std::string_view text, std::string& to_send);

    [[nodiscard]] bool was_resumed() const noexcept;
    [[nodiscard]] bool is_distrusted() const noexcept { return client::TlsClient::is_distrusted(ssl_.get()); }
    /// Why the last step failed, for a person.
    [[nodiscard]] std::string fault() const { return client::TlsClient::fault(ssl_.get(), error_); }
    /// For the next connection. Ends this one.
    [[nodiscard]] client::TlsSession take_session() noexcept { return client::TlsClient::take_session(ssl_.get()); }

private:
    [[nodiscard]] Step step_of(int result) noexcept;
    void move_output(std::string& to_send);

    std::unique_ptr<SSL, client::FreeTls> ssl_;
    unsigned long error_ = 0;  // OpenSSL's
};

}  // namespace tickgate::load
