#include "gateway/tls_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"

namespace tickgate::gateway {
namespace {

using test::Certificates;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::chrono::sys_days kFirstDay{std::chrono::year{2026} / 3 / 1};
constexpr std::chrono::sys_days kLastDay{std::chrono::year{2026} / 4 / 1};

/// Why the files are refused; empty: they are not.
std::string refusal(const TlsFiles& files, TlsContext::Clock::time_point now = TlsContext::Clock::now()) {
    try {
        const TlsContext context{files, now};
    } catch (const TlsError& error) {
        return error.what();
    }
    return {};
}

class TlsContextTest : public testing::Test {
protected:
    [[nodiscard]] TlsFiles make(std::string_view name) const { return plain(certificates_.make(name)); }
    [[nodiscard]] static TlsFiles plain(const Certificates::Files& files) { return {files.certificate, files.key}; }

    Certificates certificates_;
};

TEST_F(TlsContextTest, TakesACertificateWithItsKey) {
    EXPECT_EQ(refusal(make("good")), "");
    EXPECT_EQ(refusal(plain(certificates_.make_rsa("rsa", 2'048))), "");
}

TEST_F(TlsContextTest, NamesTheFileThatIsMissing) {
    TlsFiles files = make("good");
    files.key += ".absent";
    EXPECT_EQ(refusal(files), "key " + files.key + ": cannot be read: No such file or directory");
    files.certificate += ".absent";
    EXPECT_EQ(refusal(files), "certificate " + files.certificate + ": cannot be read: No such file or directory");
}

TEST_F(TlsContextTest, RefusesWhatHoldsNoPem) {
    const TlsFiles good = make("good");
    const std::string text = certificates_.write("notes.txt", "no certificate here\n");
    EXPECT_EQ(refusal({text, good.key}), "certificate " + text + ": holds no certificate in PEM");
    EXPECT_EQ(refusal({good.certificate, text}), "key " + text + ": holds no private key in PEM");
    EXPECT_EQ(refusal({good.key, good.key}), "certificate " + good.key + ": holds no certificate in PEM");
    EXPECT_EQ(refusal({good.certificate, good.certificate}),
              "key " + good.certificate + ": holds no private key in PEM");
}

TEST_F(TlsContextTest, RefusesPemThatIsDamaged) {
    const TlsFiles good = make("good");
    const auto damaged = [&](std::string_view name, std::string text) {
        return certificates_.write(name, text.replace(text.size() / 2, 4, "!!!!"));
    };
    const std::string certificate = damaged("damaged.pem", test::text_of_file(good.certificate));
    const std::string key = damaged("damaged.key", test::text_of_file(good.key));
    EXPECT_THAT(refusal({certificate, good.key}), HasSubstr("certificate " + certificate + ": is malformed: "));
    EXPECT_THAT(refusal({good.certificate, key}), HasSubstr("key " + key + ": is malformed"));
    const std::string cut = certificates_.write("cut.pem", test::text_of_file(good.certificate).substr(0, 200));
    EXPECT_THAT(refusal({cut, good.key}), HasSubstr("certificate " + cut + ": is malformed: "));
}

TEST_F(TlsContextTest, RefusesADamagedCertificateBehindAGoodOne) {
    const TlsFiles good = make("good");
    const std::string text = test::text_of_file(good.certificate);
    const std::string chain = certificates_.write("chain.pem", text + text.substr(0, 200));
    EXPECT_THAT(refusal({chain, good.key}), HasSubstr("certificate " + chain + ": is malformed: "));
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherCertificate) {
    const TlsFiles good = make("good");
    const TlsFiles other = make("other");
    EXPECT_EQ(refusal({good.certificate, other.key}),
              "key " + other.key + ": does not go with the certificate " + good.certificate);
    const TlsFiles rsa = plain(certificates_.make_rsa("rsa", 2'048));
    EXPECT_EQ(refusal({good.certificate, rsa.key}),
              "key " + rsa.key + ": does not go with the certificate " + good.certificate);
}

TEST_F(TlsContextTest, RefusesAKeyWithAPassword) {
    const Certificates::Files files = certificates_.make("good");
    const std::string key = certificates_.encrypt_key(files);
    EXPECT_EQ(refusal({files.certificate, key}),
              "key " + key + ": is encrypted, and nobody is there to give a password");
}

TEST_F(TlsContextTest, RefusesAKeyThatIsTooWeak) {
    const TlsFiles weak = plain(certificates_.make_rsa("weak", 512));
    EXPECT_THAT(refusal(weak), HasSubstr("certificate " + weak.certificate + ": cannot be used: "));
}

TEST_F(TlsContextTest, RefusesACertificateOutsideItsTime) {
    const TlsFiles files = plain(certificates_.make("march", kFirstDay, kLastDay));
    EXPECT_EQ(refusal(files, kFirstDay), "");
    EXPECT_EQ(refusal(files, kLastDay), "");
    EXPECT_EQ(refusal(files, kFirstDay - 1s),
              "certificate " + files.certificate + ": is not valid before 2026-03-01T00:00:00Z");
    EXPECT_EQ(refusal(files, kLastDay + 1s), "certificate " + files.certificate + ": expired at 2026-04-01T00:00:00Z");
}

TEST_F(TlsContextTest, RefusesAChainOfWhichAPartHasExpired) {
    const TlsFiles files = make("good");
    const TlsFiles old = plain(certificates_.make("march", kFirstDay, kLastDay));
    const std::string chain =
        certificates_.write("chain.pem", test::text_of_file(files.certificate) + test::text_of_file(old.certificate));
    EXPECT_EQ(refusal({chain, files.key}, std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}).substr(0, 12),
              "certificate ");
    EXPECT_THAT(refusal({chain, files.key}), HasSubstr("number 2 of its chain"));
}

TEST_F(TlsContextTest, KnowsWhenTheFirstOfTheChainRunsOut) {
    const Certificates::Files files = certificates_.make("long", kFirstDay, kLastDay + 240h);
    const Certificates::Files other = certificates_.make("short", kFirstDay, kLastDay);
    const std::string chain =
        certificates_.write("chain.pem", test::text_of_file(files.certificate) + test::text_of_file(other.certificate));
    EXPECT_EQ((TlsContext{{files.certificate, files.key}, kFirstDay}.not_after()), kLastDay + 240h);
    EXPECT_EQ((TlsContext{{chain, files.key}, kFirstDay}.not_after()), kLastDay);
}

}  // namespace
}  // namespace tickgate::gateway
