#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct z_stream_s;

namespace tickgate::gateway {

/// Deflate as permessage-deflate uses it, no state kept from one message to the next, so that what is made of a message
/// serves every client. Source: RFC 7692, 7.2; RFC 1951.
namespace deflate {

/// Distances in what Deflater makes are below 2 to this. A message no longer than a smaller window is in that one too.
inline constexpr int kWindowBits = 12;
inline constexpr int kDefaultLevel = 4;

/// Which a sender leaves out at the end of a message: the end of an empty stored block.
inline constexpr std::string_view kTail{"\x00\x00\xff\xff", 4};

}  // namespace deflate

/// What is sent deflated to clients with whom permessage-deflate was agreed on.
struct CompressionOptions {
    bool enabled = true;            ///< agrees to it
    std::uint32_t min_bytes = 256;  ///< smaller messages go as they are
    std::uint32_t level = deflate::kDefaultLevel;

    friend bool operator==(const CompressionOptions&, const CompressionOptions&) = default;
};

/// Makes messages smaller, each by itself. Thread: its owner's; one serves all clients of a shard.
class Deflater {
public:
    /// Level: 1, fastest, to 9, smallest.
    explicit Deflater(int level = deflate::kDefaultLevel);
    Deflater(Deflater&&) noexcept;
    Deflater& operator=(Deflater&&) noexcept;
    ~Deflater();

    /// Writes the text as deflate blocks that end with the header of an empty stored block, up to a byte's boundary:
    /// kTail completes it, and so does a stored block that is not empty. Returns how much was written, 0 if that and
    /// kTail do not fit.
    [[nodiscard]] std::size_t deflate(std::string_view text, std::span<char> out) noexcept;

private:
    struct End {
        void operator()(z_stream_s* stream) const noexcept;
    };
    std::unique_ptr<z_stream_s, End> stream_;
};

/// Lays one deflate stream together from blocks that Deflater made and from text as it is, in stored blocks.
class DeflateJoiner {
public:
    /// Goes on behind what `out` holds; that is not changed otherwise meanwhile.
    explicit DeflateJoiner(std::string& out) noexcept : out_{out} {}

    void add_text(std::string_view text);
    void add_block(std::string_view block);
    /// The stream ends as a message does, without kTail.
    void finish();

private:
    void begin_stored();
    void end_stored();

    std::string& out_;
    std::size_t stored_at_ = 0;       // where the lengths of the stored block stand that is open; 0: none is
    bool has_stored_header_ = false;  // a block ended with the header of a stored one
};

/// Reads what Deflater, or a client, has made of a message. Thread: its owner's; one serves all clients of a shard.
class Inflater {
public:
    enum class Outcome : std::uint8_t {
        Done,
        TooBig,  ///< more than the limit would come out of it
        Broken,  ///< not deflate, or not at its end
    };

    Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;
    ~Inflater();

    /// `message`: without kTail. What comes out of it is text(), of at most `limit` bytes; it holds no more than twice
    /// as many.
    [[nodiscard]] Outcome inflate(std::string_view message, std::size_t limit);
    /// Of the last message, if it was Done; lives until the next. kInputPadding readable bytes follow it.
    [[nodiscard]] std::string_view text() const noexcept { return {room_.get(), size_}; }

private:
    [[nodiscard]] Outcome feed(std::string_view piece, std::size_t limit);
    [[nodiscard]] Outcome step(std::size_t limit);
    void grow(std::size_t most);

    struct End {
        void operator()(z_stream_s* stream) const noexcept;
    };
    std::unique_ptr<z_stream_s, End> stream_;
    std::unique_ptr<char[]> room_;
    std::size_t room_size_ = 0;  // without the padding
    std::size_t size_ = 0;
    bool is_between_blocks_ = false;
};

}  // namespace tickgate::gateway
