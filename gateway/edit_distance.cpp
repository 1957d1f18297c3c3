#include "gateway/edit_distance.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/ascii.hpp"

namespace tickgate::gateway {

namespace {

using Row = std::array<std::uint8_t, kMaxComparedText + 1>;

/// Fills the row that ends with `a[i]` from the two before it; returns its smallest entry.
std::uint8_t fill_row(std::string_view a, std::string_view b, std::size_t i, const Row& before_last, const Row& last,
                      Row& row) noexcept {
    row[0] = static_cast<std::uint8_t>(i + 1);
    std::uint8_t smallest = row[0];
    for (std::size_t j = 0; j < b.size(); ++j) {
        const bool same = upper(a[i]) == upper(b[j]);
        unsigned cost = last[j] + (same ? 0U : 1U);
        cost = std::min({cost, last[j + 1] + 1U, row[j] + 1U});
        const bool swapped = i > 0 && j > 0 && upper(a[i]) == upper(b[j - 1]) && upper(a[i - 1]) == upper(b[j]);
        if (swapped) cost = std::min(cost, before_last[j - 1] + 1U);
        row[j + 1] = static_cast<std::uint8_t>(cost);
        smallest = std::min(smallest, row[j + 1]);
    }
    return smallest;
}

}  // namespace

std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit) noexcept {
    if (a.size() > kMaxComparedText || b.size() > kMaxComparedText) return std::nullopt;
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return std::nullopt;
    std::array<Row, 3> rows{};
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<std::uint8_t>(j);
    std::uint8_t last_smallest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Row& last = rows[i % 3];
        const std::uint8_t smallest = fill_row(a, b, i, rows[(i + 2) % 3], last, rows[(i + 1) % 3]);
        // A swap reaches two rows back, so that two rows above the limit are needed to give up.
        if (smallest > limit && last_smallest > limit) return std::nullopt;
        last_smallest = smallest;
    }
    const std::size_t distance = rows[a.size() % 3][b.size()];
    if (distance > limit) return std::nullopt;
    return distance;
}

std::size_t plausible_distance(std::size_t length) noexcept {
    return length < 4 ? 1 : length < 12 ? 2 : 3;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) noexcept {
    std::string_view found;
    std::size_t limit = plausible_distance(word.size());
    for (const std::string_view candidate : candidates) {
        const auto distance = edit_distance(word, candidate, limit);
        if (!distance) continue;
        found = candidate;
        if (*distance == 0) break;
        limit = *distance - 1;
    }
    return found;
}

}  // namespace tickgate::gateway
