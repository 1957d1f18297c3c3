#include "feeds/recording_format.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "feeds/jsonl_parser.hpp"
#include "feeds/venue_time.hpp"

namespace tickgate::feeds {
namespace {

using book::UnixNanos;
using std::chrono::nanoseconds;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Takes `prefix` off the front of `text` if it is there.
bool take(std::string_view& text, std::string_view prefix) noexcept {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes a number of digits only off the front of `text`.
std::optional<std::int64_t> take_integer(std::string_view& text) noexcept {
    std::int64_t value = 0;
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Takes what stands before the next space, and that space, off the front of `text`; empty if there is none.
std::string_view take_word(std::string_view& text) noexcept {
    const std::size_t size = text.find(' ');
    if (size == std::string_view::npos) return {};
    const std::string_view word = text.substr(0, size);
    text.remove_prefix(size + 1);
    return word;
}

/// Takes `<ns since 1970>` off the front of `text`.
std::optional<UnixNanos> take_nanos(std::string_view& text) noexcept {
    const auto nanos = take_integer(text);
    if (!nanos || nanoseconds{*nanos} > kLatestReceiveTime) return std::nullopt;
    return UnixNanos{nanoseconds{*nanos}};
}

/// Takes `<URL> ` off the front of `text`; empty if there is none.
std::string_view take_url(std::string_view& text) noexcept {
    const std::string_view url = text.substr(0, text.find(' '));
    if (url.size() == text.size() || url.find("://") == std::string_view::npos) return {};
    text.remove_prefix(url.size() + 1);
    return url;
}

/// Takes the receive time off a line that begins with it and holds more.
UnixNanos take_receive_time(std::string_view& line, const RecordingText& text) {
    const auto time = take_nanos(line);
    if (!time || !take(line, " ")) text.fail("the line does not begin with a receive time");
    if (line.empty()) text.fail("the line holds no message");
    return *time;
}

class HftParser final : public RecordParser {
public:
    bool next(RecordingText& text, RawMessage& out) override {
        auto line = text.next_filled_line();
        if (!line) return false;
        const UnixNanos time = take_receive_time(*line, text);
        const bool rest = line->starts_with(R"({"lastUpdateId":)");
        out = {rest ? RawMessage::Kind::RestAnswer : RawMessage::Kind::Frame, time, {}, *line};
        return true;
    }
};

class TickgateParser final : public RecordParser {
public:
    explicit TickgateParser(RecordingText& text) {
        std::string_view line = text.next_line().value_or("");
        if (!take(line, "# tickgate ")) text.fail("the first line is not `# tickgate 1 <venue> <start ns>`");
        if (!take(line, "1 ")) text.fail("the recording is of another version than 1");
        venue_ = take_word(line);
        if (venue_.empty() || !take_integer(line) || !line.empty()) {
            text.fail("the header lacks its venue or start time");
        }
    }

    bool next(RecordingText& text, RawMessage& out) override {
        auto line = text.next_filled_line();
        if (!line) return false;
        out = {RawMessage::Kind::Frame, take_receive_time(*line, text), {}, *line};
        const std::string_view url = line->starts_with("http") ? take_url(*line) : std::string_view{};
        if (!url.empty() && take(*line, "-> ")) {
            out.kind = RawMessage::Kind::RestAnswer;
            out.url = url;
            out.payload = *line;
        }
        return true;
    }

    [[nodiscard]] std::string_view venue() const noexcept override { return venue_; }

private:
    std::string venue_;
};

class CfParser final : public RecordParser {
public:
    bool next(RecordingText& text, RawMessage& out) override {
        while (const auto line = text.next_line()) {
            if (parse_message(*line, out) || parse_about_url(*line, out)) return true;
        }
        return false;
    }

private:
    static bool parse_message(std::string_view line, RawMessage& out) noexcept {
        const auto time = take_seconds(line);
        if (!time || !take(line, ": ")) return false;
        out = {RawMessage::Kind::Frame, *time, {}, line};
        return true;
    }

    /// A new connection or a REST answer.
    static bool parse_about_url(std::string_view line, RawMessage& out) noexcept {
        const std::string_view url = take_url(line);
        if (url.empty()) return false;
        const bool connected = take(line, "<-> ");
        if (!connected && !take(line, "-> ")) return false;
        const auto time = take_seconds(line);
        if (!time || (connected ? !line.empty() : !take(line, ": "))) return false;
        out = {connected ? RawMessage::Kind::Connected : RawMessage::Kind::RestAnswer, *time, url, line};
        return true;
    }
};

class CbcapParser final : public RecordParser {
public:
    explicit CbcapParser(RecordingText& text) {
        std::string_view line = text.next_line().value_or("");
        if (!take(line, "CBCAP1 ")) text.fail("the first line is not `CBCAP1 <venue> <symbol> <start ns>`");
        venue_ = take_word(line);
        const bool has_symbol = !take_word(line).empty();
        const auto start = take_nanos(line);
        if (venue_.empty() || !has_symbol || !start || !line.empty()) {
            text.fail("the header lacks its venue, symbol or start time");
        }
        start_ = start->time_since_epoch();
    }

    bool next(RecordingText& text, RawMessage& out) override {
        auto line = text.next_filled_line();
        if (!line) return false;
        const auto time = take_time(*line);
        if (!time) text.fail("the line does not begin with a time after the recording's start");
        const auto size = take(*line, " ") ? take_integer(*line) : std::nullopt;
        if (!size || *size == 0 || !line->empty()) text.fail("the line does not end with the length of a message");
        out = {RawMessage::Kind::Frame, *time, {}, text.next_block(static_cast<std::size_t>(*size))};
        return true;
    }

    [[nodiscard]] std::string_view venue() const noexcept override { return venue_; }

private:
    /// The records' clock runs since some boot: only what has passed since the first counts.
    std::optional<UnixNanos> take_time(std::string_view& line) noexcept {
        const auto clock = take_integer(line);
        if (!clock) return std::nullopt;
        if (!first_) first_ = clock;
        const nanoseconds passed{*clock - *first_};
        if (passed < nanoseconds{0} || passed > kLatestReceiveTime - start_) return std::nullopt;
        return UnixNanos{start_ + passed};
    }

    std::string venue_;
    nanoseconds start_{0};               // since 1970
    std::optional<std::int64_t> first_;  // by the records' clock
};

/// Auto where the line shows no known format.
RecordingFormat format_of(std::string_view line) noexcept {
    if (line.starts_with("# tickgate")) return RecordingFormat::Tickgate;
    if (line.starts_with("CBCAP1 ")) return RecordingFormat::Cbcap;
    if (line.starts_with('{')) return RecordingFormat::Jsonl;
    std::string_view rest = line;
    if (take_nanos(rest) && take(rest, " ")) return RecordingFormat::Hft;
    rest = line;
    if (take_seconds(rest) && rest.starts_with(": ")) return RecordingFormat::Cf;
    rest = line;
    if (!take_url(rest).empty()) return RecordingFormat::Cf;
    return RecordingFormat::Auto;
}

}  // namespace

std::optional<RecordingFormat> recording_format_named(std::string_view name) noexcept {
    using enum RecordingFormat;
    constexpr std::array<std::pair<std::string_view, RecordingFormat>, 6> kNames{
        {{"auto", Auto}, {"tickgate", Tickgate}, {"hft", Hft}, {"cf", Cf}, {"cbcap", Cbcap}, {"jsonl", Jsonl}}};
    for (const auto& [known, format] : kNames) {
        if (name == known) return format;
    }
    return std::nullopt;
}

std::unique_ptr<RecordParser> make_record_parser(RecordingFormat format, RecordingText& text) {
    const auto first_line = text.peek_line();
    if (!first_line) text.fail("the file is empty");
    if (format == RecordingFormat::Auto) format = format_of(*first_line);
    switch (format) {
        case RecordingFormat::Tickgate:
            return std::make_unique<TickgateParser>(text);
        case RecordingFormat::Hft:
            return std::make_unique<HftParser>();
        case RecordingFormat::Cf:
            return std::make_unique<CfParser>();
        case RecordingFormat::Cbcap:
            return std::make_unique<CbcapParser>(text);
        case RecordingFormat::Jsonl:
            return std::make_unique<JsonlParser>();
        case RecordingFormat::Auto:
            break;
    }
    (void)text.next_line();
    text.fail("the first line shows no known recording format");
}

}  // namespace tickgate::feeds
