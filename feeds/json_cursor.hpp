#pragma once

#include <cstdint>
#include <string_view>

#include "feeds/decimal_reader.hpp"

namespace tickgate::feeds {

/// How a venue writes prices and quantities: `"1.50"` or `1.50`.
enum class DecimalText : std::uint8_t { Quoted, Bare };

/// Reads a piece of JSON from its text, value by value: what simdjson has delimited as one list or object, for visiting
/// each price by simdjson and parsing it afterwards takes twice as long. Checks the grammar of what it reads. The piece
/// lies inside a payload, so that a look at the next character is never a look too far. All functions return false,
/// with the place unspecified, at what they do not expect.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view raw) noexcept : at_{raw.data()}, end_{raw.data() + raw.size()} {}

    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

    /// The character that comes next, past space.
    [[nodiscard]] char peek() noexcept {
        skip_space();
        return *at_;
    }

    /// Space between tokens is allowed and seldom sent.
    [[nodiscard]] bool accept(char expected) noexcept {
        if (*at_ != expected) {
            skip_space();
            if (*at_ != expected) return false;
        }
        ++at_;
        return true;
    }

    template <DecimalText kForm>
    [[nodiscard]] bool read_decimal(book::Decimal& value) noexcept {
        if (*at_ <= ' ') skip_space();
        return kForm == DecimalText::Quoted ? read_quoted_decimal(at_, value) : read_bare_decimal(at_, value);
    }

    /// The content of a string without escapes; venues send no others where it matters.
    [[nodiscard]] bool read_text(std::string_view& text) noexcept {
        if (!accept('"')) return false;
        const char* const begin = at_;
        while (at_ < end_ && *at_ != '"') {
            if (*at_ == '\\') return false;
            ++at_;
        }
        text = {begin, at_};
        return at_ < end_ && *at_++ == '"';
    }

    /// The text of any value.
    [[nodiscard]] bool read_raw(std::string_view& raw) noexcept;
    [[nodiscard]] bool skip_value() noexcept {
        std::string_view raw;
        return read_raw(raw);
    }

    /// `[item, ..]`: `read_item()` reads one, and says whether it could.
    template <typename ReadItem>
    [[nodiscard]] bool read_list(ReadItem read_item) {
        if (!accept('[')) return false;
        if (accept(']')) return true;
        do {
            if (!read_item()) return false;
        } while (accept(','));
        return accept(']');
    }

    /// `{"key": value, ..}`: `read_member(key)` reads the value, and says whether it could.
    template <typename ReadMember>
    [[nodiscard]] bool read_object(ReadMember read_member) {
        if (!accept('{')) return false;
        if (accept('}')) return true;
        std::string_view key;
        do {
            if (!read_text(key) || !accept(':') || !read_member(key)) return false;
        } while (accept(','));
        return accept('}');
    }

private:
    void skip_space() noexcept {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
    }

    const char* at_;
    const char* end_;
};

/// The string that follows the first `"key":` (given with quotes and colon), as far as a text that is no JSON can be
/// read; else empty. To tell whose a message is that cannot be decoded.
[[nodiscard]] std::string_view text_after(std::string_view key, std::string_view text) noexcept;

}  // namespace tickgate::feeds
