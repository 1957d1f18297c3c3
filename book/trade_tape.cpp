#include "book/trade_tape.hpp"

#include <algorithm>

namespace tickgate::book {

TradeTape::TradeTape(std::size_t capacity) : trades_(std::max<std::size_t>(capacity, 1)) {}

void TradeTape::add(const Trade& trade) {
    trades_[count_ % trades_.size()] = trade;
    ++count_;
    held_ = std::min(held_ + 1, trades_.size());
}

void TradeTape::rescale(std::int64_t price_factor, std::int64_t quantity_factor) noexcept {
    for (std::size_t age = 0; age < held_; ++age) {
        Trade& trade = trades_[(count_ - 1 - age) % trades_.size()];
        std::int64_t price = 0;
        std::int64_t quantity = 0;
        if (__builtin_mul_overflow(trade.price.mantissa(), price_factor, &price) ||
            __builtin_mul_overflow(trade.quantity.mantissa(), quantity_factor, &quantity)) {
            held_ = age;
            return;
        }
        trade.price = Price{price};
        trade.quantity = Quantity{quantity};
    }
}

}  // namespace tickgate::book
