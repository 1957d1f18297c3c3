#include "tools/load/upgrade.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "gateway/ascii.hpp"
#include "tools/client/wire_options.hpp"

namespace tickgate::load {

namespace {

constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3

constexpr std::string_view kDeflateOffer =
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";

std::string base64(std::span<const unsigned char> bytes) {
    std::array<unsigned char, 64> text;
    const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
    return {text.data(), text.data() + size};
}

// SplitMix64: neighbouring nonces give keys that have nothing in common.
std::uint64_t mixed(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

std::string accept_of(std::string_view key) {
    const std::string text = std::string{key}.append(kAcceptSuffix);
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return base64(digest);
}

std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, gateway::upper, gateway::upper);
}

std::string_view take_line(std::string_view& head) noexcept {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    return line;
}

std::string_view header_value(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const std::string_view line = take_line(head);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (equal_ignoring_case(line.substr(0, colon), name)) return trimmed(line.substr(colon + 1));
    }
    return {};
}

}  // namespace

std::string upgrade_key(std::uint64_t nonce) {
    const std::array<std::uint64_t, 2> words{mixed(nonce), mixed(~nonce)};
    const auto bytes = std::bit_cast<std::array<unsigned char, 16>>(words);
    return base64(bytes);
}

std::string upgrade_request(const client::WsUrl& url, std::string_view key, bool deflate) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: tickgate.v1.json\r\nUser-Agent: tickgate-load\r\n{}\r\n",
        url.target, client::host_header(url), key, deflate ? kDeflateOffer : "");
}

std::string upgrade_fault(std::string_view head, std::string_view key) {
    const std::string_view status = take_line(head);
    if (!status.starts_with("HTTP/1.1 101")) return fmt::format("the server answered \"{}\" to the upgrade", status);
    if (header_value(head, "Sec-WebSocket-Accept") != accept_of(key))
        return "the server's Sec-WebSocket-Accept is wrong";
    return {};
}

std::string extension_fault(std::string_view head, bool deflate) {
    const std::string_view answer = header_value(head, "Sec-WebSocket-Extensions");
    if (deflate) return client::deflate_fault(answer);
    return answer.empty() ? "" : fmt::format("the server uses an extension that was not offered: {}", answer);
}

}  // namespace tickgate::load
