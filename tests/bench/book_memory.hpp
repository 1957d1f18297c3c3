#pragma once

#include <cstddef>

namespace tickgate::bench {

struct BookShape {
    std::size_t books = 1'000;
    std::size_t levels_a_side = 1'000;
};

/// Bytes by which the process grows with so many books, their histories and trade tapes full.
[[nodiscard]] std::size_t memory_of(const BookShape& shape);

}  // namespace tickgate::bench
