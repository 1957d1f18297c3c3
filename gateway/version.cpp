#include "gateway/version.hpp"

namespace tickgate::gateway {

std::string_view version() noexcept {
    return TICKGATE_VERSION;
}
std::string_view server_name() noexcept {
    return "tickgate " TICKGATE_VERSION;
}

}  // namespace tickgate::gateway
