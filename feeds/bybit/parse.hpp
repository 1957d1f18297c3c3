#pragma once

#include <memory>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "feeds/bybit/messages.hpp"
#include "feeds/decode_error.hpp"

namespace tickgate::feeds::bybit {

/// Turns the text of one message into a plain value, by text alone. Keys may come in any order. Allocates only while
/// its buffers still grow.
class Decoder {
public:
    Decoder();
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// `payload` is followed by kPayloadPadding readable bytes. `message` is overwritten. Errors: DecodeError.
    [[nodiscard]] boost::system::error_code decode(std::string_view payload, Message& message);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tickgate::feeds::bybit
