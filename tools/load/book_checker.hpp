#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tools/client/held_book.hpp"

namespace simdjson::dom {
class parser;
}  // namespace simdjson::dom

namespace tickgate::load {

/// The books of one client, held in full so that the checksum of every message can be verified. What a message
/// continues has been checked before it comes here.
class BookChecker {
public:
    /// `parser` outlives this; its document is replaced by each message.
    BookChecker(simdjson::dom::parser& parser, std::size_t books) : parser_{parser}, books_(books) {}

    /// Applies a snapshot or delta to one of the books. False: it cannot be read, or the checksum that it states is not
    /// that of the book now held.
    [[nodiscard]] bool apply(std::size_t book, std::string_view message);

private:
    simdjson::dom::parser& parser_;
    std::vector<client::HeldBook> books_;
};

}  // namespace tickgate::load
