#include "gateway/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/config_values.hpp"

namespace tickgate::gateway {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 3> kVenues{"binance-spot", "binance-usdm", "binance-coinm"};

Config parse(std::string_view text) {
    return parse_config(text, "x.toml", kVenues);
}

std::string error_of(std::string_view text) {
    try {
        (void)parse(text);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no error";
}

constexpr std::string_view kFull = R"(
[gateway]
listen = ["127.0.0.1:9000", "[::1]:9001", "localhost:0", "plain:[::1]:9002", "unix:/run/tickgate.sock"]
share_port = true
shards = 4
threads = "dedicated"
io = "epoll"
node = "edge-1"
heartbeat_ms = 1000
slow_close_s = 30
drain_s = 0
sndbuf_bytes = 65536
log_level = "debug"

[gateway.tls]
certificate = "cert.pem"
key = 'quo"te.key'

[gateway.limits]
subscriptions = 10
ops_per_s = 5
frame_bytes = 2048
symbols_per_op = 7

[gateway.connections]
max = 1000
per_address = 20
handshakes_per_s = 300

[gateway.compression]
enabled = false
min_bytes = 100
level = 9

[[feeds]]
venue = "binance-usdm"
replay = ["a b.gz", 'quo"te\back']
symbols = ["BTCUSDT", "ETHUSDT"]
speed = 2.5
loop = true
from_empty = true

[[feeds]]
replay = "self-describing.zst"
speed = "max"

[[feeds]]
synthetic = { symbols = 100, rate = "max", levels = 2, tick_ms = 5, seed = 9223372036854775807 }
)";

TEST(Config, ReadsEveryKey) {
    const Config config = parse(kFull);
    using Kind = ListenAddress::Kind;
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"127.0.0.1", 9000},
                                                         {"::1", 9001},
                                                         {"127.0.0.1", 0},
                                                         {"::1", 9002, Kind::PlainTcp},
                                                         {"", 0, Kind::Unix, "/run/tickgate.sock"}}));
    EXPECT_TRUE(config.share_port);
    EXPECT_EQ(config.tls, (TlsFiles{"cert.pem", "quo\"te.key"}));
    EXPECT_EQ(config.shards, 4U);
    EXPECT_EQ(config.threads, ThreadMode::Dedicated);
    EXPECT_EQ(config.io, IoBackend::Epoll);
    EXPECT_EQ(config.node, "edge-1");
    EXPECT_EQ(config.heartbeat_ms, 1000U);
    EXPECT_EQ(config.slow_close_s, 30U);
    EXPECT_EQ(config.drain_s, 0U);
    EXPECT_EQ(config.sndbuf_bytes, 65536U);
    EXPECT_EQ(config.log_level, log::Level::Debug);
    EXPECT_EQ(config.limits, (Limits{10, 5, 2048, 7}));
    EXPECT_EQ(config.connections, (ConnectionLimits{1'000, 20, 300}));
    EXPECT_EQ(config.compression, (CompressionOptions{false, 100, 9}));
    ASSERT_EQ(config.feeds.size(), 3U);
    EXPECT_EQ(config.feeds[0].venue, "binance-usdm");
    EXPECT_EQ(config.feeds[0].replay, (std::vector<std::string>{"a b.gz", "quo\"te\\back"}));
    EXPECT_EQ(config.feeds[0].symbols, (std::vector<std::string>{"BTCUSDT", "ETHUSDT"}));
    EXPECT_EQ(config.feeds[0].speed, 2.5);
    EXPECT_TRUE(config.feeds[0].loop);
    EXPECT_TRUE(config.feeds[0].from_empty);
    EXPECT_EQ(config.feeds[1].replay, std::vector<std::string>{"self-describing.zst"});
    EXPECT_EQ(config.feeds[1].speed, std::nullopt);
    EXPECT_EQ(config.feeds[2].synthetic, (SyntheticConfig{100, std::nullopt, 2, 5, INT64_MAX}));
}

TEST(Config, KeepsItsDefaultsForWhatIsLeftOut) {
    EXPECT_EQ(parse(""), Config{});
    EXPECT_EQ(parse("[gateway]\n[gateway.limits]\n"), Config{});
    const Config config = parse("[[feeds]]\nsynthetic = { symbols = 3, rate = 10 }");
    EXPECT_EQ(config.feeds[0].synthetic, (SyntheticConfig{3, 10, 4, 10, 1}));
}

TEST(Config, PrintsTextThatReadsBackAsTheSame) {
    EXPECT_EQ(parse(config_text(parse(kFull))), parse(kFull));
    EXPECT_EQ(parse(config_text(Config{})), Config{});
    Config odd = parse(kFull);
    odd.feeds[0].speed = 0.1;
    odd.feeds[1].speed = 1e6;
    odd.feeds[1].replay = {"line\nbreak\t\x01\xC3\xA9"};
    EXPECT_EQ(parse(config_text(odd)), odd);
}

struct Refused {
    std::string_view text;
    std::string_view error;
};

TEST(Config, NamesFileLineKeyAndValueOfWhatIsWrong) {
    const Refused table[] = {
        {"[gateway]\nshards = 0", "x.toml:2: gateway.shards = 0: must be from 1 to 64"},
        {"[gateway]\nshards = 65", "x.toml:2: gateway.shards = 65: must be from 1 to 64"},
        {"[gateway]\nshards = -1", "x.toml:2: gateway.shards = -1: must be an integer from 1 to 64"},
        {"[gateway]\nshards = \"2\"", "x.toml:2: gateway.shards = '2': must be an integer from 1 to 64"},
        {"[gateway]\nshards = 2.0", "x.toml:2: gateway.shards = 2.0: must be an integer from 1 to 64"},
        {"\n\n[gateway]\n\nthreads = 'share'",
         "x.toml:5: gateway.threads = 'share': must be one of auto, dedicated, shared (nearest: shared)"},
        {"[gateway]\nio = 'iouring'",
         "x.toml:2: gateway.io = 'iouring': must be one of auto, io_uring, epoll (nearest: io_uring)"},
        {"[gateway]\nlog_level = 'loud'",
         "x.toml:2: gateway.log_level = 'loud': must be one of debug, info, warning, error, off"},
        {"[gateway]\nlog_level = 1", "x.toml:2: gateway.log_level = 1: must be text in quotes"},
        {"[gateway]\nnode = 'a b'",
         "x.toml:2: gateway.node = 'a b': must be 1 to 64 letters, digits, points, underscores and hyphens"},
        {"[gateway]\nshare_port = 1", "x.toml:2: gateway.share_port = 1: must be true or false"},
        {"[gateway]\nheartbeat_ms = 10", "x.toml:2: gateway.heartbeat_ms = 10: must be from 100 to 3600000"},
        {"[gateway]\n[gateway.tls]\ncertificate = 'a'", "x.toml:2: gateway.tls must give certificate and key"},
        {"[gateway.tls]\ncertificate = 'a'\nkye = 'b'", "x.toml:3: gateway.tls.kye = 'b': unknown key (nearest: key)"},
        {"[gateway.tls]\ncertificate = ''\nkey = 'b'", "x.toml:2: gateway.tls.certificate = '': must name a file"},
        {"[gateway.tls]\ncertificate = 1", "x.toml:2: gateway.tls.certificate = 1: must be text in quotes"},
        {"[gateway.limits]\nops_per_s = 858994",
         "x.toml:2: gateway.limits.ops_per_s = 858994: must be from 1 to 100000"},
        {"[gateway.limits]\nframe_bytes = 10",
         "x.toml:2: gateway.limits.frame_bytes = 10: must be from 1024 to 16777216"},
        {"[gateway.compression]\nlevel = 0", "x.toml:2: gateway.compression.level = 0: must be from 1 to 9"},
        {"[gateway.compression]\nenabled = 1", "x.toml:2: gateway.compression.enabled = 1: must be true or false"},
        {"[[feeds]]\nreplay = 'a'\nvenue = 'binance'",
         "x.toml:3: feeds[0].venue = 'binance': must be one of binance-spot, binance-usdm, binance-coinm"},
        {"[[feeds]]\nreplay = 'a'\nvenue = 'binance-spto'",
         "x.toml:3: feeds[0].venue = 'binance-spto': must be one of binance-spot, binance-usdm, binance-coinm "
         "(nearest: binance-spot)"},
        {"[[feeds]]\nreplay = 'a'\nspeed = 0",
         "x.toml:3: feeds[0].speed = 0: must be a factor above 0 and up to 1000000, or max"},
        {"[[feeds]]\nreplay = 'a'\nspeed = nan",
         "x.toml:3: feeds[0].speed = nan: must be a factor above 0 and up to 1000000, or max"},
        {"[[feeds]]\nreplay = 'a'\nspeed = 'fast'",
         "x.toml:3: feeds[0].speed = 'fast': must be a factor above 0 and up to 1000000, or max"},
        {"[[feeds]]\nreplay = 'a'\nspeed = true", "x.toml:3: feeds[0].speed = true: must be a number, or \"max\""},
        {"[[feeds]]\nreplay = 'a'\nloop = 1", "x.toml:3: feeds[0].loop = 1: must be true or false"},
        {"[[feeds]]\nreplay = []", "x.toml:2: feeds[0].replay = []: must be text in quotes, or a list of such"},
        {"[[feeds]]\nsynthetic = 'symbols=1,rate=1'",
         "x.toml:2: feeds[0].synthetic = 'symbols=1,rate=1': must be a table"},
        {"[[feeds]]\nsynthetic = { symbols = 1, rate = 0 }",
         "x.toml:2: feeds[0].synthetic.rate = 0: must be from 1 to 1000000"},
        {"[[feeds]]\nsynthetic = { symbols = 1 }", "x.toml:2: feeds[0].synthetic must give symbols and rate"},
        {"[[feeds]]\nsynthetic = { rate = 1 }", "x.toml:2: feeds[0].synthetic must give symbols and rate"},
        {"gateway = 1", "x.toml:1: gateway = 1: must be a table"},
        {"[feeds]\nreplay = 'a'", "x.toml:1: feeds = {…}: must be a list of tables, each begun with [[feeds]]"},
    };
    for (const Refused& row : table) EXPECT_EQ(error_of(row.text), row.error);
}

TEST(Config, NamesTheKeyNearestToAnUnknownOne) {
    EXPECT_EQ(error_of("[gateway]\nshard = 2"), "x.toml:2: gateway.shard = 2: unknown key (nearest: shards)");
    EXPECT_EQ(error_of("[gatway]\nshards = 2"), "x.toml:1: gatway = {…}: unknown key (nearest: gateway)");
    EXPECT_EQ(error_of("[gateway]\nx = 2"), "x.toml:2: gateway.x = 2: unknown key");
    EXPECT_EQ(error_of("[[feeds]]\nreplya = 'a'"), "x.toml:2: feeds[0].replya = 'a': unknown key (nearest: replay)");
    EXPECT_EQ(error_of("[[feeds]]\nsynthetic = { symbols = 1, rate = 1, sead = 2 }"),
              "x.toml:2: feeds[0].synthetic.sead = 2: unknown key (nearest: seed)");
    EXPECT_EQ(error_of("[gateway.limits]\nsubscriptionz = 2"),
              "x.toml:2: gateway.limits.subscriptionz = 2: unknown key (nearest: subscriptions)");
}

TEST(Config, RefusesAListWithOneBadAddress) {
    EXPECT_THAT(error_of("[gateway]\nlisten = ['127.0.0.1:1', 'nowhere:2']"),
                HasSubstr("x.toml:2: gateway.listen = [ '127.0.0.1:1', 'nowhere:2' ]: must be an address and a port"));
    EXPECT_THAT(error_of("[gateway]\nlisten = []"), HasSubstr("must be text in quotes, or a list"));
}

TEST(Config, WantsExactlyOneSourceForAFeed) {
    EXPECT_THAT(error_of("[[feeds]]\nvenue = 'binance-spot'"), HasSubstr("exactly one source"));
    EXPECT_THAT(error_of("[[feeds]]\nreplay = 'a'\nsynthetic = { symbols = 1, rate = 1 }"),
                HasSubstr("exactly one source"));
    EXPECT_EQ(error_of("[[feeds]]\nspeed = 2\nsynthetic = { symbols = 1, rate = 1 }"),
              "x.toml:1: feeds[0] has a key that goes with replay only: venue, symbols, speed, loop or from_empty");
}

TEST(Config, SaysWhereTheTomlItselfIsBroken) {
    EXPECT_THAT(error_of("[gateway]\nshards = \n"), HasSubstr("x.toml:2: "));
    EXPECT_THAT(error_of("[gateway]\nshards = 1\nshards = 2"), HasSubstr("x.toml:3: "));
    EXPECT_THAT(error_of("\xFF"), HasSubstr("x.toml:1: "));
    EXPECT_THAT(error_of("[gateway]\nshards = 99999999999999999999"), HasSubstr("x.toml:2: "));
}

TEST(Config, SaysThatAFileCannotBeRead) {
    try {
        (void)load_config("no/such/file.toml", kVenues);
        ADD_FAILURE() << "was read";
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(), "no/such/file.toml: cannot be read: No such file or directory");
    }
    EXPECT_THROW((void)load_config(TICKGATE_SOURCE_DIR, kVenues), ConfigError);
}

TEST(Config, IsRefusedAsAWholeWithoutFeedsOrWithClashes) {
    EXPECT_THROW(check_whole(parse("")), ConfigError);
    const std::string one = "[[feeds]]\nsynthetic = { symbols = 1, rate = 1 }\n";
    EXPECT_NO_THROW(check_whole(parse(one)));
    EXPECT_THROW(check_whole(parse(one + one)), ConfigError);
    EXPECT_THROW(check_whole(parse(one + "[gateway]\nlisten = ['[::1]:1', '[::1]:1']")), ConfigError);
    EXPECT_NO_THROW(check_whole(parse(one + "[gateway]\nlisten = ['[::1]:0', '[::1]:0']")));
    EXPECT_THROW(check_whole(parse(one + "[gateway]\nlisten = ['[::1]:1', 'plain:[::1]:1']")), ConfigError);
    EXPECT_THROW(check_whole(parse(one + "[gateway]\nlisten = ['unix:/a', 'unix:/a']")), ConfigError);
    EXPECT_NO_THROW(check_whole(parse(one + "[gateway]\nlisten = ['unix:/a', 'unix:/b']")));
}

TEST(Config, ShipsWithAnExampleThatIsValidAndShowsEveryKey) {
    const Config config = load_config(TICKGATE_SOURCE_DIR "/deploy/tickgate.toml", kVenues);
    EXPECT_NO_THROW(check_whole(config));
    Config defaults;
    defaults.feeds = config.feeds;
    EXPECT_EQ(config, defaults);
}

TEST(ListenAddress, IsANumericAddressWithAPort) {
    EXPECT_EQ(parse_listen("0.0.0.0:65535"), (ListenAddress{"0.0.0.0", 65535}));
    EXPECT_EQ(parse_listen("[fe80::1]:1"), (ListenAddress{"fe80::1", 1}));
    EXPECT_EQ(text_of(parse_listen("[::]:80")), "[::]:80");
    for (const std::string_view text : {"", ":", ":8080", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                        "127.0.0.1:-1", "127.0.0.1:80x", "::1:80", "[127.0.0.1]:80", "[localhost]:80",
                                        "[::1]", "[::1:80", "256.0.0.1:80", "example.org:80", "127.0.0.1 :80"}) {
        EXPECT_THROW((void)parse_listen(text), std::invalid_argument) << text;
    }
}

TEST(ListenAddress, MayBePlainInAnyCaseOrAUnixSocket) {
    for (const std::string_view text : {"127.0.0.1:80", "plain:127.0.0.1:80", "plain:[::1]:0", "unix:/a b:c"}) {
        EXPECT_EQ(text_of(parse_listen(text)), text);
    }
    EXPECT_EQ(text_of(parse_listen("unix:/" + std::string(106, 'x'))).size(), 112U);
    for (const std::string_view text : {"plain:", "plain:8080", "plain:plain:127.0.0.1:80", "plain:unix:/a",
                                        "unix:", "unix:relative", "tls:127.0.0.1:80"}) {
        EXPECT_THROW((void)parse_listen(text), std::invalid_argument) << text;
    }
    EXPECT_THROW((void)parse_listen("unix:/" + std::string(107, 'x')), std::invalid_argument);
    EXPECT_THROW((void)parse_listen(std::string{"unix:/a\0b", 9}), std::invalid_argument);
}

TEST(Speed, IsAFactorOrMax) {
    EXPECT_EQ(parse_speed("max"), std::nullopt);
    EXPECT_EQ(parse_speed("10"), 10.0);
    EXPECT_EQ(parse_speed("0.5"), 0.5);
    for (const std::string_view text : {"", "0", "-1", "x", "1x", "nan", "inf", "1e7", "Max"}) {
        EXPECT_THROW((void)parse_speed(text), std::invalid_argument) << text;
    }
}

std::string synthetic_error(std::string_view text) {
    try {
        (void)parse_synthetic(text);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

TEST(SyntheticSpec, ReadsItsKeysInAnyOrder) {
    EXPECT_EQ(parse_synthetic("symbols=100,rate=10"), (SyntheticConfig{100, 10, 4, 10, 1}));
    EXPECT_EQ(parse_synthetic("seed=7,tick_ms=1,levels=2,rate=max,symbols=5"),
              (SyntheticConfig{5, std::nullopt, 2, 1, 7}));
}

TEST(SyntheticSpec, SaysWhichPartIsWrong) {
    EXPECT_EQ(synthetic_error(""), "must give symbols and rate: symbols=100,rate=10");
    EXPECT_EQ(synthetic_error("symbols=1"), "must give symbols and rate: symbols=100,rate=10");
    EXPECT_EQ(synthetic_error("symbols=0,rate=1"), "symbols = \"0\" must be from 1 to 100000");
    EXPECT_EQ(synthetic_error("symbols=x,rate=1"), "symbols = \"x\" must be an integer from 1 to 100000");
    EXPECT_EQ(synthetic_error("symbols,rate=1"), "symbols = \"\" must be an integer from 1 to 100000");
    EXPECT_EQ(synthetic_error("symbols=1,rate=1,level=3"), "level = \"3\" is unknown (nearest: levels)");
    EXPECT_EQ(synthetic_error("symbols=1,symbols=2,rate=1"), "symbols = \"2\" is there twice");
    EXPECT_EQ(synthetic_error("symbols=1,,rate=1"), " = \"\" is unknown");
    EXPECT_EQ(synthetic_error("symbols=1,rate=1,seed=-1"),
              "seed = \"-1\" must be an integer from 0 to 9223372036854775807");
    EXPECT_EQ(synthetic_error("symbols=1,rate=99999999999999999999"),
              "rate = \"99999999999999999999\" must be an integer from 1 to 1000000");
}

}  // namespace
}  // namespace tickgate::gateway
