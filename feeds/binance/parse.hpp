#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <boost/system/error_code.hpp>

#include "feeds/binance/messages.hpp"

namespace tickgate::feeds::binance {

/// Why a message could not be decoded.
enum class DecodeError {
    InvalidJson = 1,  ///< not one JSON document, or cut off
    NotAnObject,      ///< `data` or the message itself is no object
    MissingField,     ///< a field that this message needs is not there
    BadField,         ///< a field of another type or range than documented
    BadDecimal,       ///< a price or quantity that is no decimal of 63 bits
    BadLevels,        ///< `b`, `a`, `bids` or `asks` is no list of [price, quantity]
};

[[nodiscard]] const boost::system::error_category& decode_error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(DecodeError error) noexcept;

/// Turns the text of one message into a plain value, by text alone. Keys may come in any order; a combined stream's
/// envelope is looked through. Allocates only while its buffers still grow.
class Decoder {
public:
    Decoder();
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// `payload` is followed by kPayloadPadding readable bytes. `message` and `levels` are overwritten; the spans of
    /// the one point into the other. Errors: DecodeError.
    [[nodiscard]] boost::system::error_code decode(std::string_view payload, Message& message,
                                                   std::vector<PriceLevel>& levels);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tickgate::feeds::binance

template <>
struct boost::system::is_error_code_enum<tickgate::feeds::binance::DecodeError> : std::true_type {};
