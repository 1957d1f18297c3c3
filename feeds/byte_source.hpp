#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace tickgate::feeds {

/// The bytes of one file, decompressed. Thread: its owner's.
class ByteSource {
public:
    virtual ~ByteSource() = default;

    /// Fills the front of `out` (not empty) and returns how much, 0 at the end of the file.
    /// Errors: std::runtime_error where the file is damaged or cut off, but only once all that could be read before
    /// that place has been returned.
    [[nodiscard]] virtual std::size_t read(std::span<char> out) = 0;
};

/// Opens a file that is plain, gzip (also of several members) or zstd (also of several frames), as its first bytes
/// say. Errors: std::runtime_error when it cannot be opened or read; the text does not name the file.
[[nodiscard]] std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path);

}  // namespace tickgate::feeds
