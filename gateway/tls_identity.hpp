#pragma once

#include <memory>
#include <mutex>

#include "gateway/metrics.hpp"
#include "gateway/tls_context.hpp"

namespace tickgate::gateway {

/// The certificate and key that new TLS connections get. Thread: any.
class TlsIdentity {
public:
    /// Errors: throws TlsError.
    TlsIdentity(TlsFiles files, TlsContext::Clock::time_point now);

    [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

    /// Reads the files again. Connections that are open keep what they have, and their tickets stay good.
    /// Errors: throws TlsError, and goes on with what it had. Thread: one.
    void reload(TlsContext::Clock::time_point now);

    /// Thread: any may read it.
    [[nodiscard]] const TlsMetrics& metrics() const noexcept { return metrics_; }

private:
    const TlsFiles files_;
    mutable std::mutex mutex_;  // held for as long as it takes to copy a pointer, once for each connection
    std::shared_ptr<const TlsContext> current_;
    TlsMetrics metrics_;
};

}  // namespace tickgate::gateway
