#include "feeds/synthetic_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace tickgate::feeds {
namespace {

struct Setting {
    std::string_view key;
    std::string_view value;
};

[[noreturn]] void fail(std::string_view why) {
    throw std::invalid_argument{fmt::format("synthetic: {}", why)};
}

std::vector<Setting> split(std::string_view text) {
    std::vector<Setting> settings;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const auto equals = part.find('=');
        if (equals == std::string_view::npos) fail(fmt::format("`{}` is not `key=value`", part));
        const Setting setting{part.substr(0, equals), part.substr(equals + 1)};
        for (const Setting& before : settings) {
            if (before.key == setting.key) fail(fmt::format("`{}` is given twice", setting.key));
        }
        settings.push_back(setting);
    }
    return settings;
}

template <typename Number>
Number number(const Setting& setting, Number least, Number most) {
    Number value{};
    const char* last = setting.value.data() + setting.value.size();
    const auto [end, error] = std::from_chars(setting.value.data(), last, value);
    if (error != std::errc{} || end != last || value < least || value > most) {
        fail(fmt::format("`{}` must be an integer from {} to {}{}, not `{}`", setting.key, least, most,
                         setting.key == "rate" ? ", or `max`" : "", setting.value));
    }
    return value;
}

}  // namespace

SyntheticOptions parse_synthetic_options(std::string_view text) {
    SyntheticOptions options;
    bool has_rate = false;
    for (const Setting& setting : split(text)) {
        if (setting.key == "symbols") {
            options.symbols = number<std::uint32_t>(setting, 1, 100'000);
        } else if (setting.key == "rate") {
            has_rate = true;
            if (setting.value != "max") options.rate = number<std::uint32_t>(setting, 1, 1'000'000);
        } else if (setting.key == "levels") {
            options.levels = number<std::uint32_t>(setting, 1, 50);
        } else if (setting.key == "tick_ms") {
            options.tick = std::chrono::milliseconds{number<std::uint32_t>(setting, 1, 60'000)};
        } else if (setting.key == "seed") {
            options.seed = number<std::uint64_t>(setting, 0, UINT64_MAX);
        } else {
            fail(fmt::format("`{}` is none of symbols, rate, levels, tick_ms, seed", setting.key));
        }
    }
    if (options.symbols == 0) fail("`symbols` is missing");
    if (!has_rate) fail("`rate` is missing");
    return options;
}

}  // namespace tickgate::feeds
