#include "tools/load/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "tools/load/tls_layer.hpp"

namespace tickgate::load {

namespace {

// Below the 28,000 ports that Linux hands out by default, with room for those that a storm leaves behind.
constexpr std::uint32_t kClientsPerAddress = 20'000;
constexpr timeval kPatience{5, 0};

class Socket {
public:
    explicit Socket(int family) : descriptor_{socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
        setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    }
    ~Socket() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

bool send_all(const Socket& socket, std::string_view bytes) {
    return send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == std::ssize(bytes);
}

/// Nothing: the connection is lost. Empty: it is over.
std::optional<std::string> receive(const Socket& socket) {
    std::string chunk(16'384, '\0');
    const ssize_t got = recv(socket.descriptor(), chunk.data(), chunk.size(), 0);
    if (got < 0) return std::nullopt;
    chunk.resize(static_cast<std::size_t>(got));
    return chunk;
}

/// What a server answers to a request before it closes.
std::optional<std::string> plain_answer(const Socket& socket, const std::string& request) {
    if (!send_all(socket, request)) return std::nullopt;
    std::string text;
    while (const std::optional<std::string> chunk = receive(socket)) {
        if (chunk->empty()) return text;
        text += *chunk;
    }
    return std::nullopt;
}

bool shake_hands(TlsLayer& tls, const Socket& socket, std::string& received) {
    for (;;) {
        std::string to_send;
        const TlsLayer::Step step = tls.handshake(to_send);
        if (tls.is_distrusted()) throw std::runtime_error{tls.fault()};
        if (step != TlsLayer::Step::Done && step != TlsLayer::Step::WantsMore) return false;
        if (!send_all(socket, to_send)) return false;
        if (step == TlsLayer::Step::Done) return true;
        std::optional<std::string> chunk = receive(socket);
        if (!chunk || chunk->empty()) return false;
        received = std::move(*chunk);
        tls.receive(received);
    }
}

std::optional<std::string> secure_answer(TlsLayer& tls, const Socket& socket, const std::string& request) {
    std::string received;
    std::string to_send;
    if (!shake_hands(tls, socket, received)) return std::nullopt;
    tls.encrypt(request, to_send);
    if (!send_all(socket, to_send)) return std::nullopt;
    std::string text;
    std::string room(64 * 1024, '\0');
    for (;;) {
        const TlsLayer::Read read = tls.read(room, to_send);
        text.append(room, 0, read.size);
        if (read.step == TlsLayer::Step::Closed) return text;
        if (read.step == TlsLayer::Step::Failed) return std::nullopt;
        if (read.step == TlsLayer::Step::Done) continue;
        std::optional<std::string> chunk = receive(socket);
        if (!chunk || chunk->empty()) return std::nullopt;  // cut off
        received = std::move(*chunk);
        tls.receive(received);
    }
}

}  // namespace

std::optional<Endpoint> resolve(const client::WsUrl& url) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(url.host.c_str(), url.port.c_str(), &wanted, &found) != 0) return std::nullopt;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
    Endpoint endpoint;
    endpoint.size = found->ai_addrlen;
    std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
    return endpoint;
}

std::optional<Endpoint> source_for(std::uint32_t client, const Endpoint& server) {
    if (server.address.ss_family != AF_INET) return std::nullopt;
    sockaddr_in address{};
    std::memcpy(&address, &server.address, sizeof address);
    if (ntohl(address.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET) return std::nullopt;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + client / kClientsPerAddress);
    address.sin_port = 0;
    Endpoint source;
    source.size = sizeof address;
    std::memcpy(&source.address, &address, sizeof address);
    return source;
}

std::optional<std::string> http_get(const Site& site, const std::string& target) {
    const Socket socket{site.endpoint.address.ss_family};
    const std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", target, client::host_header(site.url));
    const auto* address = reinterpret_cast<const sockaddr*>(&site.endpoint.address);
    if (connect(socket.descriptor(), address, site.endpoint.size) != 0) return std::nullopt;
    std::optional<std::string> answer;
    if (site.tls) {
        TlsLayer tls{*site.tls, site.url.host, nullptr};
        answer = secure_answer(tls, socket, request);
    } else {
        answer = plain_answer(socket, request);
    }
    if (!answer || !answer->starts_with("HTTP/1.1 200")) return std::nullopt;
    const std::size_t head = answer->find("\r\n\r\n");
    if (head == std::string::npos) return std::nullopt;
    return answer->substr(head + 4);
}

}  // namespace tickgate::load
