#include "gateway/utf8_checker.hpp"

namespace tickgate::gateway {

bool Utf8Checker::feed(std::string_view piece) noexcept {
    for (const char byte : piece) {
        const auto unit = static_cast<unsigned char>(byte);
        if (missing_ == 0) {
            if (!begin_character(unit)) return false;
            continue;
        }
        if (unit < low_ || unit > high_) return false;
        low_ = 0x80;
        high_ = 0xBF;
        --missing_;
    }
    return true;
}

bool Utf8Checker::begin_character(unsigned char lead) noexcept {
    if (lead < 0x80) return true;
    if (lead < 0xC2) return false;  // a continuation, or an overlong form of ASCII
    if (lead < 0xE0) return expect(1, 0x80, 0xBF);
    if (lead == 0xE0) return expect(2, 0xA0, 0xBF);  // below: overlong
    if (lead == 0xED) return expect(2, 0x80, 0x9F);  // above: surrogates
    if (lead < 0xF0) return expect(2, 0x80, 0xBF);
    if (lead == 0xF0) return expect(3, 0x90, 0xBF);  // below: overlong
    if (lead < 0xF4) return expect(3, 0x80, 0xBF);
    return lead == 0xF4 && expect(3, 0x80, 0x8F);  // above: beyond U+10FFFF
}

bool Utf8Checker::expect(std::uint8_t missing, std::uint8_t low, std::uint8_t high) noexcept {
    missing_ = missing;
    low_ = low;
    high_ = high;
    return true;
}

}  // namespace tickgate::gateway
