#include "book/trade_tape.hpp"

#include <algorithm>

namespace tickgate::book {

TradeTape::TradeTape(std::size_t capacity) : trades_(std::max<std::size_t>(capacity, 1)) {}

void TradeTape::add(const Trade& trade) {
    trades_[count_ % trades_.size()] = trade;
    ++count_;
}

void TradeTape::rescale(std::int64_t price_factor, std::int64_t quantity_factor) noexcept {
    for (Trade& trade : trades_) {
        trade.price = Price{trade.price.mantissa() * price_factor};
        trade.quantity = Quantity{trade.quantity.mantissa() * quantity_factor};
    }
}

}  // namespace tickgate::book
