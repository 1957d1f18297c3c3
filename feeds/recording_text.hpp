#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/byte_source.hpp"

namespace tickgate::feeds {

/// A recording that cannot be opened, or is damaged or cut off: `FILE: line L, byte B: why`.
class RecordingError : public std::runtime_error {
public:
    RecordingError(const std::filesystem::path& file, std::uint64_t line, std::uint64_t offset, std::string_view why);

    [[nodiscard]] std::uint64_t line() const noexcept { return line_; }      ///< from 1; 0 when it cannot be opened
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }  ///< bytes of the decompressed text

private:
    std::uint64_t line_;
    std::uint64_t offset_;
};

/// The decompressed text of one recording, line by line through one buffer that grows to the longest line.
/// Thread: its owner's.
class RecordingText {
public:
    static constexpr std::size_t kLongestLine = 16 * 1024 * 1024;

    /// Errors: RecordingError when the file cannot be opened.
    explicit RecordingText(std::filesystem::path path);

    /// The next line without its newline, which the last one may lack; nothing at the end. It is followed by
    /// kPayloadPadding readable bytes and lives until the next call.
    /// Errors: RecordingError where the file is damaged; all whole lines before that place come first.
    [[nodiscard]] std::optional<std::string_view> next_line();
    /// The same, past empty lines.
    [[nodiscard]] std::optional<std::string_view> next_filled_line();
    /// The next `size` bytes, newlines among them or not, and a newline behind them, as one line.
    /// Errors: also RecordingError when the text ends before, or goes on in the line behind them.
    [[nodiscard]] std::string_view next_block(std::size_t size);
    /// The line that next_line() will return.
    [[nodiscard]] std::optional<std::string_view> peek_line();

    /// Bytes of text up to the end of the line returned last.
    [[nodiscard]] std::uint64_t offset() const noexcept { return buffer_offset_ + begin_; }

    /// Throws the RecordingError of the line returned last.
    [[noreturn]] void fail(std::string_view why) const;

private:
    [[nodiscard]] bool read_more();
    void make_room();

    std::filesystem::path path_;
    std::unique_ptr<ByteSource> source_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;  // of the text not yet returned
    std::size_t end_ = 0;
    std::uint64_t buffer_offset_ = 0;  // of the buffer's first byte in the text
    std::uint64_t line_ = 0;           // returned last
    std::uint64_t line_offset_ = 0;
};

}  // namespace tickgate::feeds
