#pragma once

#include <chrono>
#include <string>

#include "book/symbol_book.hpp"
#include "tools/replay/playback.hpp"

namespace tickgate::replay {

/// Each appends one JSON object and a newline. `top`: levels of each side; 0: all.

/// A symbol's book as it is.
void append_book(std::string& out, const book::SymbolBook& book, std::size_t top);

/// The batch that was applied last.
void append_batch(std::string& out, const book::SymbolBook& book, const book::Applied& applied, std::size_t top);

/// All counts of a playback that took `took` to process.
void append_stats(std::string& out, const Playback& playback, std::chrono::duration<double> took);

}  // namespace tickgate::replay
