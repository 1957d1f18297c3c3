#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/tls_session.hpp"
#include "tests/gateway/tls_client.hpp"
#include "tests/support/certificates.hpp"

namespace tickgate::test {

inline const Certificates& certificates() {
    static const Certificates made;
    return made;
}

/// A certificate of this name.
[[nodiscard]] inline gateway::TlsFiles tls_files(std::string_view name) {
    const Certificates::Files made = certificates().make(name);
    return {made.certificate, made.key};
}

inline const gateway::TlsContext& tls_context() {
    static const gateway::TlsContext made{tls_files("first"), gateway::TlsContext::Clock::now()};
    return made;
}

/// A session with what the caller of one has to do.
class TlsServer {
public:
    using Handshake = gateway::TlsSession::Handshake;
    using State = gateway::TlsSession::Decrypted::State;

    explicit TlsServer(const gateway::TlsContext& with = tls_context()) : session{with} {}

    /// Takes it in pieces of so many bytes.
    void put(std::string_view bytes, std::size_t piece = SIZE_MAX) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
            take_in(bytes.substr(0, piece));
        }
    }

    [[nodiscard]] std::string take() { return std::exchange(to_send, {}); }

    void write(std::string_view plain) {
        std::vector<char> room(gateway::TlsSession::sealed_size(plain.size()));
        const std::span<char> sealed = session.encrypt(plain, room.data());
        to_send.append(sealed.data(), sealed.size());
    }

    void close() {
        std::array<char, gateway::TlsSession::sealed_size(2)> room;
        const std::span<char> sealed = session.close_notify(room.data());
        to_send.append(sealed.data(), sealed.size());
    }

    gateway::TlsSession session;
    std::string to_send;
    std::string received;
    std::size_t plain_size = 100;  // of what is decrypted at once
    Handshake handshake = Handshake::WantsMore;
    State state = State::WantsMore;

private:
    void take_in(std::string_view bytes) {
        std::span<const char> input{bytes};
        if (handshake == Handshake::WantsMore) handshake = session.handshake(input, to_send);
        if (handshake == Handshake::Done) decrypt(input);
    }

    void decrypt(std::span<const char> input) {
        std::vector<char> plain(plain_size);
        do {
            const gateway::TlsSession::Decrypted done = session.decrypt(input, plain, to_send);
            received.append(plain.data(), done.size);
            state = done.state;
        } while (state == State::Full);
        EXPECT_TRUE(state != State::WantsMore || input.empty());
    }
};

/// Carries bytes both ways until the handshake is over; false if it failed.
inline bool connect(TlsClient& client, TlsServer& server, std::size_t piece = SIZE_MAX) {
    for (int round = 0; round < 10; ++round) {
        const bool is_done = client.shake_hands();
        server.put(client.take(), piece);
        client.put(server.take());
        if (is_done && server.handshake == TlsServer::Handshake::Done) return true;
    }
    return false;
}

}  // namespace tickgate::test
