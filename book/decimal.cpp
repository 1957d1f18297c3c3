#include "book/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace tickgate::book {
namespace {

constexpr std::array<std::int64_t, kMaxScale + 1> kPowersOfTen = [] {
    std::array<std::int64_t, kMaxScale + 1> powers{};
    std::int64_t power = 1;
    for (std::size_t i = 0; i <= kMaxScale; ++i) {
        powers[i] = power;
        if (i < kMaxScale) power *= 10;
    }
    return powers;
}();

class DecimalErrorCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "tickgate.decimal"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<DecimalError>(value)) {
            case DecimalError::Malformed:
                return "not a decimal number";
            case DecimalError::Overflow:
                return "decimal does not fit 63 bits";
            case DecimalError::DigitsBeyondScale:
                return "digits beyond the scale";
        }
        return "unknown decimal error";
    }
};

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Digits, counted and summed up without their sign.
struct Digits {
    std::uint64_t value = 0;
    unsigned after_point = 0;
    unsigned pending_zeros = 0;  // zeros after the point that are not yet in `value`
    bool any = false;
    bool overflow = false;

    void push(unsigned digit, bool fraction) noexcept {
        any = true;
        if (fraction && digit == 0) {
            ++pending_zeros;
            return;
        }
        for (; pending_zeros > 0; --pending_zeros) append(0, true);
        append(digit, fraction);
    }

    void append(unsigned digit, bool fraction) noexcept {
        constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (value > (kMax - digit) / 10 || (fraction && after_point == kMaxScale)) {
            overflow = true;
            return;
        }
        value = value * 10 + digit;
        after_point += fraction ? 1 : 0;
    }

    /// Takes up zeros at the end as written, as far as they fit.
    void keep_trailing_zeros() noexcept {
        while (pending_zeros > 0 && after_point < kMaxScale && value <= std::numeric_limits<std::int64_t>::max() / 10) {
            value *= 10;
            ++after_point;
            --pending_zeros;
        }
    }
};

/// mantissa * 10^(exponent - scale), with a scale of at least 0.
Result<Decimal> shifted(Decimal value, int exponent) noexcept {
    int scale = static_cast<int>(value.scale) - exponent;
    while (scale < 0 && value.mantissa != 0) {
        if (__builtin_mul_overflow(value.mantissa, std::int64_t{10}, &value.mantissa)) return DecimalError::Overflow;
        ++scale;
    }
    if (value.mantissa == 0) scale = scale < 0 ? 0 : std::min(scale, static_cast<int>(kMaxScale));
    while (scale > static_cast<int>(kMaxScale)) {
        if (value.mantissa % 10 != 0) return DecimalError::Overflow;
        value.mantissa /= 10;
        --scale;
    }
    return Decimal{value.mantissa, static_cast<std::uint8_t>(scale)};
}

constexpr std::array<char, 200> kTwoDigits = [] {
    std::array<char, 200> text{};
    for (std::size_t i = 0; i < 100; ++i) {
        text[2 * i] = static_cast<char>('0' + i / 10);
        text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return text;
}();

/// Exactly `count` digits, zeros in front, written two at a time from the last.
char* write_digits(char* out, std::uint64_t value, unsigned count) noexcept {
    char* const end = out + count;
    for (; count >= 2; count -= 2, value /= 100) std::memcpy(out + count - 2, kTwoDigits.data() + value % 100 * 2, 2);
    if (count == 1) *out = static_cast<char>('0' + value);
    return end;
}

}  // namespace

const boost::system::error_category& decimal_error_category() noexcept {
    static const DecimalErrorCategory category;
    return category;
}

boost::system::error_code make_error_code(DecimalError error) noexcept {
    return {static_cast<int>(error), decimal_error_category()};
}

Result<Decimal> parse_decimal(std::string_view text) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    const bool negative = at != end && *at == '-';
    if (negative) ++at;

    Digits digits;
    for (; at != end && is_digit(*at); ++at) digits.push(static_cast<unsigned>(*at - '0'), false);
    if (!digits.any) return DecimalError::Malformed;
    if (at != end && *at == '.') {
        const char* const first = ++at;
        for (; at != end && is_digit(*at); ++at) digits.push(static_cast<unsigned>(*at - '0'), true);
        if (at == first) return DecimalError::Malformed;
    }
    if (digits.overflow) return DecimalError::Overflow;
    digits.keep_trailing_zeros();

    const auto magnitude = static_cast<std::int64_t>(digits.value);
    const Decimal value{negative ? -magnitude : magnitude, static_cast<std::uint8_t>(digits.after_point)};
    if (at == end) return value;
    if (*at != 'e' && *at != 'E') return DecimalError::Malformed;
    ++at;
    if (end - at > 1 && at[0] == '+' && is_digit(at[1])) ++at;  // from_chars takes no plus sign
    int exponent = 0;
    const auto [stop, error] = std::from_chars(at, end, exponent);
    if (error == std::errc::result_out_of_range) return DecimalError::Overflow;
    if (error != std::errc{} || stop != end) return DecimalError::Malformed;
    if (exponent < -1'000 || exponent > 1'000) return DecimalError::Overflow;
    return shifted(value, exponent);
}

Result<std::int64_t> rescale(Decimal value, unsigned scale) noexcept {
    if (value.scale == scale) return value.mantissa;
    if (value.scale > scale) {
        const unsigned surplus = value.scale - scale;
        const std::int64_t factor = kPowersOfTen[surplus];
        if (value.mantissa % factor != 0) return DecimalError::DigitsBeyondScale;
        return value.mantissa / factor;
    }
    const unsigned missing = scale - value.scale;
    std::int64_t mantissa = 0;
    if (missing > kMaxScale || __builtin_mul_overflow(value.mantissa, kPowersOfTen[missing], &mantissa)) {
        return DecimalError::Overflow;
    }
    return mantissa;
}

char* write_decimal(char* out, std::int64_t mantissa, unsigned scale) noexcept {
    std::uint64_t magnitude = static_cast<std::uint64_t>(mantissa);
    if (mantissa < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    const auto unit = static_cast<std::uint64_t>(kPowersOfTen[scale]);
    const std::uint64_t whole = magnitude / unit;
    out = std::to_chars(out, out + kMaxDecimalText, whole).ptr;
    if (scale == 0) return out;
    *out = '.';
    return write_digits(out + 1, magnitude - whole * unit, scale);
}

std::string decimal_text(std::int64_t mantissa, unsigned scale) {
    std::array<char, kMaxDecimalText> text;
    return {text.data(), write_decimal(text.data(), mantissa, scale)};
}

}  // namespace tickgate::book
