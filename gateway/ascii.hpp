#pragma once

namespace tickgate::gateway {

/// Upper case of an ASCII letter, whatever the locale; anything else as it is.
[[nodiscard]] constexpr char upper(char character) noexcept {
    return character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
}

}  // namespace tickgate::gateway
