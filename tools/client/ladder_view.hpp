#pragma once

#include <cstddef>
#include <string>

#include "tools/client/book_mirror.hpp"

namespace tickgate::client {

/// Draws what a mirror holds as one terminal frame of at most `rows` lines: ladders of books, lines of best bid and
/// ask, lists of trades. ANSI: the frame starts at the top left corner and clears what it does not cover.
[[nodiscard]] std::string draw_ladder(const BookMirror& mirror, std::size_t rows);

}  // namespace tickgate::client
