#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "book/order_book.hpp"

namespace tickgate::book {

/// Best bid and ask with their quantities; an empty side is an empty optional.
struct Touch {
    std::optional<LevelChange> bid;
    std::optional<LevelChange> ask;

    friend bool operator==(const Touch&, const Touch&) = default;
};

/// Compares a book's touch with what the venue itself said it was, by update id: the touch after the batch that ends
/// at id u must be that of the venue's last ticker of an id <= u. It is decided once a ticker of a higher id, or the
/// end, has come; batches without any earlier ticker are not counted. Thread: the book agent's.
class TouchCheck {
public:
    /// Both return how many comparisons failed in this call.
    std::uint64_t on_ticker(std::uint64_t id, const Touch& touch);
    std::uint64_t on_batch(std::uint64_t id, const Touch& touch);
    /// No more tickers: decides what waits.
    std::uint64_t finish();
    /// After a gap or a change of scales, and where the ids start over: what waits is dropped, counts stay.
    void reset();

    [[nodiscard]] std::uint64_t ok() const noexcept { return ok_; }
    [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }

private:
    struct Entry {
        std::uint64_t id;
        Touch touch;
    };

    /// First in, first out, in one array: nothing is allocated once it is as long as it gets.
    class Fifo {
    public:
        [[nodiscard]] bool empty() const noexcept { return first_ == entries_.size(); }
        [[nodiscard]] std::size_t size() const noexcept { return entries_.size() - first_; }
        [[nodiscard]] const Entry& operator[](std::size_t i) const noexcept { return entries_[first_ + i]; }
        [[nodiscard]] const Entry& back() const noexcept { return entries_.back(); }
        void push(const Entry& entry);
        void pop() noexcept { ++first_; }
        void clear() noexcept;

    private:
        std::vector<Entry> entries_;
        std::size_t first_ = 0;
    };

    /// True when the batch failed.
    bool decide(const Entry& batch);

    Fifo tickers_;  // ascending ids; the first is the last one at or below everything decided
    Fifo batches_;  // undecided
    std::uint64_t ok_ = 0;
    std::uint64_t failed_ = 0;
};

}  // namespace tickgate::book
