#include "tools/replay/report.hpp"

#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "book/decimal.hpp"
#include "book/price.hpp"
#include "gateway/json_text.hpp"
#include "gateway/protocol.hpp"
#include "gateway/wire.hpp"

namespace tickgate::replay {
namespace {

using book::Side;

void append_level(std::string& out, const book::Level& level, book::Scales scales) {
    std::array<char, book::kMaxDecimalText> text;
    out.append("[\"").append(text.data(), book::write_price(text.data(), level.price, scales.price));
    out.append("\",\"").append(text.data(), book::write_quantity(text.data(), level.quantity, scales.quantity));
    out.append("\"]");
}

void append_side(std::string& out, std::string_view name, const book::SymbolBook& book, Side side, std::size_t top) {
    const auto levels = book.book().side(side).best(top);
    out.append(",\"").append(name).append("\":[");
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        if (level != levels.rbegin()) out.push_back(',');
        append_level(out, *level, book.scales());
    }
    out.push_back(']');
}

void append_levels(std::string& out, const book::SymbolBook& book, std::size_t top) {
    append_side(out, "bids", book, Side::Bid, top);
    append_side(out, "asks", book, Side::Ask, top);
    out.append("}\n");
}

void append_names(std::string& out, const book::Instrument& instrument) {
    out.append("{\"symbol\":");
    gateway::append_json_string(out, instrument.symbol);
    out.append(",\"venue_symbol\":");
    gateway::append_json_string(out, instrument.venue_symbol);
}

std::string venue_id_text(const book::VenueId& id) {
    std::array<char, book::VenueId::kMaxText> text;
    return {text.data(), id.write(text.data())};
}

std::string time_text(book::UnixNanos time) {
    return time == book::kNoTime ? "null" : std::to_string(gateway::wire_micros(time));
}

}  // namespace

void append_book(std::string& out, const book::SymbolBook& book, std::size_t top) {
    append_names(out, book.instrument());
    const auto levels = [&book](Side side) { return book.book().side(side).levels().size(); };
    fmt::format_to(std::back_inserter(out), R"(,"state":"{}","seq":{},"levels_bid":{},"levels_ask":{})",
                   gateway::name_of(book.status().state), book.book().sequence().value(), levels(Side::Bid),
                   levels(Side::Ask));
    append_levels(out, book, top);
}

void append_batch(std::string& out, const book::SymbolBook& book, const book::Applied& applied, std::size_t top) {
    append_names(out, book.instrument());
    fmt::format_to(std::back_inserter(out), R"(,"kind":"{}","seq":{},"venue_id":)",
                   applied.snapshot ? "snapshot" : "delta", book.book().sequence().value());
    gateway::append_json_string(out, venue_id_text(book.venue_id()));
    out.append(",\"tv\":").append(time_text(book.venue_time()));
    fmt::format_to(std::back_inserter(out), R"(,"tr":{},"changes":{})", gateway::wire_micros(book.receive_time()),
                   applied.changes);
    append_levels(out, book, top);
}

void append_stats(std::string& out, const Playback& playback, std::chrono::duration<double> took) {
    std::uint64_t checksum_ok = 0;
    std::uint64_t checksum_failed = 0;
    std::uint64_t touch_ok = 0;
    std::uint64_t touch_failed = 0;
    for (const auto& book : playback.books()) {
        checksum_ok += book->checksums_ok();
        checksum_failed += book->checksums_failed();
        touch_ok += book->touch_check().ok();
        touch_failed += book->touch_check().failed();
    }
    const feeds::VenueCounters& session = playback.counters();
    const Totals& totals = playback.totals();
    const bool empty = totals.last < totals.first;
    const std::chrono::duration<double> covered{empty ? std::chrono::nanoseconds{} : totals.last - totals.first};
    const auto rate = [&took](std::uint64_t n) { return took.count() > 0 ? static_cast<double>(n) / took.count() : 0; };
    auto end = std::back_inserter(out);
    fmt::format_to(end, R"({{"messages":{},"decode_errors":{},"batches":{},"level_changes":{},"trades":{},)",
                   session.messages, session.decode_errors, totals.batches, totals.level_changes, totals.trades);
    fmt::format_to(end, R"("gaps":{},"resyncs":{},"chain_ok":{},"chain_failed":{},)", session.gaps, session.resyncs,
                   session.chain_ok, session.chain_failed);
    fmt::format_to(end, R"("checksum_ok":{},"checksum_failed":{},"touch_ok":{},"touch_failed":{},)", checksum_ok,
                   checksum_failed, touch_ok, touch_failed);
    fmt::format_to(end, "\"seconds\":{:.3f},\"messages_per_s\":{:.0f},\"level_changes_per_s\":{:.0f}}}\n",
                   covered.count(), rate(session.messages), rate(totals.level_changes));
}

}  // namespace tickgate::replay
