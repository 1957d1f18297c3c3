#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/load/endpoint.hpp"

namespace tickgate::load {

/// The symbols' names in the body of /v1/symbols; empty where it is no such body.
[[nodiscard]] std::vector<std::string> names_in(std::string_view body);

/// `wanted` with each wildcard replaced by the names that fit it, which the gateway is asked for, each name once. Waits
/// up to ten seconds for a gateway that was started at the same moment; empty: nothing fits, or nobody answers.
[[nodiscard]] std::vector<std::string> symbol_names(const std::vector<std::string>& wanted, const Site& site);

}  // namespace tickgate::load
