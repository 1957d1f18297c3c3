#include "gateway/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "gateway/frame_reader.hpp"

namespace tickgate::gateway {
namespace {

// Measured on deltas of a recording of Binance, CPU time on one machine: of 272 bytes on average, and of 1,250.
//     level  memory level  window bits    272 bytes: left, time    1,250 bytes: left, time
//         1             5           12         56.0 %   6.9 us           31.9 %   14.1 us
//         4             1           12         56.5 %  10.7 us           32.7 %   32.9 us
//         4             5           12         54.6 %   7.7 us           29.7 %   18.3 us
//         4             5           15         54.6 %   7.7 us           29.7 %   18.3 us
//         4             8           15         54.6 %   8.0 us           29.7 %   18.9 us
//         4             9           15         54.6 %   8.6 us           29.7 %   19.8 us
//         6             5           12         54.2 %   8.1 us           27.6 %   24.9 us
//         9             5           12         54.2 %   8.1 us           27.4 %   37.5 us
// A memory level of 5 has room for the symbols of a message in one block, and 8 KB of hash table to clear for each
// instead of 64 or 128. Snapshots of 14 KB are left at 20.7 % with a window of 4 KB and at 20.6 % with one of 32 KB.
constexpr int kMemoryLevel = 5;
constexpr int kRaw = -1;  // no zlib header: as a factor of the window bits

constexpr std::size_t kStoredLengths = 4;
constexpr int kAnyWindow = 15;
constexpr std::size_t kFirstRoom = std::size_t{4} << 10;
constexpr std::size_t kKeptRoom = std::size_t{256} << 10;

// What zlib says of where inflate() stopped (zlib.h, at inflate): bits of the last byte not used, and a flag.
constexpr int kUnusedBits = 63;
constexpr int kBetweenBlocks = 128;

/// Zlib does not change what it reads, but its type says so only where it is built with ZLIB_CONST.
Bytef* input(std::string_view bytes) noexcept {
    return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

std::unique_ptr<z_stream> make_stream() {
    auto stream = std::make_unique<z_stream>();
    *stream = {};
    return stream;
}

}  // namespace

Deflater::Deflater(int level) {
    auto stream = make_stream();
    if (::deflateInit2(stream.get(), level, Z_DEFLATED, kRaw * deflate::kWindowBits, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc{};
    }
    stream_.reset(stream.release());
}

Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;
Deflater::~Deflater() = default;

void Deflater::End::operator()(z_stream* stream) const noexcept {
    ::deflateEnd(stream);
    delete stream;
}

std::size_t Deflater::deflate(std::string_view text, std::span<char> out) noexcept {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    if (text.size() > kMost) return 0;
    ::deflateReset(stream_.get());
    const auto room = static_cast<uInt>(std::min(out.size(), kMost));
    stream_->next_in = input(text);
    stream_->avail_in = static_cast<uInt>(text.size());
    stream_->next_out = reinterpret_cast<Bytef*>(out.data());
    stream_->avail_out = room;
    // With no room left over it may not be at its end.
    if (::deflate(stream_.get(), Z_SYNC_FLUSH) != Z_OK || stream_->avail_out == 0) return 0;
    return room - stream_->avail_out - deflate::kTail.size();
}

void DeflateJoiner::add_text(std::string_view text) {
    constexpr std::size_t kMostStored = 65'535;
    while (!text.empty()) {
        if (stored_at_ == 0) begin_stored();
        const std::size_t room = kMostStored - (out_.size() - stored_at_ - kStoredLengths);
        const std::string_view piece = text.substr(0, room);
        out_ += piece;
        text.remove_prefix(piece.size());
        if (piece.size() == room) end_stored();
    }
}

void DeflateJoiner::add_block(std::string_view block) {
    end_stored();
    if (has_stored_header_) out_ += deflate::kTail;
    out_ += block;
    has_stored_header_ = true;
}

void DeflateJoiner::finish() {
    end_stored();
    if (!has_stored_header_) out_ += '\0';
}

void DeflateJoiner::begin_stored() {
    if (!std::exchange(has_stored_header_, false)) out_ += '\0';
    stored_at_ = out_.size();
    out_.append(kStoredLengths, '\0');
}

/// Source: RFC 1951, 3.2.4: the length, low byte first, and its complement.
void DeflateJoiner::end_stored() {
    if (stored_at_ == 0) return;
    const std::size_t length = out_.size() - stored_at_ - kStoredLengths;
    for (const std::size_t at : {0U, 1U}) {
        const auto byte = static_cast<unsigned char>(length >> (8 * at));
        out_[stored_at_ + at] = static_cast<char>(byte);
        out_[stored_at_ + 2 + at] = static_cast<char>(~byte);
    }
    stored_at_ = 0;
}

Inflater::Inflater() {
    auto stream = make_stream();
    if (::inflateInit2(stream.get(), kRaw * kAnyWindow) != Z_OK) throw std::bad_alloc{};
    stream_.reset(stream.release());
}

Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

void Inflater::End::operator()(z_stream* stream) const noexcept {
    ::inflateEnd(stream);
    delete stream;
}

Inflater::Outcome Inflater::inflate(std::string_view message, std::size_t limit) {
    ::inflateReset(stream_.get());
    size_ = 0;
    if (room_size_ > kKeptRoom) {
        room_.reset();
        room_size_ = 0;
    }
    for (const std::string_view piece : {message, deflate::kTail}) {
        if (const Outcome outcome = feed(piece, limit); outcome != Outcome::Done) return outcome;
    }
    return is_between_blocks_ ? Outcome::Done : Outcome::Broken;
}

Inflater::Outcome Inflater::feed(std::string_view piece, std::size_t limit) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    if (piece.size() > kMost) return Outcome::TooBig;
    stream_->next_in = input(piece);
    stream_->avail_in = static_cast<uInt>(piece.size());
    // Where all room was taken more may be to come out of what it has read.
    do {
        if (const Outcome outcome = step(limit); outcome != Outcome::Done) return outcome;
    } while (stream_->avail_in > 0 || stream_->avail_out == 0);
    return Outcome::Done;
}

Inflater::Outcome Inflater::step(std::size_t limit) {
    if (size_ == room_size_) grow(limit + 1);
    const std::size_t room = std::min<std::size_t>(room_size_ - size_, std::numeric_limits<uInt>::max());
    stream_->next_out = reinterpret_cast<Bytef*>(room_.get() + size_);
    stream_->avail_out = static_cast<uInt>(room);
    const int result = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    size_ += room - stream_->avail_out;
    if (size_ > limit) return Outcome::TooBig;
    if (result == Z_BUF_ERROR) return Outcome::Done;  // nothing was left to come
    is_between_blocks_ = (stream_->data_type & kBetweenBlocks) != 0 && (stream_->data_type & kUnusedBits) == 0;
    if (result == Z_STREAM_END) {
        // A block marked as the last one ends the stream, not the message: RFC 7692, 7.2.3.4.
        is_between_blocks_ = true;
        return ::inflateReset(stream_.get()) == Z_OK ? Outcome::Done : Outcome::Broken;
    }
    return result == Z_OK ? Outcome::Done : Outcome::Broken;
}

void Inflater::grow(std::size_t most) {
    const std::size_t wanted = std::min(std::max(kFirstRoom, 2 * room_size_), most);
    auto room = std::make_unique_for_overwrite<char[]>(wanted + kInputPadding);
    if (size_ > 0) std::memcpy(room.get(), room_.get(), size_);
    room_ = std::move(room);
    room_size_ = wanted;
}

}  // namespace tickgate::gateway
