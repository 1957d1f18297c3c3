#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickgate::client {

/// Fields of a server message. One that is absent or of another type reads as nothing: both sides of the protocol
/// ignore what they do not know. Views live until the parser's next document.
[[nodiscard]] std::string_view text_field(const simdjson::dom::element& object, std::string_view key);
[[nodiscard]] std::optional<std::uint64_t> number_field(const simdjson::dom::element& object, std::string_view key);
[[nodiscard]] bool flag_field(const simdjson::dom::element& object, std::string_view key);
/// An empty array where there is none.
[[nodiscard]] simdjson::dom::array array_field(const simdjson::dom::element& object, std::string_view key);

/// The text at `index` of an array; empty where there is none.
[[nodiscard]] std::string_view text_at(const simdjson::dom::array& array, std::size_t index);

/// `text` as a JSON string, with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace tickgate::client
