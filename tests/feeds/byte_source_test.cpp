#include "feeds/byte_source.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>

#include "tests/feeds/temporary_files.hpp"

namespace tickgate {
namespace {

using tests::gzip;
using tests::TemporaryDirectory;
using tests::zstd;

struct ReadResult {
    std::string text;
    std::string error;
};

ReadResult read_all(const std::filesystem::path& path, std::size_t piece = 4'096) {
    ReadResult result;
    std::string buffer(piece, '\0');
    try {
        const auto source = feeds::open_byte_source(path);
        while (const std::size_t size = source->read(buffer)) result.text.append(buffer, 0, size);
    } catch (const std::runtime_error& error) {
        result.error = error.what();
    }
    return result;
}

/// Text that compresses badly enough to take many blocks.
std::string long_text() {
    std::string text;
    std::uint32_t state = 1;
    while (text.size() < 700'000) {
        state = state * 1'664'525U + 1'013'904'223U;
        text += std::to_string(state) + '\n';
    }
    return text;
}

class ByteSourceTest : public testing::Test {
protected:
    void expect_reads(std::string_view bytes, std::string_view text) {
        for (const std::size_t piece : {1'000U, 65'536U, 1'000'000U}) {
            const auto result = read_all(directory_.write("file", bytes), piece);
            EXPECT_TRUE(result.text == text) << result.text.size() << " instead of " << text.size() << " bytes";
            EXPECT_EQ(result.error, "");
        }
    }
    /// The start of `text`, at least `least` bytes of it, and then an error that says `why`.
    void expect_fails(std::string_view bytes, std::string_view text, std::size_t least, std::string_view why) {
        for (const std::size_t piece : {4'096U, 1'000'000U}) {
            const auto result = read_all(directory_.write("file", bytes), piece);
            EXPECT_TRUE(text.starts_with(result.text));
            EXPECT_GE(result.text.size(), least);
            EXPECT_NE(result.error.find(why), std::string::npos) << "error: " << result.error;
        }
    }

    TemporaryDirectory directory_;
    const std::string text_ = long_text();
};

TEST_F(ByteSourceTest, ReadsPlainGzipAndZstdByContent) {
    expect_reads(text_, text_);
    expect_reads(gzip(text_), text_);
    expect_reads(zstd(text_), text_);
    expect_reads("", "");
    expect_reads(gzip(""), "");
    expect_reads(zstd(""), "");
}

TEST_F(ByteSourceTest, ReadsSeveralMembersOrFramesOneAfterTheOther) {
    expect_reads(gzip("one\n") + gzip("") + gzip(text_), "one\n" + text_);
    expect_reads(zstd("one\n") + zstd("") + zstd(text_), "one\n" + text_);
}

TEST_F(ByteSourceTest, ReturnsAllThatACutFileHoldsBeforeItsError) {
    for (const std::string& whole : {gzip(text_), zstd(text_)}) {
        const std::string_view kind = whole[0] == '\x1f' ? "gzip data is cut off" : "zstd data is cut off";
        expect_fails(whole.substr(0, whole.size() - 1), text_, whole[0] == '\x1f' ? text_.size() : 500'000, kind);
        expect_fails(whole.substr(0, whole.size() / 2), text_, 200'000, kind);
        expect_fails(whole.substr(0, 10), text_, 0, kind);
    }
}

TEST_F(ByteSourceTest, ReturnsWhatStandsBeforeADamagedPlaceBeforeItsError) {
    std::string damaged_gzip = gzip(text_);
    damaged_gzip[damaged_gzip.size() - 6] ^= 1;  // its checksum
    expect_fails(damaged_gzip, text_, text_.size(), "gzip data is damaged");

    expect_fails(gzip(text_) + "rubbish", text_, text_.size(), "gzip data is damaged");
    expect_fails(zstd(text_) + "rubbish, more than a header", text_, text_.size(), "zstd data is damaged");
}

TEST_F(ByteSourceTest, ReturnsTheZstdBlocksBeforeADamagedOne) {
    constexpr std::size_t kZstdBlock = 128 * 1024;
    const std::string two_blocks = text_.substr(0, kZstdBlock + 50'000);
    std::string damaged = zstd(two_blocks);
    for (std::size_t at = damaged.size() * 9 / 10; at < damaged.size(); ++at) damaged[at] = '\xff';
    expect_fails(damaged, two_blocks, kZstdBlock, "zstd data is damaged");
}

TEST_F(ByteSourceTest, SaysWhyAFileCannotBeOpened) {
    EXPECT_EQ(read_all("/nonexistent/file").error, "No such file or directory");
    EXPECT_EQ(read_all("/").error, "Is a directory");
}

}  // namespace
}  // namespace tickgate
