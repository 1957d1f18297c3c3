#pragma once

#include <memory>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "feeds/coinbase/messages.hpp"
#include "feeds/decode_error.hpp"

namespace tickgate::feeds::coinbase {

/// Turns the text of one message into a plain value, by text alone: one with a `channel` is Advanced Trade's, one with
/// a `type` Exchange's. Keys may come in any order. Allocates only while its buffers still grow.
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

}  // namespace tickgate::feeds::coinbase
