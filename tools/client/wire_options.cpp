#include "tools/client/wire_options.hpp"

#include <CLI/CLI.hpp>

namespace tickgate::client {

void add_wire_options(CLI::App& app, WireOptions& options) {
    auto* ca = app.add_option("--ca", options.trust.ca_file,
                              "file of the certificates to trust, PEM; default: the system's authorities");
    ca->check(CLI::ExistingFile);
    app.add_flag("--insecure", options.trust.insecure, "trust whatever certificate a wss server has")->excludes(ca);
    app.add_flag("--deflate", options.deflate, "take compressed messages (permessage-deflate); the server must agree");
}

std::string wire_fault(const WsUrl& url, const WireOptions& options) {
    const bool asks_for_trust = options.trust.insecure || !options.trust.ca_file.empty();
    if (asks_for_trust && !url.secure) return "--ca and --insecure are for wss URLs";
    return {};
}

std::string deflate_fault(std::string_view extensions) {
    if (extensions.empty()) return "the server does not compress: permessage-deflate was not negotiated";
    const bool deflates = extensions.starts_with("permessage-deflate");
    if (deflates && extensions.find("server_no_context_takeover") != std::string_view::npos) return {};
    return "permessage-deflate was not negotiated as asked for, but: " + std::string{extensions};
}

std::unique_ptr<TlsClient> tls_for(const WsUrl& url, const WireOptions& options) {
    return url.secure ? std::make_unique<TlsClient>(options.trust) : nullptr;
}

}  // namespace tickgate::client
