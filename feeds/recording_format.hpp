#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "feeds/raw_message.hpp"
#include "feeds/recording_text.hpp"

namespace tickgate::feeds {

/// How a recording is written. Empty lines are skipped in all of them.
enum class RecordingFormat : std::uint8_t {
    Auto,      ///< one of the following, as the first line shows
    Tickgate,  ///< our own: `# tickgate 1 <venue> <start ns>`, then `<ns> <message>` or `<ns> <URL> -> <REST answer>`
    Hft,       ///< `<ns> <message>`; a REST depth snapshot is recognised by its first key
    Cf,     ///< `<s>.<fraction>: <message>`, `<URL> -> <s>.<fraction>: <REST answer>`, `<URL> <-> <s>.<fraction>` for
            ///< a new connection; lines of any other form, also what was sent, are skipped
    Cbcap,  ///< `CBCAP1 <venue> <symbol> <start ns>`, then `<ns> <n>` and a message of n bytes in turn; the records'
            ///< clock has any start, which stands for the header's
    Jsonl,  ///< a message per line, or `{"source":..,"raw":<message>}`, without a receive time: the message's own
            ///< time stands in, else that of the message before
};

/// The format of that name as on the command line: auto, tickgate, hft, cf, cbcap, jsonl.
[[nodiscard]] std::optional<RecordingFormat> recording_format_named(std::string_view name) noexcept;

/// Takes messages off a recording's text in one format; holds what the format needs to remember.
class RecordParser {
public:
    virtual ~RecordParser() = default;

    /// Fills `out` with the next message; false at the end. `out` comes in as the message before.
    /// Errors: RecordingError at a line that is not as the format says.
    virtual bool next(RecordingText& text, RawMessage& out) = 0;

    /// The venue, where the recording itself names it.
    [[nodiscard]] virtual std::string_view venue() const noexcept { return {}; }
};

/// Makes the parser of a recording of which nothing was read yet, and takes its header off.
/// Errors: RecordingError when the text is empty, of no known format, or its header is wrong.
[[nodiscard]] std::unique_ptr<RecordParser> make_record_parser(RecordingFormat format, RecordingText& text);

}  // namespace tickgate::feeds
