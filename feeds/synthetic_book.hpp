#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "book/event.hpp"

namespace tickgate::feeds {

/// Steele, Lea and Flood's splitmix64: small, fast, the same on every platform.
class RandomNumbers {
public:
    explicit RandomNumbers(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint64_t next() noexcept;
    /// From 0 to below - 1.
    std::uint32_t below(std::uint32_t below) noexcept;

private:
    std::uint64_t state_;
};

/// One symbol of the synthetic venue: a random walk. Each side is a run of neighbouring prices, all of them held, so
/// it is the best price, a count, and one quantity per price. Never crossed. What it makes depends on its seed only.
class SyntheticBook {
public:
    static constexpr book::Scales kScales{.price = 2, .quantity = 5};
    static constexpr std::uint32_t kLevels = 100;  ///< of a side at the start, and about that many later

    SyntheticBook(book::InstrumentId instrument, std::uint64_t seed);

    /// When an update is made.
    struct Times {
        book::UnixNanos venue;
        book::UnixNanos receive;
    };

    /// Appends the whole book as one batch.
    void write_snapshot(Times times, std::vector<book::Event>& out);
    /// Changes `levels` levels, the first among the best kTouch of a side, and appends the batch; before it in every
    /// tenth update a trade. Precondition: 1 <= levels <= kLevels / 2.
    void update(std::uint32_t levels, Times times, std::vector<book::Event>& out);

private:
    static constexpr std::uint32_t kTouch = 5;
    static constexpr std::uint32_t kFewest = kLevels - 10;
    static constexpr std::uint32_t kMost = kLevels + 10;
    static constexpr std::uint32_t kSlots = 128;  // a power of 2 above kMost
    static constexpr std::int64_t kWidestSpread = 8;
    static constexpr std::int64_t kLowestBid = 1'000;  // of the best: the worst stays above zero

    struct Slot {
        std::uint32_t quantity = 0;
        std::uint32_t changed_in = 0;  // low bits of the update's number, to change no price twice in one
    };
    struct Side {
        std::int64_t best = 0;
        std::int64_t worse = -1;  // one price away from the touch
        std::uint32_t count = kLevels;
        std::array<Slot, kSlots> slots{};  // by price

        [[nodiscard]] std::int64_t price(std::uint32_t depth) const noexcept { return best + worse * depth; }
        [[nodiscard]] Slot& at(std::int64_t price) noexcept {
            return slots[static_cast<std::uint64_t>(price) % kSlots];
        }
        [[nodiscard]] const Slot& at(std::int64_t price) const noexcept {
            return slots[static_cast<std::uint64_t>(price) % kSlots];
        }
    };

    void trade(std::vector<book::Event>& out);
    void change_touch(std::vector<book::Event>& out);
    void change_elsewhere(std::vector<book::Event>& out);
    [[nodiscard]] bool improve(book::Side side, std::vector<book::Event>& out);
    [[nodiscard]] bool retreat(book::Side side, std::vector<book::Event>& out);
    [[nodiscard]] bool restore_count(book::Side side, std::vector<book::Event>& out);
    void requantify(book::Side side, std::uint32_t depth, std::vector<book::Event>& out);
    void set(book::Side side, std::int64_t price, std::uint32_t quantity, std::vector<book::Event>& out);
    void write_level(book::Side side, std::int64_t price, std::vector<book::Event>& out);
    book::Event& write(book::EventKind kind, std::vector<book::Event>& out) const;

    [[nodiscard]] Side& side_of(book::Side side) noexcept { return sides_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] std::int64_t spread() const noexcept { return sides_[1].best - sides_[0].best; }
    [[nodiscard]] book::Side any_side() noexcept;
    [[nodiscard]] std::uint32_t any_quantity() noexcept;
    [[nodiscard]] bool changed(const Slot& slot) const noexcept {
        return slot.changed_in == static_cast<std::uint32_t>(updates_);
    }

    book::InstrumentId instrument_;
    RandomNumbers random_;
    std::array<Side, 2> sides_;
    Times times_{};  // of the update being made
    std::uint64_t updates_ = 0;
    std::uint64_t trades_ = 0;
    std::uint32_t trade_phase_;  // spreads the symbols' trades over their updates
};

}  // namespace tickgate::feeds
