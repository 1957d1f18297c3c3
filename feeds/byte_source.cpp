#include "feeds/byte_source.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tickgate::feeds {
namespace {

constexpr std::size_t kBlock = 128 * 1024;  // of compressed bytes; zstd's own advice

using namespace std::string_view_literals;
constexpr auto kGzipMagic = "\x1f\x8b"sv;
constexpr auto kZstdMagic = "\x28\xb5\x2f\xfd"sv;

[[noreturn]] void throw_errno() {
    throw std::runtime_error{std::generic_category().message(errno)};
}

/// An open file that hands out blocks; the block's rest is kept until the next is asked for.
class BlockFile {
public:
    explicit BlockFile(const std::filesystem::path& path) : fd_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
        if (fd_ < 0) throw_errno();
    }
    ~BlockFile() { ::close(fd_); }
    BlockFile(const BlockFile&) = delete;
    BlockFile& operator=(const BlockFile&) = delete;

    /// What was read and not yet consumed; reads on when that is nothing. Empty at the end of the file.
    std::span<const char> peek() {
        if (begin_ == end_) {
            begin_ = 0;
            end_ = read_block();
        }
        return std::span{block_}.subspan(begin_, end_ - begin_);
    }
    void consume(std::size_t bytes) noexcept { begin_ += bytes; }

private:
    std::size_t read_block() {
        for (;;) {
            const ssize_t got = ::read(fd_, block_.data(), block_.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) throw_errno();
        }
    }

    int fd_;
    std::vector<char> block_ = std::vector<char>(kBlock);
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

class PlainSource final : public ByteSource {
public:
    explicit PlainSource(std::unique_ptr<BlockFile> file) : file_{std::move(file)} {}

    std::size_t read(std::span<char> out) override {
        const auto ready = file_->peek();
        const std::size_t size = std::min(ready.size(), out.size());
        std::copy_n(ready.begin(), size, out.begin());
        file_->consume(size);
        return size;
    }

private:
    std::unique_ptr<BlockFile> file_;
};

class GzipSource final : public ByteSource {
public:
    explicit GzipSource(std::unique_ptr<BlockFile> file) : file_{std::move(file)} {
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::runtime_error{"cannot start zlib"};
    }
    ~GzipSource() override { inflateEnd(&stream_); }

    std::size_t read(std::span<char> out) override {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        while (stream_.avail_out == out.size()) {
            if (failed_) throw std::runtime_error{"gzip data is damaged"};
            const auto ready = file_->peek();
            if (ready.empty() && !inside_member_) return 0;
            inflate_some(ready);
            // An empty input still brings out what zlib holds back; only then is the missing rest an error.
            if (ready.empty() && stream_.avail_out == out.size()) throw std::runtime_error{"gzip data is cut off"};
        }
        return out.size() - stream_.avail_out;
    }

private:
    void inflate_some(std::span<const char> ready) {
        if (!inside_member_) inflateReset(&stream_);
        inside_member_ = true;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(ready.data()));  // zlib only reads it
        stream_.avail_in = static_cast<uInt>(ready.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        file_->consume(ready.size() - stream_.avail_in);
        if (status == Z_STREAM_END) inside_member_ = false;
        failed_ = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
    }

    std::unique_ptr<BlockFile> file_;
    z_stream stream_{};
    bool inside_member_ = false;
    bool failed_ = false;
};

class ZstdSource final : public ByteSource {
public:
    explicit ZstdSource(std::unique_ptr<BlockFile> file) : file_{std::move(file)} {
        if (!stream_) throw std::runtime_error{"cannot start zstd"};
    }

    std::size_t read(std::span<char> out) override {
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        while (output.pos == 0) {
            const auto ready = file_->peek();
            if (ready.empty() && !inside_frame_) return 0;
            decompress_some(ready.first(std::min(ready.size(), wanted_)), output);
            if (ready.empty() && output.pos == 0) throw std::runtime_error{"zstd data is cut off"};
        }
        return output.pos;
    }

private:
    static constexpr std::size_t kFrameHeader = 18;  // at most
    static constexpr std::size_t kBlockHeader = 3;

    void decompress_some(std::span<const char> ready, ZSTD_outBuffer& output) {
        ZSTD_inBuffer input{ready.data(), ready.size(), 0};
        const std::size_t status = ZSTD_decompressStream(stream_.get(), &output, &input);
        if (ZSTD_isError(status) != 0U) {
            throw std::runtime_error{std::string{"zstd data is damaged: "} + ZSTD_getErrorName(status)};
        }
        file_->consume(input.pos);
        inside_frame_ = status != 0;
        // zstd forgets to count what it wrote in a call that fails. So a call gets one block, not the next one's
        // header too, and what came before a damaged block has been returned.
        wanted_ = !inside_frame_ ? kFrameHeader : status > kBlockHeader ? status - kBlockHeader : status;
    }

    struct Free {
        void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
    };
    std::unique_ptr<BlockFile> file_;
    std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
    std::size_t wanted_ = kFrameHeader;
    bool inside_frame_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path) {
    auto file = std::make_unique<BlockFile>(path);
    const auto start = file->peek();
    const std::string_view magic{start.data(), start.size()};
    if (magic.starts_with(kGzipMagic)) return std::make_unique<GzipSource>(std::move(file));
    if (magic.starts_with(kZstdMagic)) return std::make_unique<ZstdSource>(std::move(file));
    return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace tickgate::feeds
