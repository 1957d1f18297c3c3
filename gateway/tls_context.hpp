#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

struct ssl_ctx_st;

namespace tickgate::gateway {

/// Who the server says it is. Both files are PEM: the certificate first in its chain, the key unencrypted.
struct TlsFiles {
    std::string certificate;
    std::string key;

    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// Files that cannot be used; the text says which, and why.
class TlsError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What all TLS sessions of a certificate share: TLS 1.2 (ciphers with forward secrecy and authenticated encryption
/// only) and 1.3, ALPN http/1.1, resumption by stateless tickets, no renegotiation, no compression. Does not change:
/// new files are a new context, and sessions keep what they need of theirs. Thread: any.
class TlsContext {
public:
    using Clock = std::chrono::system_clock;

    /// Reads the files. With `previous`, tickets of that context's sessions resume in this one's as well.
    /// Errors: throws TlsError where one is missing, malformed, not valid now, or does not go with the other.
    TlsContext(const TlsFiles& files, Clock::time_point now, const TlsContext* previous = nullptr);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// When the first certificate of the chain runs out.
    [[nodiscard]] std::chrono::sys_seconds not_after() const noexcept { return not_after_; }

private:
    friend class TlsSession;
    struct Free {
        void operator()(ssl_ctx_st* context) const noexcept;
    };

    std::unique_ptr<ssl_ctx_st, Free> context_;
    std::chrono::sys_seconds not_after_ = std::chrono::sys_seconds::max();
};

}  // namespace tickgate::gateway
