#include "tools/load/symbol_names.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "tools/client/json_fields.hpp"

namespace tickgate::load {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
constexpr auto kAskAgain = 100ms;

std::vector<std::string> expanded(const std::string& name, const Site& site) {
    if (name.find('*') == std::string::npos) return {name};
    return names_in(http_get(site, "/v1/symbols?match=" + name).value_or(""));
}

std::vector<std::string> all_expanded(const std::vector<std::string>& wanted, const Site& site) {
    std::vector<std::string> names;
    for (const std::string& name : wanted) {
        for (std::string& found : expanded(name, site)) {
            if (std::ranges::find(names, found) == names.end()) names.push_back(std::move(found));
        }
    }
    return names;
}

}  // namespace

std::vector<std::string> names_in(std::string_view body) {
    std::vector<std::string> names;
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    if (parser.parse(body.data(), body.size()).get(parsed) != simdjson::SUCCESS) return names;
    for (const simdjson::dom::element symbol : client::array_field(parsed, "symbols")) {
        names.emplace_back(client::text_field(symbol, "symbol"));
    }
    return names;
}

std::vector<std::string> symbol_names(const std::vector<std::string>& wanted, const Site& site) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    std::vector<std::string> names = all_expanded(wanted, site);
    while (names.empty() && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::sleep_for(kAskAgain);
        names = all_expanded(wanted, site);
    }
    return names;
}

}  // namespace tickgate::load
