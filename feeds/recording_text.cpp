#include "feeds/recording_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "feeds/raw_message.hpp"

namespace tickgate::feeds {
namespace {

constexpr std::size_t kFirstBuffer = 256 * 1024;

std::string error_text(const std::filesystem::path& file, std::uint64_t line, std::uint64_t offset,
                       std::string_view why) {
    if (line == 0) return fmt::format("{}: {}", file.string(), why);
    return fmt::format("{}: line {}, byte {}: {}", file.string(), line, offset, why);
}

std::unique_ptr<ByteSource> open_or_throw(const std::filesystem::path& path) {
    try {
        return open_byte_source(path);
    } catch (const std::runtime_error& error) {
        throw RecordingError{path, 0, 0, error.what()};
    }
}

}  // namespace

RecordingError::RecordingError(const std::filesystem::path& file, std::uint64_t line, std::uint64_t offset,
                               std::string_view why)
    : std::runtime_error{error_text(file, line, offset, why)},
      line_{line},
      offset_{offset} {}

RecordingText::RecordingText(std::filesystem::path path)
    : path_{std::move(path)},
      source_{open_or_throw(path_)},
      buffer_(kFirstBuffer + kPayloadPadding) {}

std::optional<std::string_view> RecordingText::next_line() {
    const auto line = peek_line();
    if (!line) return std::nullopt;
    ++line_;
    line_offset_ = offset();
    begin_ = std::min(begin_ + line->size() + 1, end_);
    return line;
}

std::optional<std::string_view> RecordingText::next_filled_line() {
    auto line = next_line();
    while (line && line->empty()) line = next_line();
    return line;
}

std::string_view RecordingText::next_block(std::size_t size) {
    while (end_ - begin_ <= size && read_more()) {
    }
    const std::string_view rest{buffer_.data() + begin_, end_ - begin_};
    const bool ends = rest.size() == size || (rest.size() > size && rest[size] == '\n');
    if (!ends) fail("the message is not as long as this line says");
    const std::string_view block = rest.substr(0, size);
    line_ += 1 + static_cast<std::uint64_t>(std::count(block.begin(), block.end(), '\n'));
    begin_ = std::min(begin_ + size + 1, end_);
    return block;
}

std::optional<std::string_view> RecordingText::peek_line() {
    std::size_t searched = 0;  // bytes of the line known to hold no newline
    for (;;) {
        const char* text = buffer_.data() + begin_;
        const std::size_t size = end_ - begin_;
        if (const void* newline = std::memchr(text + searched, '\n', size - searched)) {
            return std::string_view{text, static_cast<const char*>(newline)};
        }
        searched = size;
        if (!read_more()) break;
    }
    if (begin_ == end_) return std::nullopt;
    return std::string_view{buffer_.data() + begin_, end_ - begin_};
}

void RecordingText::fail(std::string_view why) const {
    throw RecordingError{path_, line_, line_offset_, why};
}

bool RecordingText::read_more() {
    make_room();
    try {
        const std::size_t room = buffer_.size() - kPayloadPadding - end_;
        const std::size_t size = source_->read({buffer_.data() + end_, room});
        end_ += size;
        return size != 0;
    } catch (const std::runtime_error& error) {
        throw RecordingError{path_, line_ + 1, buffer_offset_ + end_, error.what()};
    }
}

void RecordingText::make_room() {
    if (begin_ != 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        buffer_offset_ += begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    const std::size_t capacity = buffer_.size() - kPayloadPadding;
    if (end_ < capacity) return;
    if (capacity >= kLongestLine) throw RecordingError{path_, line_ + 1, buffer_offset_, "the line is too long"};
    buffer_.resize(2 * capacity + kPayloadPadding);
}

}  // namespace tickgate::feeds
