#pragma once

#include <string>
#include <string_view>

#include "feeds/raw_message.hpp"

namespace tickgate::tests {

/// Text as a decoder wants it: followed by readable bytes. These are digits, which no parser may take for its own.
class Padded {
public:
    explicit Padded(std::string_view text) : size_{text.size()}, bytes_{text} {
        bytes_.append(feeds::kPayloadPadding, '7');
    }
    [[nodiscard]] std::string_view text() const noexcept { return std::string_view{bytes_}.substr(0, size_); }

private:
    std::size_t size_;
    std::string bytes_;
};

}  // namespace tickgate::tests
