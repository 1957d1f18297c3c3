#pragma once

#include <cstdint>
#include <string_view>

namespace tickgate::gateway {

/// Checks UTF-8 that arrives in pieces, and fails at the first byte that no continuation could make right.
/// For a text at hand as a whole simdjson::validate_utf8 is faster.
/// Source: Unicode 15, table 3-7 (no surrogates, nothing overlong, nothing above U+10FFFF).
class Utf8Checker {
public:
    /// Goes on with the next piece; false if the text cannot be UTF-8 any more. After that the state means nothing.
    [[nodiscard]] bool feed(std::string_view piece) noexcept;
    /// Whether the text may end here: not in the middle of a character.
    [[nodiscard]] bool is_complete() const noexcept { return missing_ == 0; }

private:
    [[nodiscard]] bool begin_character(unsigned char lead) noexcept;
    [[nodiscard]] bool expect(std::uint8_t missing, std::uint8_t low, std::uint8_t high) noexcept;

    std::uint8_t missing_ = 0;  // continuation bytes of the present character
    std::uint8_t low_ = 0x80;   // bounds of the next one
    std::uint8_t high_ = 0xBF;
};

}  // namespace tickgate::gateway
