#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace tickgate::book {

/// What can go wrong with text that should be a decimal.
enum class DecimalError {
    Malformed = 1,      ///< not `-?digits[.digits]`
    Overflow,           ///< does not fit 63 bits at the wanted scale
    DigitsBeyondScale,  ///< a digit other than 0 beyond the wanted scale: to a feed, a scale change
};

[[nodiscard]] const boost::system::error_category& decimal_error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(DecimalError error) noexcept;

template <typename T>
using Result = boost::system::result<T>;

}  // namespace tickgate::book

template <>
struct boost::system::is_error_code_enum<tickgate::book::DecimalError> : std::true_type {};
