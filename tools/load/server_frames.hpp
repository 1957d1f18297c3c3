#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/websocket_frame.hpp"

namespace tickgate::load {

struct ServerFrame {
    gateway::Opcode opcode = gateway::Opcode::Text;
    std::string_view payload;
    bool is_compressed = false;
};

/// Takes whole frames off the front of what a server sent. A frame that is masked, fragmented, longer than
/// client::kMaxMessage, compressed without leave, or of a kind that tickgate does not send is broken, and ends the
/// reading.
class ServerFrames {
public:
    explicit ServerFrames(std::string_view input, bool may_be_compressed = false) noexcept
        : rest_{input},
          may_be_compressed_{may_be_compressed} {}

    /// Nothing: there is no whole frame left, or it is broken. The payload lives as long as the input.
    [[nodiscard]] std::optional<ServerFrame> next() noexcept;
    /// The beginning of a frame whose end has not come yet.
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    [[nodiscard]] bool broken() const noexcept { return broken_; }

private:
    std::string_view rest_;
    bool may_be_compressed_;
    bool broken_ = false;
};

/// Appends one whole frame as a client sends it. `mask`: any four bytes, other ones each time.
/// Precondition: a payload below 64 KB.
void append_client_frame(std::string& out, gateway::Opcode opcode, std::string_view payload, std::uint32_t mask);

/// The code of a close frame; 1005 where it has none.
[[nodiscard]] std::uint16_t close_code_of(std::string_view payload) noexcept;

}  // namespace tickgate::load
