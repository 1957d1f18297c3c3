#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "feeds/decode_error.hpp"
#include "feeds/json_cursor.hpp"
#include "feeds/market_data.hpp"

namespace tickgate::feeds {

/// Reads values from their raw JSON text, which is empty where a field is missing. The first fault is kept, what is
/// read after it is of no meaning: so a message is read in one go and asked once. What is known of the text before is
/// only that simdjson found its tokens; each function checks the rest of its value's grammar.
class ValueReader {
public:
    explicit ValueReader(DecimalText decimals) noexcept : decimals_{decimals} {}

    [[nodiscard]] DecodeError fault() const noexcept { return fault_; }
    void fail(DecodeError fault) noexcept {
        if (fault_ == kNoFault) fault_ = fault;
    }

    /// The content of a string without escapes, never empty.
    std::string_view text(std::string_view raw) noexcept;
    /// Digits only, up to 19.
    std::uint64_t number(std::string_view raw) noexcept;
    /// The same in quotes.
    std::uint64_t quoted_number(std::string_view raw) noexcept { return number(text(raw)); }

    book::Decimal decimal(std::string_view raw) noexcept;
    /// A decimal that is not negative.
    book::Decimal quantity(std::string_view raw) noexcept;

    /// A bare number of milliseconds since 1970.
    book::UnixNanos milliseconds(std::string_view raw) noexcept;
    /// `"1618678145.920708"`: seconds since 1970.
    book::UnixNanos seconds(std::string_view raw) noexcept;
    /// `"2021-04-17T16:43:42.743618Z"`; kNoTime for one before 1970.
    book::UnixNanos iso_time(std::string_view raw) noexcept;

    /// What a level may hold behind price and quantity.
    enum class Rest { Nothing, Anything };
    /// Appends `[[price, quantity], ..]`; returns how many.
    std::size_t levels(std::string_view raw, Rest rest, std::vector<PriceLevel>& out);

private:
    bool is_there(std::string_view raw) noexcept {
        if (raw.empty()) fail(DecodeError::MissingField);
        return !raw.empty();
    }

    DecimalText decimals_;
    DecodeError fault_ = kNoFault;
};

}  // namespace tickgate::feeds
