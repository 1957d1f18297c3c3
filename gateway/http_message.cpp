#include "gateway/http_message.hpp"

#include <algorithm>
#include <charconv>

namespace tickgate::gateway {
namespace {

char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_control_character(unsigned char byte) noexcept {
    return byte < 0x20 || byte == 0x7F;
}

/// The byte that two hexadecimal digits stand for.
std::optional<char> decode_escape(std::string_view digits) noexcept {
    unsigned byte = 0;
    if (digits.size() != 2) return std::nullopt;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    return static_cast<char>(byte);
}

std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char byte = plus_is_space && text[i] == '+' ? ' ' : text[i];
        if (byte == '%') {
            const auto escaped = decode_escape(text.substr(i + 1, 2));
            if (!escaped) return std::nullopt;
            byte = *escaped;
            i += 2;
        }
        if (is_control_character(static_cast<unsigned char>(byte))) return std::nullopt;
        decoded += byte;
    }
    return decoded;
}

/// What follows scheme and authority, if there are any.
std::string_view origin_form(std::string_view target) noexcept {
    constexpr std::string_view kScheme = "http://";
    if (!target.starts_with(kScheme)) return target;
    target.remove_prefix(kScheme.size());
    const auto end = target.find_first_of("/?");
    return end == std::string_view::npos ? std::string_view{"/"} : target.substr(end);
}

bool add_parameter(std::string_view text, HttpTarget& out) {
    const auto equals = text.find('=');
    auto name = decode_percent(text.substr(0, equals), true);
    auto value = decode_percent(equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1), true);
    if (!name || !value) return false;
    out.query.emplace_back(*std::move(name), *std::move(value));
    return true;
}

template <typename Pairs, typename Equal>
std::optional<std::string_view> find_first(const Pairs& pairs, std::string_view name, Equal equal) noexcept {
    for (const auto& [key, value] : pairs) {
        if (equal(std::string_view{key}, name)) return std::string_view{value};
    }
    return std::nullopt;
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

/// RFC 9110, 6.4.1: these have no body, and so no length of one.
bool may_have_body(unsigned status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

std::optional<HttpTarget> parse_http_target(std::string_view target) {
    target = origin_form(target);
    if (!target.starts_with('/')) return std::nullopt;
    const auto question = target.find('?');
    auto path = decode_percent(target.substr(0, question), false);
    if (!path) return std::nullopt;
    HttpTarget parsed{.path = *std::move(path), .query = {}};
    std::string_view query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        if (end > 0 && !add_parameter(query.substr(0, end), parsed)) return std::nullopt;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return parsed;
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const noexcept {
    return find_first(headers, name, equal_ignoring_case);
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const noexcept {
    return find_first(query, name, [](std::string_view a, std::string_view b) { return a == b; });
}

HttpResponse http_error(unsigned status, std::string_view code, std::string_view message) {
    HttpResponse response;
    response.status = status;
    response.body.append(R"({"error":")").append(code).append(R"(","message":")").append(message).append("\"}");
    return response;
}

std::string http_response_head(const HttpResponse& response, std::string_view reason, std::string_view server,
                               bool keep_alive) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head.append(reason).append("\r\n");
    add_header(head, "Server", server);
    if (may_have_body(response.status)) {
        add_header(head, "Content-Type", response.content_type);
        add_header(head, "Content-Length", std::to_string(response.body.size()));
    }
    for (const auto& [name, value] : response.headers) add_header(head, name, value);
    add_header(head, "Connection", keep_alive ? "keep-alive" : "close");
    return head += "\r\n";
}

HttpReply& HttpReply::operator=(HttpReply&& other) noexcept {
    std::swap(target_, other.target_);  // what we had is answered when other goes
    return *this;
}

HttpReply::~HttpReply() {
    if (is_wanted()) reply(http_error(500, "internal", "no answer was made"));
}

void HttpReply::reply(HttpResponse response) {
    if (const auto target = std::exchange(target_, {}).lock()) target->answer(std::move(response));
}

}  // namespace tickgate::gateway
