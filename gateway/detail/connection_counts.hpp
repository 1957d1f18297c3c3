#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "gateway/admission.hpp"

namespace tickgate::gateway::detail {

/// How many connections there are, and of each address, where they are limited; 0 is no limit. Those from the machine
/// itself, over a Unix socket, have no address to be limited by.
class ConnectionCounts {
public:
    ConnectionCounts(std::size_t limit, std::size_t limit_per_address) noexcept
        : limit_{limit},
          limit_per_address_{limit_per_address} {}

    /// False above a limit.
    [[nodiscard]] bool enter(const std::string& address) {
        if (limit_ != 0 && count_ >= limit_) return false;
        if (limit_per_address_ != 0 && address != kLocalPeer) {
            std::size_t& of_address = per_address_[address];
            if (of_address >= limit_per_address_) return false;
            ++of_address;
        }
        ++count_;
        return true;
    }

    void leave(const std::string& address) {
        --count_;
        const auto found = per_address_.find(address);
        if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
    }

private:
    std::size_t limit_;
    std::size_t limit_per_address_;
    std::size_t count_ = 0;
    std::unordered_map<std::string, std::size_t> per_address_;
};

}  // namespace tickgate::gateway::detail
