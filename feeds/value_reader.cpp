#include "feeds/value_reader.hpp"

#include "feeds/decimal_reader.hpp"
#include "feeds/venue_time.hpp"

namespace tickgate::feeds {

std::string_view ValueReader::text(std::string_view raw) noexcept {
    if (!is_there(raw)) return {};
    const bool quoted = raw.size() > 2 && raw.front() == '"' && raw.back() == '"';
    if (!quoted || raw.find('\\') != std::string_view::npos) {
        fail(DecodeError::BadField);
        return {};
    }
    return raw.substr(1, raw.size() - 2);
}

std::uint64_t ValueReader::number(std::string_view raw) noexcept {
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

book::Decimal ValueReader::decimal(std::string_view raw) noexcept {
    book::Decimal value;
    if (!is_there(raw)) return value;
    JsonCursor cursor{raw};
    if (!cursor.read_decimal(decimals_, value) || !cursor.at_end()) fail(DecodeError::BadDecimal);
    return value;
}

book::Decimal ValueReader::quantity(std::string_view raw) noexcept {
    const book::Decimal value = decimal(raw);
    if (value.mantissa < 0) fail(DecodeError::BadDecimal);
    return value;
}

book::UnixNanos ValueReader::milliseconds(std::string_view raw) noexcept {
    const auto time = time_of_milliseconds(number(raw));
    if (!time) fail(DecodeError::BadField);
    return time.value_or(book::kNoTime);
}

book::UnixNanos ValueReader::seconds(std::string_view raw) noexcept {
    std::string_view rest = text(raw);
    const auto time = take_seconds(rest);
    if (!time || !rest.empty()) fail(DecodeError::BadField);
    return time.value_or(book::kNoTime);
}

book::UnixNanos ValueReader::iso_time(std::string_view raw) noexcept {
    const auto time = time_of_iso_text(text(raw));
    if (!time) fail(DecodeError::BadField);
    return time.value_or(book::kNoTime);
}

std::size_t ValueReader::levels(std::string_view raw, Rest rest, std::vector<PriceLevel>& out) {
    if (!is_there(raw)) return 0;
    const std::size_t before = out.size();
    JsonCursor cursor{raw};
    const auto read_level = [&] {
        PriceLevel& level = out.emplace_back();
        if (!cursor.accept('[') || !cursor.read_decimal(decimals_, level.price) || !cursor.accept(',') ||
            !cursor.read_decimal(decimals_, level.quantity) || level.quantity.mantissa < 0) {
            return false;
        }
        while (rest == Rest::Anything && cursor.accept(',')) {
            if (!cursor.skip_value()) return false;
        }
        return cursor.accept(']');
    };
    if (!cursor.read_list(read_level) || !cursor.at_end()) fail(DecodeError::BadLevels);
    return out.size() - before;
}

}  // namespace tickgate::feeds
