#pragma once

#include <cstddef>
#include <span>

#include "feeds/raw_message.hpp"

namespace tickgate::bench {

/// What any reader of these messages pays at least, unless it leaves parts of them unread: simdjson on demand visits
/// every key and every value as text. Returns the characters visited, so that no visit can be optimised away.
/// Errors: simdjson::simdjson_error where a message is no JSON.
[[nodiscard]] std::size_t visit_all(std::span<const feeds::RawMessage> messages);

}  // namespace tickgate::bench
