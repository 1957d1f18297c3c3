#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <boost/system/error_code.hpp>

#include "feeds/binance/messages.hpp"
#include "feeds/decode_error.hpp"

namespace tickgate::feeds::binance {

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
