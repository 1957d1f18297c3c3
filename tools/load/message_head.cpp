#include "tools/load/message_head.hpp"

#include <charconv>
#include <utility>

namespace tickgate::load {

namespace {

constexpr std::pair<std::string_view, MessageType> kTypes[] = {
    {"delta", MessageType::Delta},     {"snapshot", MessageType::Snapshot}, {"bbo", MessageType::Bbo},
    {"trades", MessageType::Trades},   {"ack", MessageType::Ack},           {"error", MessageType::Error},
    {"welcome", MessageType::Welcome}, {"lag", MessageType::Lag},           {"gap", MessageType::Gap},
};

MessageType type_named(std::string_view name) noexcept {
    for (const auto& [text, type] : kTypes) {
        if (text == name) return type;
    }
    return name.empty() ? MessageType::Unreadable : MessageType::Other;
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// `…,"ts":DIGITS}` as the end of an object can be nothing but its last member.
std::optional<std::uint64_t> closing_ts(std::string_view message) noexcept {
    constexpr std::string_view kKey = R"(,"ts":)";
    if (!message.ends_with('}')) return std::nullopt;
    message.remove_suffix(1);
    const std::size_t digits = message.find_last_not_of("0123456789") + 1;
    if (!message.substr(0, digits).ends_with(kKey)) return std::nullopt;
    return number(message.substr(digits));
}

/// Walks over JSON text without checking more of it than is needed to find the way.
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : rest_{text} {}

    /// Takes this character, with the white space before it.
    bool take(char wanted) noexcept {
        skip_space();
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    [[nodiscard]] bool at_nested() noexcept {
        skip_space();
        return rest_.starts_with('[') || rest_.starts_with('{');
    }

    /// A string without its quotes, as written.
    std::optional<std::string_view> take_string() noexcept {
        if (!take('"')) return std::nullopt;
        std::size_t end = 0;
        while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
        if (end >= rest_.size()) return std::nullopt;
        return take_front(end, end + 1);
    }

    /// The value that comes next: a string without its quotes, else the text of the value. Nothing: it has no end.
    std::optional<std::string_view> take_value() noexcept {
        skip_space();
        if (rest_.starts_with('"')) return take_string();
        const std::size_t end = at_nested() ? end_of_nested() : rest_.find_first_of(",} \t\r\n");
        if (end == std::string_view::npos || end == 0) return std::nullopt;
        return take_front(end, end);
    }

private:
    void skip_space() noexcept {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r' || rest_[0] == '\n')) {
            rest_.remove_prefix(1);
        }
    }

    std::string_view take_front(std::size_t size, std::size_t with_end) noexcept {
        const std::string_view front = rest_.substr(0, size);
        rest_.remove_prefix(with_end);
        return front;
    }

    [[nodiscard]] std::size_t end_of_nested() const noexcept {
        std::size_t depth = 0;
        bool in_string = false;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (c == '"') in_string = !in_string;
            if (in_string && c == '\\') ++i;
            if (in_string) continue;
            if (c == '[' || c == '{') ++depth;
            if ((c == ']' || c == '}') && --depth == 0) return i + 1;
        }
        return std::string_view::npos;
    }

    std::string_view rest_;
};

// What follows the first array of a message is needed only where the scan before it left something open.
bool is_complete(const MessageHead& head) noexcept {
    switch (head.type) {
        case MessageType::Delta:
            return head.sid != 0 && head.prev && head.seq && head.ts;
        case MessageType::Snapshot:
        case MessageType::Bbo:
            return head.sid != 0 && head.seq && !head.epoch.empty() && head.ts;
        case MessageType::Trades:
            return head.sid != 0 && head.prev && head.seq && !head.epoch.empty() && head.ts;
        default:
            return false;
    }
}

void store(MessageHead& head, std::string_view key, std::string_view value) noexcept {
    if (key == "type") head.type = type_named(value);
    if (key == "sid") head.sid = number(value).value_or(0);
    if (key == "prev") head.prev = number(value);
    if (key == "seq") head.seq = number(value);
    if (key == "ts") head.ts = number(value);
    if (key == "epoch") head.epoch = value;
}

}  // namespace

MessageHead read_head(std::string_view message) noexcept {
    MessageHead head;
    head.ts = closing_ts(message);
    Scanner scanner{message};
    if (!scanner.take('{')) return {};
    if (scanner.take('}')) return {};
    do {
        const std::optional<std::string_view> key = scanner.take_string();
        if (!key || !scanner.take(':')) return {};
        if (scanner.at_nested() && is_complete(head)) return head;
        const std::optional<std::string_view> value = scanner.take_value();
        if (!value) return {};
        store(head, *key, *value);
    } while (scanner.take(','));
    return scanner.take('}') ? head : MessageHead{};
}

}  // namespace tickgate::load
