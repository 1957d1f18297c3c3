#include "tools/load/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <iterator>
#include <memory>

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

std::optional<std::string> read_all(int descriptor) {
    std::string text;
    std::array<char, 16'384> chunk;
    for (;;) {
        const ssize_t got = recv(descriptor, chunk.data(), chunk.size(), 0);
        if (got < 0) return std::nullopt;
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
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

std::optional<std::string> http_get(const Endpoint& server, const std::string& host, const std::string& target) {
    const Socket socket{server.address.ss_family};
    const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", target, host);
    const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
    if (connect(socket.descriptor(), address, server.size) != 0) return std::nullopt;
    if (send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) != std::ssize(request)) {
        return std::nullopt;
    }
    std::optional<std::string> answer = read_all(socket.descriptor());
    if (!answer || !answer->starts_with("HTTP/1.1 200")) return std::nullopt;
    const std::size_t head = answer->find("\r\n\r\n");
    if (head == std::string::npos) return std::nullopt;
    return answer->substr(head + 4);
}

}  // namespace tickgate::load
