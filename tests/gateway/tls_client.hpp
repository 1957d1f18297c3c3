#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace tickgate::test {

/// What a client of a test offers.
struct TlsOffer {
    int version = 0;          ///< TLS1_2_VERSION or TLS1_3_VERSION; 0: either
    std::string protocols{};  ///< ALPN, each after its length; empty: none
    std::string host{};       ///< SNI; empty: none
    std::string ciphers{};    ///< of TLS 1.2; empty: the default
    int max_fragment = 0;     ///< TLSEXT_max_fragment_length_512 and so on
};

/// A TLS client in memory, on OpenSSL's own BIOs. It trusts whoever answers.
class TlsClient {
public:
    struct FreeSession {
        void operator()(ssl_session_st* session) const noexcept;
    };
    /// What a later connection resumes with.
    using Ticket = std::unique_ptr<ssl_session_st, FreeSession>;

    explicit TlsClient(const TlsOffer& offer = {}, const ssl_session_st* ticket = nullptr);

    /// True once the handshake is done; false while it is under way, or has failed.
    bool shake_hands();
    void put(std::string_view from_server);
    /// What is to be sent to the server.
    [[nodiscard]] std::string take();

    void write(std::string_view plain);
    /// All that came, decrypted.
    [[nodiscard]] std::string read();
    void update_keys();
    /// False where this OpenSSL refuses by itself.
    bool renegotiate();
    void close();

    [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
    [[nodiscard]] bool is_closed_by_server() const;
    [[nodiscard]] bool was_resumed() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] std::string version() const;
    /// The name in the server's certificate.
    [[nodiscard]] std::string server_name() const;
    /// What has come so far to resume with; in TLS 1.3 it comes behind the handshake: read() first.
    [[nodiscard]] Ticket ticket() const;

private:
    struct FreeSsl {
        void operator()(ssl_st* ssl) const noexcept;
    };
    void check(int result);

    std::unique_ptr<ssl_st, FreeSsl> ssl_;
    bool has_failed_ = false;
};

}  // namespace tickgate::test
