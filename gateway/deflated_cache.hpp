#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tickgate::gateway {

/// What texts were deflated to that may come again: a snapshot goes to whoever comes until the next change, turn after
/// turn. Bounded: once it is full it starts over, and what is old is forgotten with the rest. Thread: its owner's.
class DeflatedCache {
public:
    /// Empty: not known. Lives until the next call.
    [[nodiscard]] std::string_view find(std::string_view text) const;
    void add(std::string_view text, std::string_view deflated);
    void clear() noexcept;

private:
    static constexpr std::size_t kMostBytes = std::size_t{2} << 20;
    struct Entry {
        std::string text;
        std::string deflated;
    };
    std::unordered_map<std::size_t, Entry> entries_;  // by the hash of the text
    std::size_t bytes_ = 0;
};

}  // namespace tickgate::gateway
