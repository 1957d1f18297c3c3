#include "book/touch_check.hpp"

namespace tickgate::book {
namespace {

// A venue sends tickers ahead of the batch that covers them, or a little behind. Of more than this the oldest are
// dropped: their batches are then not compared, never compared with the wrong ticker.
constexpr std::size_t kMaxWaiting = 4'096;

}  // namespace

void TouchCheck::Fifo::push(const Entry& entry) {
    if (size() == kMaxWaiting) pop();
    if (first_ > 0 && first_ >= size()) {
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    entries_.push_back(entry);
}

void TouchCheck::Fifo::clear() noexcept {
    entries_.clear();
    first_ = 0;
}

std::uint64_t TouchCheck::on_ticker(std::uint64_t id, const Touch& touch) {
    if (!tickers_.empty() && id <= tickers_.back().id) return 0;  // a repeat, or older than what is known
    std::uint64_t mismatches = 0;
    for (; !batches_.empty() && batches_[0].id < id; batches_.pop()) mismatches += decide(batches_[0]) ? 1U : 0U;
    tickers_.push({id, touch});
    return mismatches;
}

std::uint64_t TouchCheck::on_batch(std::uint64_t id, const Touch& touch) {
    const Entry batch{id, touch};
    if (!tickers_.empty() && tickers_.back().id > id) return decide(batch) ? 1U : 0U;
    batches_.push(batch);
    return 0;
}

std::uint64_t TouchCheck::finish() {
    std::uint64_t mismatches = 0;
    for (; !batches_.empty(); batches_.pop()) mismatches += decide(batches_[0]) ? 1U : 0U;
    return mismatches;
}

void TouchCheck::reset() {
    tickers_.clear();
    batches_.clear();
}

bool TouchCheck::decide(const Entry& batch) {
    while (tickers_.size() > 1 && tickers_[1].id <= batch.id) tickers_.pop();
    if (tickers_.empty() || tickers_[0].id > batch.id) return false;  // no ticker of its time: nothing to compare
    const bool same = tickers_[0].touch == batch.touch;
    ++(same ? ok_ : failed_);
    return !same;
}

}  // namespace tickgate::book
