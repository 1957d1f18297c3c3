#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/utf8_checker.hpp"
#include "gateway/websocket_frame.hpp"

namespace tickgate::gateway {

class Inflater;

/// What a session keeps of its client's bytes between two reads: nothing while no frame or message is unfinished and
/// every frame was taken, so that an idle session pays for one pointer.
class UnfinishedInput {
public:
    UnfinishedInput() noexcept;
    UnfinishedInput(UnfinishedInput&&) noexcept;
    UnfinishedInput& operator=(UnfinishedInput&&) noexcept;
    ~UnfinishedInput();

    [[nodiscard]] bool is_empty() const noexcept { return !kept_; }
    /// Heap bytes held: what a test holds the promised bound to.
    [[nodiscard]] std::size_t memory() const noexcept;

private:
    friend class FrameReader;
    struct Kept;
    std::unique_ptr<Kept> kept_;
};

/// One thing that a client said.
struct ClientFrame {
    enum class Kind : std::uint8_t {
        None,    ///< no whole frame is left: read more
        Text,    ///< a whole message, valid UTF-8
        Binary,  ///< a whole message
        Ping,    ///< to be answered by a Pong with the same payload
        Pong,
        Close,      ///< code: the client's, or NoStatus; payload: its reason. To be answered by a close frame
        Violation,  ///< code: what to close with; payload: the reason in a few words, static text
    };

    Kind kind = Kind::None;
    CloseCode code = CloseCode::NoStatus;
    /// Lives until the next call of next() or the reader's end. Text is followed by kInputPadding readable bytes.
    std::string_view payload;
};

struct ClientFrameHeader;  // as parsed; frame_reader.cpp

/// Readable bytes that must follow the input: simdjson reads that far beyond a text.
inline constexpr std::size_t kInputPadding = 64;

/// Reads what a WebSocket client sends, out of one read buffer that all sessions of a thread share.
///
///     FrameReader reader{session.unfinished, bytes_read, kFrameLimit};
///     while (session.wants_more()) {
///         const ClientFrame frame = reader.next();
///         if (frame.kind == ClientFrame::Kind::None) break;
///         ...
///     }
///
/// Unmasks in place, joins fragments, lets control frames through between them; where permessage-deflate was negotiated
/// messages may come deflated, and are inflated once they are whole. The caller may stop at any frame: what
/// was not taken is kept when the reader goes, and a reader over it and no new bytes goes on from there. After Close or
/// Violation nothing more comes, and nothing is kept; the caller gives no more input.
/// Errors: Violation as soon as the bytes show it, UTF-8 in unfinished frames included (not in deflated ones): 1002 for
/// a broken rule, 1007 for text that is not UTF-8 and for what cannot be inflated, 1009 for a frame or message above
/// the limit, inflated or not. Source: RFC 6455, chapters 5, 7.4 and 8.1; RFC 7692, 6 and 7.2.
class FrameReader {
public:
    /// Input: the bytes just read, to be changed in place, followed by kInputPadding readable bytes; may be empty.
    /// Inflater: null where deflate was not negotiated; of the thread, its text is a message's payload for as long as
    /// that.
    FrameReader(UnfinishedInput& unfinished, std::span<char> input, std::size_t message_limit,
                Inflater* inflater = nullptr);
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;
    /// Keeps what was not taken.
    ~FrameReader();

    [[nodiscard]] ClientFrame next();

private:
    using Header = ClientFrameHeader;

    [[nodiscard]] std::optional<ClientFrame> take_frame(const Header& header);
    [[nodiscard]] bool unmask_available(const Header& header) noexcept;
    [[nodiscard]] bool check_text(const Header& header, std::string_view fresh, bool is_whole) noexcept;
    [[nodiscard]] ClientFrame control_frame(Opcode opcode, std::string_view payload);
    [[nodiscard]] std::optional<ClientFrame> data_frame(const Header& header, std::string_view payload);
    [[nodiscard]] ClientFrame inflated(ClientFrame::Kind kind, std::string_view payload);
    [[nodiscard]] ClientFrame close_frame(std::string_view payload);
    [[nodiscard]] ClientFrame violation(CloseCode code, std::string_view reason);
    [[nodiscard]] Opcode message_opcode() const noexcept;
    [[nodiscard]] std::size_t message_size() const noexcept;
    [[nodiscard]] bool is_deflated(const Header& header) const noexcept;
    [[nodiscard]] std::size_t room_left(const Header& header) const noexcept;
    [[nodiscard]] const char* broken_rule(const Header& header) const noexcept;
    [[nodiscard]] UnfinishedInput::Kept& kept();
    void forget_delivered_message() noexcept;
    void forget_everything() noexcept;

    UnfinishedInput& unfinished_;
    std::span<char> rest_;  // not taken yet: the end of the input, or of what was kept
    std::size_t message_limit_;
    Inflater* inflater_;
    std::size_t unmasked_ = 0;   // payload bytes of the frame at the front of rest_ that are unmasked and checked
    bool is_delivered_ = false;  // the joined message was handed out by the last next()
    Utf8Checker utf8_;           // of a text message of which only a part came so far
};

}  // namespace tickgate::gateway
