#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tickgate::tests {

enum class Compression { Plain, Gzip, Zstd };

[[nodiscard]] std::string gzip(std::string_view text);
[[nodiscard]] std::string zstd(std::string_view text);
[[nodiscard]] std::string compressed(std::string_view text, Compression compression);

/// A directory of a test's own, removed at the end.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    /// Writes a file of these bytes and returns its path.
    std::filesystem::path write(std::string_view name, std::string_view bytes) const;

private:
    std::filesystem::path path_;
};

}  // namespace tickgate::tests
