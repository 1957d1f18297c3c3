#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "feeds/bitfinex/messages.hpp"
#include "feeds/decode_error.hpp"

namespace tickgate::feeds::bitfinex {

/// Turns the text of one message into a plain value. Allocates only while its buffers still grow.
/// Errors of all: DecodeError.
class Decoder {
public:
    Decoder();
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// `payload` is followed by kPayloadPadding readable bytes. `message` is overwritten.
    [[nodiscard]] boost::system::error_code decode(std::string_view payload, Message& message);

    // What a ChannelMessage has as its data, of the message decoded last.

    /// `[[price, count, amount], ..]`, or one such list.
    [[nodiscard]] boost::system::error_code decode_book(std::string_view data, Book& book);
    /// `[id, ms, amount, price]`: a positive amount was bought by the taker.
    [[nodiscard]] static boost::system::error_code decode_trade(std::string_view data, Trade& trade);
    /// A signed number of 32 bits, as the unsigned one of the same bits.
    [[nodiscard]] static boost::system::error_code decode_checksum(std::string_view data, std::uint32_t& checksum);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tickgate::feeds::bitfinex
