#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace tickgate::test {

/// What zlib makes of a message by permessage-deflate, without its tail. Throws where it is not deflate.
inline std::string inflated(std::string_view message, int window_bits = 15) {
    std::string input{message};
    input.append("\x00\x00\xff\xff", 4);
    z_stream stream{};
    if (inflateInit2(&stream, -window_bits) != Z_OK) throw std::runtime_error{"inflateInit2"};
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    std::string out;
    int result = Z_OK;
    do {
        char piece[512];  // smaller than any message's window, so that every distance is looked at
        stream.next_out = reinterpret_cast<Bytef*>(piece);
        stream.avail_out = sizeof piece;
        result = ::inflate(&stream, Z_SYNC_FLUSH);
        out.append(piece, sizeof piece - stream.avail_out);
    } while (result == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
    inflateEnd(&stream);
    const bool is_read = result == Z_OK || result == Z_BUF_ERROR;
    if (!is_read || stream.avail_in > 0) throw std::runtime_error{"not a whole deflated message"};
    return out;
}

}  // namespace tickgate::test
