// tickgate-load: many clients in one process, each of which checks what it gets.

#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tools/load/endpoint.hpp"
#include "tools/load/load_run.hpp"
#include "tools/load/options.hpp"
#include "tools/load/report.hpp"
#include "tools/load/symbol_names.hpp"

namespace {

using namespace tickgate::load;

constexpr rlim_t kOwnDescriptors = 32;

volatile std::sig_atomic_t stopped = 0;

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

int complain(int code, std::string_view what) {
    fmt::print(stderr, "tickgate-load: {}\n", what);
    return code;
}

/// Makes room for so many connections; nothing: there is. Else the most that there can be.
std::optional<rlim_t> limit_below(rlim_t clients) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= clients + kOwnDescriptors) return std::nullopt;
    return limit.rlim_max - kOwnDescriptors;
}

int run(const Options& options, std::unique_ptr<tickgate::client::TlsClient> tls) {
    const auto endpoint = resolve(options.url);
    if (!endpoint) return complain(kExitFailed, fmt::format("unknown host {}", options.url.host));
    const Site site{*endpoint, options.url, std::move(tls), options.wire.deflate};
    if (const auto most = limit_below(options.clients)) {
        return complain(kExitUsage, fmt::format("the open-file limit leaves room for {} clients in a process", *most));
    }
    std::vector<std::string> symbols = symbol_names(options.symbols, site);
    if (symbols.empty()) return complain(kExitFailed, "no symbols: none fits, or nobody answers");
    stop_on_signals();
    const LoadReport report = LoadRun{options, site, std::move(symbols)}.run(stopped);
    fmt::print("{}", report_text(report));
    std::fflush(stdout);
    return exit_code_of(report);
}

}  // namespace

int main(int argc, char** argv) {
    const auto parsed = parse_options(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    const Options& options = std::get<Options>(parsed);
    std::unique_ptr<tickgate::client::TlsClient> tls;
    try {
        tls = tls_for(options.url, options.wire);
    } catch (const std::runtime_error& error) {
        return complain(kExitUsage, error.what());
    }
    try {
        return run(options, std::move(tls));
    } catch (const std::runtime_error& error) {
        return complain(kExitFailed, error.what());
    }
}
