#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace tickgate::test {

/// Certificates and keys in PEM, made on the spot in a directory that goes with this.
class Certificates {
public:
    using Time = std::chrono::system_clock::time_point;

    struct Files {
        std::string certificate;
        std::string key;
    };

    Certificates();
    ~Certificates();
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    /// A self-signed certificate (P-256) and its key, in NAME.pem and NAME.key: valid for a day on either side of now.
    [[nodiscard]] Files make(std::string_view name) const;
    [[nodiscard]] Files make(std::string_view name, Time not_before, Time not_after) const;
    /// A key of its own, of this kind, with its certificate.
    [[nodiscard]] Files make_rsa(std::string_view name, unsigned bits) const;
    /// Its key with a password.
    [[nodiscard]] std::string encrypt_key(const Files& files) const;
    [[nodiscard]] std::string write(std::string_view name, std::string_view text) const;

private:
    std::filesystem::path directory_;
};

[[nodiscard]] std::string text_of_file(const std::string& file);

}  // namespace tickgate::test
