#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "feeds/decode_error.hpp"
#include "feeds/json_cursor.hpp"
#include "feeds/market_data.hpp"
#include "feeds/venue_time.hpp"

namespace tickgate::feeds {

/// Reads values from their raw JSON text, which is empty where a field is missing. The first fault is kept, what is
/// read after it is of no meaning: so a message is read in one go and asked once. What is known of the text before is
/// only that simdjson found its tokens; each function checks the rest of its value's grammar.
template <DecimalText kDecimals>
class ValueReader {
public:
    [[nodiscard]] DecodeError fault() const noexcept { return fault_; }
    void fail(DecodeError fault) noexcept {
        if (fault_ == kNoFault) fault_ = fault;
    }

    /// The content of a string without escapes, never empty.
    std::string_view text(std::string_view raw) noexcept {
        if (!is_there(raw)) return {};
        const bool quoted = raw.size() > 2 && raw.front() == '"' && raw.back() == '"';
        if (quoted && raw.find('\\') == std::string_view::npos) return raw.substr(1, raw.size() - 2);
        fail(DecodeError::BadField);
        return {};
    }

    /// Digits only, up to 19.
    std::uint64_t number(std::string_view raw) noexcept {
        constexpr std::size_t kMaxDigits = 19;  // what 64 bits hold, whatever the digits
        if (!is_there(raw)) return 0;
        std::uint64_t number = 0;
        const char* at = raw.data();
        const char* const end = at + raw.size();
        while (at < end && raw.size() <= kMaxDigits) {
            const auto [value, count] = detail::read_digits(at);
            if (count == 0) break;
            number = number * static_cast<std::uint64_t>(detail::kPowersOfTen[count]) + value;
            at += count;
        }
        if (at == end) return number;
        fail(DecodeError::BadField);
        return 0;
    }

    /// The same in quotes.
    std::uint64_t quoted_number(std::string_view raw) noexcept { return number(text(raw)); }

    book::Decimal decimal(std::string_view raw) noexcept {
        book::Decimal value;
        if (!is_there(raw)) return value;
        JsonCursor cursor{raw};
        if (!cursor.read_decimal<kDecimals>(value) || !cursor.at_end()) fail(DecodeError::BadDecimal);
        return value;
    }

    /// A decimal that is not negative.
    book::Decimal quantity(std::string_view raw) noexcept {
        const book::Decimal value = decimal(raw);
        if (value.mantissa < 0) fail(DecodeError::BadDecimal);
        return value;
    }

    /// A bare number of milliseconds since 1970.
    book::UnixNanos milliseconds(std::string_view raw) noexcept { return checked(time_of_milliseconds(number(raw))); }

    /// `"1618678145.920708"`: seconds since 1970.
    book::UnixNanos seconds(std::string_view raw) noexcept {
        std::string_view rest = text(raw);
        const auto time = take_seconds(rest);
        return checked(rest.empty() ? time : std::nullopt);
    }

    /// `"2021-04-17T16:43:42.743618Z"`; kNoTime for one before 1970.
    book::UnixNanos iso_time(std::string_view raw) noexcept { return checked(time_of_iso_text(text(raw))); }

    /// What a level may hold behind price and quantity.
    enum class Rest : std::uint8_t { Nothing, Anything };
    /// Appends `[[price, quantity], ..]`; returns how many.
    template <Rest kRest = Rest::Nothing>
    std::size_t levels(std::string_view raw, std::vector<PriceLevel>& out) {
        if (!is_there(raw)) return 0;
        const std::size_t before = out.size();
        JsonCursor cursor{raw};
        const auto read_level = [&] {
            PriceLevel& level = out.emplace_back();
            if (!cursor.accept('[') || !cursor.read_decimal<kDecimals>(level.price) || !cursor.accept(',') ||
                !cursor.read_decimal<kDecimals>(level.quantity) || level.quantity.mantissa < 0) {
                return false;
            }
            while (kRest == Rest::Anything && cursor.accept(',')) {
                if (!cursor.skip_value()) return false;
            }
            return cursor.accept(']');
        };
        if (!cursor.read_list(read_level) || !cursor.at_end()) fail(DecodeError::BadLevels);
        return out.size() - before;
    }

private:
    bool is_there(std::string_view raw) noexcept {
        if (raw.empty()) fail(DecodeError::MissingField);
        return !raw.empty();
    }
    book::UnixNanos checked(std::optional<book::UnixNanos> time) noexcept {
        if (!time) fail(DecodeError::BadField);
        return time.value_or(book::kNoTime);
    }

    DecodeError fault_ = kNoFault;
};

}  // namespace tickgate::feeds
