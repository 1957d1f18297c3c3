#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "feeds/raw_message.hpp"

namespace tickgate::bench {

/// All messages of a recorded file, in memory, back to back and padded as decoders want it.
class Recording {
public:
    /// Errors: feeds::RecordingError where it cannot be read.
    explicit Recording(const std::filesystem::path& path);

    [[nodiscard]] std::span<const feeds::RawMessage> messages() const noexcept { return messages_; }
    /// Of the messages alone.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    std::string text_;
    std::vector<feeds::RawMessage> messages_;
    std::size_t bytes_ = 0;
};

}  // namespace tickgate::bench
