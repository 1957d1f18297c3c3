#include "tools/client/wire_options.hpp"

#include <CLI/CLI.hpp>

namespace tickgate::client {

void add_wire_options(CLI::App& app, WireOptions& options) {
    auto* ca = app.add_option("--ca", options.trust.ca_file,
                              "file of the certificates to trust, PEM; default: the system's authorities");
    ca->check(CLI::ExistingFile);
    app.add_flag("--insecure", options.trust.insecure, "trust whatever certificate a wss server has")->excludes(ca);
}

std::string wire_fault(const WsUrl& url, const WireOptions& options) {
    const bool asks_for_trust = options.trust.insecure || !options.trust.ca_file.empty();
    if (asks_for_trust && !url.secure) return "--ca and --insecure are for wss URLs";
    return {};
}

std::unique_ptr<TlsClient> tls_for(const WsUrl& url, const WireOptions& options) {
    return url.secure ? std::make_unique<TlsClient>(options.trust) : nullptr;
}

}  // namespace tickgate::client
