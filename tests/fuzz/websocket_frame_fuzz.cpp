// What a client sends, whole and cut into pieces: the same frames must come out, within the limit, and nothing may be
// read out of bounds. The first byte: how long a piece is, and whether deflate was negotiated.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/deflate.hpp"
#include "gateway/frame_reader.hpp"

namespace {

using tickgate::gateway::ClientFrame;
using tickgate::gateway::FrameReader;
using tickgate::gateway::Inflater;
using tickgate::gateway::UnfinishedInput;

constexpr std::size_t kLimit = 1'024;

/// Frames as text, the last one being the end if there was one.
std::string frames_of(const std::string& bytes, std::size_t piece, Inflater* inflater) {
    std::string seen;
    UnfinishedInput unfinished;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        std::string input = bytes.substr(at, piece);
        const std::size_t size = input.size();
        input.resize(size + tickgate::gateway::kInputPadding);
        FrameReader reader{unfinished, {input.data(), size}, kLimit, inflater};
        for (;;) {
            const ClientFrame frame = reader.next();
            if (frame.kind == ClientFrame::Kind::None) break;
            if (frame.payload.size() > kLimit) std::abort();
            seen += static_cast<char>('0' + static_cast<int>(frame.kind));
            seen += std::to_string(static_cast<int>(frame.code));
            const bool is_end = frame.kind == ClientFrame::Kind::Close || frame.kind == ClientFrame::Kind::Violation;
            if (frame.kind != ClientFrame::Kind::Violation) seen += frame.payload;
            if (is_end) return seen;
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    constexpr std::uint8_t kInflates = 0x80;
    const std::size_t piece = std::max<std::size_t>(1, data[0] % kInflates);
    static Inflater shared;
    Inflater* const inflater = (data[0] & kInflates) != 0 ? &shared : nullptr;
    const std::string bytes(data + 1, data + size);
    const std::string whole = frames_of(bytes, bytes.size() + 1, inflater);
    if (frames_of(bytes, piece, inflater) != whole || frames_of(bytes, 1, inflater) != whole) std::abort();
    return 0;
}
