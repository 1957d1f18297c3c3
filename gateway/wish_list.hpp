#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/session.hpp"

namespace tickgate::gateway {

/// The streams that one operation asks for: all of one channel, depth and rate, each once, however often its symbol is
/// named. What one more symbol costs does not depend on how many there are. Thread: the shard's.
class WishList {
public:
    /// `like`: what all are alike in; its instrument means nothing. `room`: as many new ones can be granted.
    WishList(const StreamKey& like, std::size_t room) : like_{like}, room_{room} {}

    /// The session holds this stream already. To be said before anything is added.
    void hold(const StreamKey& key, std::uint32_t sid);
    void add(book::InstrumentId instrument);

    /// More new ones are asked for than can be granted, whatever is still to come.
    [[nodiscard]] bool is_too_long() const noexcept { return new_ones_ > room_; }
    /// Those that the session does not hold yet.
    [[nodiscard]] std::size_t new_ones() const noexcept { return new_ones_; }
    /// nullptr when it was not added.
    [[nodiscard]] WishedStream* find(book::InstrumentId instrument) noexcept;
    /// In the order added.
    [[nodiscard]] std::vector<WishedStream> take() noexcept { return std::move(wishes_); }

private:
    StreamKey like_;
    std::size_t room_;
    std::size_t new_ones_ = 0;
    std::vector<WishedStream> wishes_;
    std::unordered_map<book::InstrumentId, std::size_t> places_;  // in wishes_
    std::unordered_map<book::InstrumentId, std::uint32_t> held_;  // sid
};

}  // namespace tickgate::gateway
