#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace tickgate::test {
namespace {

using Time = Certificates::Time;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Output = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

void must(bool condition) {
    if (!condition) throw std::runtime_error{"a test certificate cannot be made"};
}

void set_names(X509* certificate, std::string_view name) {
    X509_NAME* const subject = X509_get_subject_name(certificate);
    const std::string text{name};
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()),
                                    -1, -1, 0) == 1);
    must(X509_set_issuer_name(certificate, subject) == 1);
    const std::string names = "DNS:localhost,IP:127.0.0.1,DNS:" + text;
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

Certificate sign(EVP_PKEY* key, std::string_view name, Time not_before, Time not_after) {
    Certificate certificate{X509_new(), X509_free};
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), std::chrono::system_clock::to_time_t(not_before));
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), std::chrono::system_clock::to_time_t(not_after));
    X509_set_pubkey(certificate.get(), key);
    set_names(certificate.get(), name);
    must(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
    return certificate;
}

Certificates::Files write_pair(const std::filesystem::path& directory, std::string_view name, EVP_PKEY* key,
                               Time not_before, Time not_after) {
    const std::string stem = (directory / name).string();
    Certificates::Files files{stem + ".pem", stem + ".key"};
    const Certificate certificate = sign(key, name, not_before, not_after);
    const Output certificate_file{std::fopen(files.certificate.c_str(), "w"), std::fclose};
    const Output key_file{std::fopen(files.key.c_str(), "w"), std::fclose};
    must(PEM_write_X509(certificate_file.get(), certificate.get()) == 1);
    must(PEM_write_PrivateKey(key_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return files;
}

}  // namespace

Certificates::Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tickgate-certificates-XXXXXX").string();
    must(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
}

Certificates::~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

Certificates::Files Certificates::make(std::string_view name) const {
    const Time now = std::chrono::system_clock::now();
    return make(name, now - std::chrono::hours{24}, now + std::chrono::hours{24});
}

Certificates::Files Certificates::make(std::string_view name, Time not_before, Time not_after) const {
    const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    must(key != nullptr);
    return write_pair(directory_, name, key.get(), not_before, not_after);
}

Certificates::Files Certificates::make_rsa(std::string_view name, unsigned bits) const {
    const Key key{EVP_RSA_gen(bits), EVP_PKEY_free};
    must(key != nullptr);
    const Time now = std::chrono::system_clock::now();
    return write_pair(directory_, name, key.get(), now - std::chrono::hours{24}, now + std::chrono::hours{24});
}

std::string Certificates::encrypt_key(const Files& files) const {
    const Output in{std::fopen(files.key.c_str(), "r"), std::fclose};
    const Key key{PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    must(key != nullptr);
    const std::string file = files.key + ".encrypted";
    const Output out{std::fopen(file.c_str(), "w"), std::fclose};
    unsigned char password[] = "secret";
    must(PEM_write_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password, sizeof password - 1, nullptr,
                              nullptr) == 1);
    return file;
}

std::string Certificates::write(std::string_view name, std::string_view text) const {
    const std::string file = (directory_ / name).string();
    std::ofstream{file, std::ios::binary} << text;
    return file;
}

std::string text_of_file(const std::string& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace tickgate::test
