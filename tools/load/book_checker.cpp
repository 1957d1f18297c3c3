#include "tools/load/book_checker.hpp"

#include "tools/client/json_fields.hpp"

namespace tickgate::load {

bool BookChecker::apply(std::size_t book, std::string_view message) {
    simdjson::dom::element parsed;
    if (parser_.parse(message.data(), message.size()).get(parsed) != simdjson::SUCCESS) return false;
    client::HeldBook& held = books_[book];
    if (client::text_field(parsed, "type") == "snapshot") {
        held = {};
        held.depth = client::number_field(parsed, "depth").value_or(0);
    }
    const bool bids_read = client::set_levels(held.bids, client::array_field(parsed, "bids"));
    const bool asks_read = client::set_levels(held.asks, client::array_field(parsed, "asks"));
    held.cut();
    return bids_read && asks_read && client::number_field(parsed, "ck") == held.checksum();
}

}  // namespace tickgate::load
