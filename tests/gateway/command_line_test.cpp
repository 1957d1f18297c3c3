#include "gateway/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace tickgate::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::array<std::string_view, 2> kVenues{"binance-spot", "binance-usdm"};

class CommandLineTest : public testing::Test {
protected:
    using Arguments = std::vector<const char*>;

    static std::variant<Config, ExitNow> run(Arguments arguments) {
        arguments.insert(arguments.begin(), "tickgate");
        return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), kVenues);
    }
    static Config config_of(const Arguments& arguments) {
        auto result = run(arguments);
        if (const auto* leave = std::get_if<ExitNow>(&result)) {
            ADD_FAILURE() << leave->text;
            return {};
        }
        return std::get<Config>(result);
    }
    static ExitNow exit_of(const Arguments& arguments) {
        auto result = run(arguments);
        if (const auto* leave = std::get_if<ExitNow>(&result)) return *leave;
        ADD_FAILURE() << "was accepted";
        return {};
    }
    /// The name of a file with this text, for the life of the test.
    const char* file_with(std::string_view text) {
        file_ = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
        std::ofstream{file_} << text;
        return file_.c_str();
    }
    ~CommandLineTest() override {
        if (!file_.empty()) std::remove(file_.c_str());
    }

private:
    std::string file_;
};

TEST_F(CommandLineTest, DescribesAReplayByFlagsAlone) {
    const Config config =
        config_of({"--replay",  "a.gz",     "b.gz",           "--venue",  "binance-spot", "--speed",     "10",
                   "--loop",    "--listen", "127.0.0.1:9000", "--listen", "[::1]:9000",   "--shards",    "3",
                   "--threads", "shared",   "--io",           "io_uring", "--from-empty", "--share-port"});
    ASSERT_EQ(config.feeds.size(), 1U);
    EXPECT_EQ(config.feeds[0].replay, (std::vector<std::string>{"a.gz", "b.gz"}));
    EXPECT_EQ(config.feeds[0].venue, "binance-spot");
    EXPECT_EQ(config.feeds[0].speed, 10.0);
    EXPECT_TRUE(config.feeds[0].loop);
    EXPECT_TRUE(config.feeds[0].from_empty);
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"127.0.0.1", 9000}, {"::1", 9000}}));
    EXPECT_TRUE(config.share_port);
    EXPECT_EQ(config.shards, 3U);
    EXPECT_EQ(config.threads, ThreadMode::Shared);
    EXPECT_EQ(config.io, IoBackend::IoUring);
}

TEST_F(CommandLineTest, KeepsDefaultsForFlagsThatAreNotGiven) {
    Config expected;
    expected.feeds.emplace_back().replay = {"a"};
    EXPECT_EQ(config_of({"--replay", "a"}), expected);
    EXPECT_EQ(config_of({"--replay=a", "--speed=max"}).feeds[0].speed, std::nullopt);
}

TEST_F(CommandLineTest, RunsTheSyntheticVenue) {
    const Config config = config_of({"--synthetic", "symbols=100,rate=10,seed=3"});
    ASSERT_EQ(config.feeds.size(), 1U);
    EXPECT_EQ(config.feeds[0].synthetic, (SyntheticConfig{100, 10, 4, 10, 3}));
}

constexpr std::string_view kFile = R"(
[gateway]
listen = "127.0.0.1:7000"
share_port = true
shards = 2
node = "n1"
[[feeds]]
replay = "file.gz"
venue = "binance-usdm"
)";

TEST_F(CommandLineTest, OverridesTheFileAndAddsToIt) {
    const Config config = config_of({"--config", file_with(kFile), "--listen", "127.0.0.1:7001", "--replay", "more.gz",
                                     "--speed", "max", "--synthetic", "symbols=1,rate=1"});
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"127.0.0.1", 7001}}));
    EXPECT_TRUE(config.share_port);
    EXPECT_EQ(config.shards, 2U);
    EXPECT_EQ(config.node, "n1");
    ASSERT_EQ(config.feeds.size(), 3U);
    EXPECT_EQ(config.feeds[0].speed, 1.0);
    EXPECT_EQ(config.feeds[1].replay, std::vector<std::string>{"more.gz"});
    EXPECT_EQ(config.feeds[1].speed, std::nullopt);
    EXPECT_TRUE(config.feeds[2].synthetic.has_value());
}

TEST_F(CommandLineTest, AppliesReplayFlagsToTheFilesReplaysWhereItAddsNone) {
    const Config config = config_of({"--config", file_with(kFile), "--speed", "max", "--loop"});
    ASSERT_EQ(config.feeds.size(), 1U);
    EXPECT_EQ(config.feeds[0].speed, std::nullopt);
    EXPECT_TRUE(config.feeds[0].loop);
    EXPECT_EQ(config.feeds[0].venue, "binance-usdm");
}

TEST_F(CommandLineTest, ShowsHelpAndVersionOnStandardOutput) {
    const ExitNow help = exit_of({"--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_FALSE(help.to_stderr);
    for (const char* flag : {"--config", "--replay", "--venue", "--speed", "--loop", "--listen", "--shards",
                             "--threads", "--io", "--synthetic", "--from-empty", "--share-port", "--tls-certificate",
                             "--tls-key", "--check-config", "--print-config", "--version"}) {
        EXPECT_THAT(help.text, HasSubstr(flag));
    }
    const ExitNow version = exit_of({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.text, "tickgate 0.1.0\n");
    EXPECT_FALSE(version.to_stderr);
}

TEST_F(CommandLineTest, LeavesWithTwoForUsageErrors) {
    const CommandLineTest::Arguments table[] = {
        {},
        {"--shard", "2", "--replay", "a"},
        {"stray"},
        {"--replay"},
        {"--replay", "a", "--shards"},
        {"--replay", "a", "--shards", "0"},
        {"--replay", "a", "--shards", "x"},
        {"--replay", "a", "--shards", "1", "--shards", "2"},
        {"--replay", "a", "--threads", "many"},
        {"--replay", "a", "--io", "kqueue"},
        {"--replay", "a", "--listen", "nowhere"},
        {"--replay", "a", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:1"},
        {"--replay", "a", "--listen", "unix:relative"},
        {"--replay", "a", "--tls-key", "a.key"},
        {"--replay", "a", "--tls-certificate", "a.pem", "--tls-key", ""},
        {"--replay", "a", "--speed", "0"},
        {"--replay", "a", "--venue", "binance-sopt"},
        {"--synthetic", "symbols=1"},
        {"--synthetic", "symbols=1,rate=1", "--loop"},
        {"--speed", "2"},
        {"--check-config"},
    };
    for (const auto& arguments : table) {
        const ExitNow leave = exit_of(arguments);
        EXPECT_EQ(leave.code, 2) << testing::PrintToString(arguments);
        EXPECT_TRUE(leave.to_stderr);
        EXPECT_THAT(leave.text, StartsWith("tickgate: "));
        EXPECT_THAT(leave.text, HasSubstr("--help"));
    }
}

TEST_F(CommandLineTest, NamesTheFlagAndValueOfAUsageError) {
    EXPECT_THAT(exit_of({"--replay", "a", "--shards", "99"}).text, HasSubstr("--shards 99: must be from 1 to 64"));
    EXPECT_THAT(exit_of({"--replay", "a", "--venue", "binance-sopt"}).text,
                HasSubstr("--venue binance-sopt: must be one of binance-spot, binance-usdm (nearest: binance-spot)"));
    EXPECT_THAT(exit_of({"--synthetic", "symbols=1,rte=1"}).text,
                HasSubstr("--synthetic symbols=1,rte=1: rte = \"1\" is unknown (nearest: rate)"));
}

TEST_F(CommandLineTest, NamesTheFlagNearestToAnUnknownOne) {
    EXPECT_THAT(exit_of({"--replay", "a", "--shrads", "2"}).text,
                StartsWith("tickgate: --shrads: no such argument (nearest: --shards)"));
    EXPECT_THAT(exit_of({"stray"}).text, StartsWith("tickgate: stray: no such argument\n"));
}

TEST_F(CommandLineTest, LeavesWithSeventyEightForConfigurationErrors) {
    const ExitNow missing = exit_of({"--config", "no/such/file.toml"});
    EXPECT_EQ(missing.code, 78);
    EXPECT_TRUE(missing.to_stderr);
    EXPECT_THAT(missing.text, HasSubstr("no/such/file.toml"));
    EXPECT_EQ(exit_of({"--config", file_with("[gateway]\nshrads = 1"), "--check-config"}).code, 78);
    const ExitNow no_feed = exit_of({"--config", file_with("[gateway]\nshards = 1")});
    EXPECT_EQ(no_feed.code, 78);
    EXPECT_THAT(no_feed.text, HasSubstr("LeavesWithSeventyEightForConfigurationErrors.toml: feeds"));
}

TEST_F(CommandLineTest, TakesCertificateAndKeyFromFlagsOverThoseOfTheFile) {
    const Config flags = config_of({"--replay", "a", "--tls-certificate", "a.pem", "--tls-key", "a.key"});
    EXPECT_EQ(flags.tls, (TlsFiles{"a.pem", "a.key"}));
    const char* const file = file_with("[gateway.tls]\ncertificate = 'f.pem'\nkey = 'f.key'\n");
    EXPECT_EQ(config_of({"--config", file, "--replay", "a"}).tls, (TlsFiles{"f.pem", "f.key"}));
    EXPECT_EQ(config_of({"--config", file, "--replay", "a", "--tls-key", "a.key"}).tls, (TlsFiles{"f.pem", "a.key"}));
}

TEST_F(CommandLineTest, ChecksTheCertificateToo) {
    const ExitNow missing =
        exit_of({"--replay", "a", "--tls-certificate", "no/such.pem", "--tls-key", "a.key", "--check-config"});
    EXPECT_EQ(missing.code, 78);
    EXPECT_EQ(missing.text,
              "tickgate: gateway.tls: certificate no/such.pem: cannot be read: No such file or directory\n");
}

TEST_F(CommandLineTest, ChecksTheConfiguration) {
    const ExitNow valid = exit_of({"--config", file_with(kFile), "--check-config"});
    EXPECT_EQ(valid.code, 0);
    EXPECT_FALSE(valid.to_stderr);
}

TEST_F(CommandLineTest, PrintsAConfigurationThatReadsBackAsTheSame) {
    const CommandLineTest::Arguments arguments{"--replay",           "a b",      "--speed", "0.25", "--synthetic",
                                               "symbols=9,rate=max", "--listen", "[::1]:1"};
    auto printing = arguments;
    printing.push_back("--print-config");
    const ExitNow printed = exit_of(printing);
    EXPECT_EQ(printed.code, 0);
    EXPECT_FALSE(printed.to_stderr);
    EXPECT_EQ(config_of({"--config", file_with(printed.text)}), config_of(arguments));
}

}  // namespace
}  // namespace tickgate::gateway
