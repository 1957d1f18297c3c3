#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http_message.hpp"

/// Judgements about requests as Beast reads them. For the files of HttpServer only: nobody else includes Beast.
namespace tickgate::gateway::detail {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using RequestParser = http::request_parser<http::string_body>;
using Request = RequestParser::value_type;

[[nodiscard]] inline std::string_view view(beast::string_view text) noexcept {
    return {text.data(), text.size()};
}

/// The phrase that goes with a status.
[[nodiscard]] std::string_view reason_for(unsigned status);

/// Whether a header that is a list, "a, b", names the token, in any case.
[[nodiscard]] bool has_token(beast::string_view list, std::string_view token);

[[nodiscard]] bool wants_websocket(const Request& request);

/// What Beast lets through although it leaves open who is meant, or where the request ends; empty: nothing.
[[nodiscard]] std::string_view ambiguity(const RequestParser& parser);

/// Why this is no opening handshake, by RFC 6455, 4.2.1.
[[nodiscard]] std::optional<HttpResponse> handshake_fault(const RequestParser& parser);

/// The values of all its Sec-WebSocket-Extensions, joined by commas.
[[nodiscard]] std::string extensions_of(const Request& request);

[[nodiscard]] HttpResponse method_not_allowed();
[[nodiscard]] HttpResponse too_many_handshakes();

/// Nothing for a method that we do not serve.
[[nodiscard]] std::optional<HttpMethod> method_of(const Request& request);

}  // namespace tickgate::gateway::detail
