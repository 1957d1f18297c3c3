#pragma once

#include <vector>

#include "feeds/binance/messages.hpp"
#include "feeds/decimal_reader.hpp"

namespace tickgate::feeds::binance {

/// Reads `[["price","quantity"],...]` from the text, digit by digit: visiting each string by simdjson and parsing it
/// afterwards took twice as long. Stops, at the latest, at the first character that such a list cannot have, so that
/// one behind it in the payload keeps it inside.
class LevelReader {
public:
    explicit LevelReader(const char* at) noexcept : at_{at} {}

    [[nodiscard]] bool read_into(std::vector<PriceLevel>& levels) {
        if (!accept('[')) return false;
        if (accept(']')) return true;
        do {
            if (!read_level(levels.emplace_back())) return false;
        } while (accept(','));
        return accept(']');
    }

    /// Behind the list, once it is read.
    [[nodiscard]] const char* at() const noexcept { return at_; }

private:
    [[nodiscard]] bool read_level(PriceLevel& level) noexcept {
        return accept('[') && read_decimal(level.price) && accept(',') && read_decimal(level.quantity) &&
               level.quantity.mantissa >= 0 && accept(']');
    }

    [[nodiscard]] bool read_decimal(book::Decimal& value) noexcept {
        if (*at_ != '"') skip_space();
        return read_quoted_decimal(at_, value);
    }

    // Space between tokens is allowed and never sent.
    [[nodiscard]] bool accept(char expected) noexcept {
        if (*at_ != expected) {
            skip_space();
            if (*at_ != expected) return false;
        }
        ++at_;
        return true;
    }

    void skip_space() noexcept {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
    }

    const char* at_;
};

}  // namespace tickgate::feeds::binance
