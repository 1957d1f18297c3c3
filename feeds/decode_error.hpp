#pragma once

#include <boost/system/error_code.hpp>

namespace tickgate::feeds {

/// Why a venue's message could not be decoded.
enum class DecodeError {
    InvalidJson = 1,  ///< not one JSON document, or cut off
    NotAnObject,      ///< what should be an object (or a list) is none
    MissingField,     ///< a field that this message needs is not there
    BadField,         ///< a field of another type or range than documented
    BadDecimal,       ///< a price or quantity that is no decimal of 63 bits
    BadLevels,        ///< levels that are not as the venue writes them
};

/// "No fault", where a DecodeError is asked for without an error_code around it.
inline constexpr DecodeError kNoFault{};

[[nodiscard]] const boost::system::error_category& decode_error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(DecodeError error) noexcept;

}  // namespace tickgate::feeds

template <>
struct boost::system::is_error_code_enum<tickgate::feeds::DecodeError> : std::true_type {};
