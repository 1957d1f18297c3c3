#include "gateway/tls_identity.hpp"

#include <utility>

namespace tickgate::gateway {

TlsIdentity::TlsIdentity(TlsFiles files, TlsContext::Clock::time_point now)
    : files_{std::move(files)},
      current_{std::make_shared<const TlsContext>(files_, now)} {
    metrics_.not_after_s.set(current_->not_after().time_since_epoch().count());
}

std::shared_ptr<const TlsContext> TlsIdentity::current() const {
    const std::lock_guard lock{mutex_};
    return current_;
}

void TlsIdentity::reload(TlsContext::Clock::time_point now) {
    std::shared_ptr<const TlsContext> next;
    try {
        next = std::make_shared<const TlsContext>(files_, now, current_.get());
    } catch (const TlsError&) {
        metrics_.failed_reloads.add();
        throw;
    }
    metrics_.reloads.add();
    metrics_.not_after_s.set(next->not_after().time_since_epoch().count());
    const std::lock_guard lock{mutex_};
    current_.swap(next);
}

}  // namespace tickgate::gateway
