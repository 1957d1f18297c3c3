#pragma once

#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/frame_reader.hpp"

/// What a client may send, and what a FrameReader makes of it.
namespace tickgate::test {

using gateway::ClientFrame;
using gateway::FrameReader;
using Kind = ClientFrame::Kind;

inline constexpr std::size_t kLimit = 1 << 20;

/// A frame taken out of the reader, with its payload copied.
struct Seen {
    Kind kind;
    std::uint16_t code = 1005;
    std::string payload;
    friend bool operator==(const Seen&, const Seen&) = default;
    friend void PrintTo(const Seen& seen, std::ostream* out) {
        *out << "kind " << static_cast<int>(seen.kind) << " code " << seen.code << " payload of " << seen.payload.size()
             << ": " << seen.payload.substr(0, 40);
    }
};

inline Seen seen(const ClientFrame& frame) {
    return {frame.kind, static_cast<std::uint16_t>(frame.code), std::string{frame.payload}};
}

/// A frame as a client writes it; first: the first byte, with FIN and the reserved bits.
inline std::string client_frame(int first, std::string_view payload, std::uint32_t mask = 0x6D9CFE21) {
    std::string frame(1, static_cast<char>(first));
    const std::size_t size = payload.size();
    const std::size_t width = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    frame += static_cast<char>(0x80 | (width == 0 ? size : width == 2 ? 126U : 127U));
    for (std::size_t i = width; i > 0; --i) frame += static_cast<char>(size >> (8 * (i - 1)));
    char key[4];
    std::memcpy(key, &mask, sizeof key);
    frame.append(key, sizeof key);
    for (std::size_t i = 0; i < size; ++i) frame += static_cast<char>(payload[i] ^ key[i % 4]);
    return frame;
}

inline std::string text(std::string_view payload) {
    return client_frame(0x81, payload);
}
inline std::string ping(std::string_view payload) {
    return client_frame(0x89, payload);
}
inline std::string closing(int code, std::string_view reason) {
    return client_frame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} += reason);
}

/// Hands bytes to a reader as a session does: each piece in a buffer of its own that is gone afterwards.
class Session {
public:
    /// Inflater: where deflate was negotiated.
    explicit Session(std::size_t limit = kLimit, gateway::Inflater* inflater = nullptr)
        : limit_{limit},
          inflater_{inflater} {}

    void feed(std::string_view piece, std::size_t take = SIZE_MAX) {
        std::vector<char> buffer(piece.size() + gateway::kInputPadding);
        std::copy(piece.begin(), piece.end(), buffer.begin());
        FrameReader reader{unfinished, {buffer.data(), piece.size()}, limit_, inflater_};
        while (take-- > 0 && !has_ended_) {
            const ClientFrame frame = reader.next();
            if (frame.kind == Kind::None) break;
            frames.push_back(seen(frame));
            has_ended_ = frame.kind == Kind::Close || frame.kind == Kind::Violation;
        }
    }

    std::vector<Seen> frames;
    gateway::UnfinishedInput unfinished;

private:
    std::size_t limit_;
    gateway::Inflater* inflater_;
    bool has_ended_ = false;
};

inline std::vector<Seen> read_all(std::string_view bytes, std::size_t limit = kLimit,
                                  gateway::Inflater* inflater = nullptr) {
    Session session{limit, inflater};
    session.feed(bytes);
    return session.frames;
}

inline std::vector<Seen> read_in_pieces(std::string_view bytes, std::size_t piece, std::size_t limit = kLimit,
                                        gateway::Inflater* inflater = nullptr) {
    Session session{limit, inflater};
    for (std::size_t at = 0; at < bytes.size(); at += piece) session.feed(bytes.substr(at, piece));
    return session.frames;
}

/// 0: there is none.
inline int violation_code(std::string_view bytes, std::size_t limit = kLimit, gateway::Inflater* inflater = nullptr) {
    const auto frames = read_all(bytes, limit, inflater);
    return frames.empty() || frames.back().kind != Kind::Violation ? 0 : frames.back().code;
}

}  // namespace tickgate::test
