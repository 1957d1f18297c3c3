#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/tls_context.hpp"

struct bio_st;
struct ssl_st;

namespace tickgate::gateway {

/// Why a handshake failed, as far as it matters to whoever looks at the counts.
enum class TlsFailure : std::uint8_t {
    PlainHttp,  ///< an HTTP request came instead
    NotTls,     ///< or something else that is not TLS
    Version,    ///< the client speaks neither TLS 1.2 nor 1.3
    Cipher,     ///< or no cipher, group or signature of ours
    Protocol,   ///< it named protocols (ALPN), and http/1.1 was not among them
    Refused,    ///< it sent an alert: it does not trust the certificate, most often
    TooBig,     ///< it sent more than a handshake can need
    Gone,       ///< it went away in the middle; whoever has the socket knows
    Timeout,    ///< it took too long; likewise
    Other,
};
inline constexpr std::size_t kTlsFailures = 10;
[[nodiscard]] std::string_view name_of(TlsFailure failure) noexcept;

/// The server's end of one TLS connection, without the socket: bytes that came go in, bytes to be sent come out, all in
/// memory of the caller's. Whatever comes out must be sent, in that order. Thread: one at a time.
class TlsSession {
public:
    /// What a handshake may send us.
    static constexpr std::size_t kHandshakeBytes = 64 * 1'024;

    /// The context may be gone before the session.
    explicit TlsSession(const TlsContext& context);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    enum class Handshake : std::uint8_t { WantsMore, Done, Failed };

    /// Takes from the front of `input`: all of it, unless it is done, when the rest is for decrypt(). Appends to
    /// `to_send`, also when it failed. Not to be called again once it is done or has failed.
    [[nodiscard]] Handshake handshake(std::span<const char>& input, std::string& to_send);
    [[nodiscard]] bool is_established() const noexcept { return state_ == State::Established; }
    /// Where handshake() has failed.
    [[nodiscard]] TlsFailure failure() const noexcept { return failure_; }
    /// The client came with a ticket, and was spared the full handshake.
    [[nodiscard]] bool was_resumed() const noexcept;

    struct Decrypted {
        enum class State : std::uint8_t {
            Full,       ///< `plain` is full: call again, even where no input is left
            WantsMore,  ///< all input is used up
            Closed,     ///< the client said that it sends nothing more
            Failed,     ///< what came is not TLS, or was tampered with: the connection must end
        };
        State state = State::WantsMore;
        std::size_t size = 0;  ///< bytes put into `plain`
    };

    /// Takes from the front of `input` and fills `plain`, which is not empty. Appends to `to_send` what TLS itself has
    /// to say, alerts and answers to key updates: less than came in, and an alert. Needs is_established().
    [[nodiscard]] Decrypted decrypt(std::span<const char>& input, std::span<char> plain, std::string& to_send);

    /// So much room must encrypt() be given.
    [[nodiscard]] static constexpr std::size_t sealed_size(std::size_t plain) noexcept {
        return kKeyUpdate + plain + (plain / kLeastFragment + 1) * kRecordOverhead;
    }

    /// Puts `plain` into records at `out`, which has room for sealed_size(). Returns what was written; nothing if
    /// `plain` is empty, or if the session has failed. Needs is_established().
    [[nodiscard]] std::span<char> encrypt(std::span<const char> plain, char* out);

    /// Says that nothing more will be sent. Needs room for sealed_size(2), and is_established().
    [[nodiscard]] std::span<char> close_notify(char* out);

private:
    static constexpr std::size_t kRecordOverhead = 29;              // TLS 1.2 with AES-GCM: header, nonce and tag
    static constexpr std::size_t kKeyUpdate = 5 + kRecordOverhead;  // an answer to one may go before the text
    static constexpr std::size_t kLeastFragment = 512;  // what a client may ask for (RFC 6066, 4); else it is 16 KB
    enum class State : std::uint8_t { Handshaking, Established, Failed };
    struct Free {
        void operator()(ssl_st* ssl) const noexcept;
    };

    void fail() noexcept;

    std::unique_ptr<ssl_st, Free> ssl_;
    std::uint32_t handshake_bytes_ = 0;
    State state_ = State::Handshaking;
    TlsFailure failure_ = TlsFailure::Other;
};

}  // namespace tickgate::gateway
