#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "book/order_book.hpp"

namespace tickgate::book {

// GoogleTest finds these by argument-dependent lookup and prints values instead of bytes.
inline void PrintTo(const LevelChange& change, std::ostream* out) {
    *out << change.price.mantissa() << ':' << change.quantity.mantissa();
}
inline void PrintTo(Price price, std::ostream* out) {
    *out << price.mantissa();
}
inline void PrintTo(Quantity quantity, std::ostream* out) {
    *out << quantity.mantissa();
}
inline void PrintTo(Sequence sequence, std::ostream* out) {
    *out << '#' << sequence.value();
}
inline void PrintTo(const Decimal& decimal, std::ostream* out) {
    *out << decimal.mantissa << "e-" << static_cast<unsigned>(decimal.scale);
}

}  // namespace tickgate::book

namespace tickgate::test {

inline book::LevelChange level(std::int64_t price, std::int64_t quantity) {
    return {book::Price{price}, book::Quantity{quantity}};
}

/// Levels without the sequence of their last change, in the order given.
template <typename Levels>
std::vector<book::LevelChange> quantities(const Levels& levels) {
    std::vector<book::LevelChange> out;
    for (const book::Level& held : levels) out.push_back({held.price, held.quantity});
    return out;
}

}  // namespace tickgate::test
