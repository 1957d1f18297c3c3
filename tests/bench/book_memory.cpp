#include "tests/bench/book_memory.hpp"

#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

#include "book/symbol_book.hpp"

namespace tickgate::bench {
namespace {

using book::Event;
using book::EventKind;
using book::Side;

std::size_t resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Event event(EventKind kind, Side side, std::int64_t price, std::int64_t quantity, bool last) {
    Event made;
    made.kind = kind;
    made.side = side;
    made.price = book::Price{price};
    made.quantity = book::Quantity{quantity};
    made.flags = last ? Event::kLast : std::uint8_t{0};
    return made;
}

/// As a book looks when it has been live for a while.
void fill(book::SymbolBook& book, std::size_t levels_a_side) {
    const auto levels = static_cast<std::int64_t>(levels_a_side);
    std::vector<Event> snapshot{event(EventKind::Clear, Side::Bid, 0, 0, false)};
    for (std::int64_t i = 1; i <= levels; ++i) {
        snapshot.push_back(event(EventKind::Level, Side::Bid, 1'000'000 - i, 1, false));
        snapshot.push_back(event(EventKind::Level, Side::Ask, 1'000'000 + i, 1, i == levels));
    }
    static_cast<void>(book.apply(snapshot));
    for (std::size_t i = 0; i < book::OrderBook::kDefaultLog; ++i) {
        for (const std::int64_t quantity : {1, 0}) {
            const std::vector<Event> both{event(EventKind::Level, Side::Bid, 1'000'000 - levels - 1, quantity, false),
                                          event(EventKind::Level, Side::Ask, 1'000'000 + levels + 1, quantity, true)};
            static_cast<void>(book.apply(both));
        }
    }
    const Event trade = event(EventKind::Trade, Side::Bid, 1'000'000, 1, true);
    for (std::size_t i = 0; i < book::TradeTape::kDefaultCapacity; ++i) static_cast<void>(book.apply({&trade, 1}));
}

}  // namespace

std::size_t memory_of(const BookShape& shape) {
    const book::Instrument instrument;
    std::vector<std::unique_ptr<book::SymbolBook>> books;
    const std::size_t before = resident_bytes();
    for (std::size_t i = 0; i < shape.books; ++i) {
        books.push_back(std::make_unique<book::SymbolBook>(instrument));
        fill(*books.back(), shape.levels_a_side);
    }
    return resident_bytes() - before;
}

}  // namespace tickgate::bench
