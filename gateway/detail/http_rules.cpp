#include "gateway/detail/http_rules.hpp"

#include <boost/beast/http/status.hpp>

#include "gateway/deflate_offer.hpp"

namespace tickgate::gateway::detail {
namespace {

/// 16 bytes in base64 are 22 characters and two of padding.
bool is_websocket_key(std::string_view key) noexcept {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(kAlphabet) == 22;
}

}  // namespace

std::string_view reason_for(unsigned status) {
    return view(http::obsolete_reason(http::int_to_status(status)));
}

bool has_token(beast::string_view list, std::string_view token) {
    return http::token_list{list}.exists({token.data(), token.size()});
}

bool wants_websocket(const Request& request) {
    return has_token(request[http::field::upgrade], "websocket");
}

std::string_view ambiguity(const RequestParser& parser) {
    const Request& request = parser.get();
    const auto hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return "one Host header is needed";
    if (request.count(http::field::transfer_encoding) > 0 && (!parser.chunked() || request.version() < 11)) {
        return "transfer encoding not supported";
    }
    return {};
}

std::optional<HttpResponse> handshake_fault(const RequestParser& parser) {
    const Request& request = parser.get();
    const auto bad = [](std::string_view message) { return http_error(400, "bad_handshake", message); };
    if (request.method() != http::verb::get) return bad("a WebSocket is opened with GET");
    if (request.version() != 11) return bad("a WebSocket needs HTTP/1.1");
    if (!parser.is_done()) return bad("a handshake has no body");
    if (!wants_websocket(request)) return bad("the header Upgrade: websocket is missing");
    if (!has_token(request[http::field::connection], "upgrade"))
        return bad("the header Connection: Upgrade is missing");
    if (!is_websocket_key(view(request[http::field::sec_websocket_key]))) {
        return bad("Sec-WebSocket-Key must be 16 bytes in base64");
    }
    if (agree_on_deflate(extensions_of(request)).outcome == DeflateAgreement::Outcome::Malformed) {
        return bad("Sec-WebSocket-Extensions is not a list of extensions");
    }
    if (request[http::field::sec_websocket_version] == "13") return std::nullopt;
    if (request.count(http::field::sec_websocket_version) == 0) return bad("Sec-WebSocket-Version is missing");
    HttpResponse other_version = http_error(426, "bad_handshake", "only WebSocket version 13 is spoken");
    other_version.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
    return other_version;
}

std::string extensions_of(const Request& request) {
    std::string values;
    const auto [begin, end] = request.equal_range(http::field::sec_websocket_extensions);
    for (auto field = begin; field != end; ++field)
        values.append(values.empty() ? "" : ",").append(view(field->value()));
    return values;
}

HttpResponse method_not_allowed() {
    HttpResponse refusal = http_error(405, "method_not_allowed", "only GET, HEAD and POST are served");
    refusal.headers = {{"Allow", "GET, HEAD, POST"}};
    return refusal;
}

HttpResponse too_many_handshakes() {
    HttpResponse refusal = http_error(503, "overloaded", "too many handshakes at once");
    refusal.headers = {{"Retry-After", "1"}};
    return refusal;
}

std::optional<HttpMethod> method_of(const Request& request) {
    switch (request.method()) {
        case http::verb::get:
            return HttpMethod::Get;
        case http::verb::head:
            return HttpMethod::Head;
        case http::verb::post:
            return HttpMethod::Post;
        default:
            return std::nullopt;
    }
}

}  // namespace tickgate::gateway::detail
