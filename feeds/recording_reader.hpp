#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "feeds/raw_message.hpp"
#include "feeds/recording_format.hpp"
#include "feeds/recording_text.hpp"

namespace tickgate::feeds {

/// Reads one recorded file, message by message, through one block buffer. A last line without newline is a message
/// like any other, for decoders to judge; a compressed file that is cut off is damaged. Thread: its owner's.
class RecordingReader {
public:
    /// Errors: RecordingError when the file cannot be opened, is empty, or its format or header is wrong.
    explicit RecordingReader(const std::filesystem::path& path, RecordingFormat format = RecordingFormat::Auto);

    /// The next message, valid until the next call; nullptr at the end.
    /// Errors: RecordingError where the file is damaged, after all messages before that place; at the end of a file
    /// that held neither a message nor a header of its format. Nothing follows.
    [[nodiscard]] const RawMessage* next();

    /// The venue, where the recording itself names it; else empty.
    [[nodiscard]] std::string_view venue() const noexcept { return parser_->venue(); }
    /// Bytes of decompressed text read so far.
    [[nodiscard]] std::uint64_t offset() const noexcept { return text_.offset(); }

private:
    RecordingText text_;
    std::unique_ptr<RecordParser> parser_;
    RawMessage message_;
    bool found_none_ = true;  // no message yet
};

/// The files of one recorded session as one stream, by receive time; at equal times the file named first comes first.
/// Within a file the order is as recorded, also where its times go back. Thread: its owner's.
class MergedRecording {
public:
    /// Errors: RecordingError, see RecordingReader, also when two files name different venues.
    explicit MergedRecording(std::span<const std::filesystem::path> files,
                             RecordingFormat format = RecordingFormat::Auto);

    /// As RecordingReader::next, numbered by its file's place among them; damage in one file ends the stream.
    [[nodiscard]] const RawMessage* next();

    [[nodiscard]] std::string_view venue() const noexcept;
    [[nodiscard]] std::uint64_t offset() const noexcept;  ///< the sum of the files'

private:
    struct Input {
        RecordingReader reader;
        const RawMessage* head;
    };
    void refill_heads();

    std::vector<Input> inputs_;  // never grows once messages are read: heads point into the readers
    std::vector<Input*> taken_;  // whose head was returned, or not yet read
    RawMessage message_;
};

}  // namespace tickgate::feeds
