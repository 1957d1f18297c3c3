#pragma once

#include <string>
#include <string_view>

namespace tickgate::gateway {

/// Appends `text` as a JSON string with its quotes. Quotes, backslashes and control characters are escaped, all else
/// goes through as it is: `text` must be UTF-8 for the result to be.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tickgate::gateway
