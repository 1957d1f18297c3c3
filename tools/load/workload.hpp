#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tickgate::load {

/// What a client subscribes to, of each of its symbols.
struct Wish {
    std::string channel = "book";
    std::optional<std::uint64_t> depth;    ///< book only; the server's default where absent
    std::optional<std::uint64_t> rate_ms;  ///< the server's default where absent
};

/// CHANNEL[:DEPTH[:RATE_MS]], where an empty number is the server's default: `book:10:0`, `bbo::100`. Nothing: it is
/// not of that form.
[[nodiscard]] std::optional<Wish> parse_wish(std::string_view text);

/// Who subscribes to what. Wishes go round. Symbols are dealt like cards, from a new shuffle whenever too few are left,
/// so all are asked for alike; about twenty clients hold the same hand, which is what fairness is measured by.
class Workload {
public:
    /// `per_client` symbols each; 0, or more than there are: all. Precondition: there are wishes and symbols.
    Workload(std::vector<std::string> symbols, std::vector<Wish> wishes, std::uint32_t clients, std::size_t per_client,
             std::uint32_t seed);

    [[nodiscard]] const Wish& wish_of(std::uint32_t client) const noexcept;
    /// Indices of symbols.
    [[nodiscard]] std::span<const std::uint32_t> symbols_of(std::uint32_t client) const noexcept;
    /// Clients of one group subscribe to the same.
    [[nodiscard]] std::uint32_t group_of(std::uint32_t client) const noexcept;

    [[nodiscard]] const std::string& symbol(std::uint32_t index) const noexcept { return symbols_[index]; }
    [[nodiscard]] std::optional<std::uint32_t> index_of(std::string_view symbol) const;
    [[nodiscard]] std::size_t per_client() const noexcept { return per_client_; }

private:
    std::vector<std::string> symbols_;
    std::map<std::string, std::uint32_t, std::less<>> indices_;
    std::vector<Wish> wishes_;
    std::size_t per_client_;
    std::vector<std::uint32_t> hands_;  // per_client_ symbols each
};

}  // namespace tickgate::load
