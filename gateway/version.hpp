#pragma once

#include <string_view>

namespace tickgate::gateway {

/// The release, "0.1.0", and how the gateway names itself to clients, "tickgate 0.1.0".
[[nodiscard]] std::string_view version() noexcept;
[[nodiscard]] std::string_view server_name() noexcept;

}  // namespace tickgate::gateway
