#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "book/price.hpp"
#include "book/types.hpp"

namespace tickgate::book {

/// A price with its total quantity, and the sequence at which it last changed.
struct Level {
    Price price{0};
    Quantity quantity{0};
    Sequence changed;
};

/// What a client is told of one level: its new absolute quantity, zero where it is gone.
struct LevelChange {
    Price price{0};
    Quantity quantity{0};

    friend bool operator==(const LevelChange&, const LevelChange&) = default;
};

/// How a batch came to be. A merged one (an edge's, from a conflated delta) names every price that was touched since
/// the batch before, also those that came and went, so that each counts as touched at its sequence.
enum class BatchKind : std::uint8_t { Exact, Merged };

/// One side of a book: a contiguous sorted array with the best level at the end, and a bounded log of the prices that
/// left. Thread: the book agent's.
class BookSide {
public:
    explicit BookSide(Side side, std::size_t log_capacity);

    /// Sets each level to its new quantity, in the order given. Best first, as venues and our deltas have it, every
    /// level of the side moves once at most. Returns how many changed something.
    std::size_t apply(std::span<const LevelChange> changes, Sequence at, BatchKind kind);
    /// Makes the side equal to `levels`, which it sorts. `scratch` is overwritten. Returns how many levels changed.
    std::size_t replace(std::vector<LevelChange>& levels, Sequence at, std::vector<Level>& scratch);

    /// Drops all but the best `depth` levels; returns how many left.
    std::size_t truncate(std::size_t depth, Sequence at);

    /// All levels, worst first, the best at the end. Valid until the next change.
    [[nodiscard]] std::span<const Level> levels() const noexcept { return levels_; }
    /// The best `depth` levels (0: all), same order.
    [[nodiscard]] std::span<const Level> best(std::size_t depth) const noexcept;
    [[nodiscard]] std::optional<Level> top() const noexcept;

    /// True when `a` is nearer to the touch than `b`.
    [[nodiscard]] bool better(Price a, Price b) const noexcept { return side_ == Side::Bid ? a > b : a < b; }

    /// The last sequence of which a leaving price was forgotten: from before it nobody can be brought on.
    [[nodiscard]] Sequence horizon() const noexcept { return horizon_; }
    void forget_before(Sequence sequence) noexcept;

    [[nodiscard]] bool can_rescale(std::int64_t price_factor, std::int64_t quantity_factor) const noexcept;
    /// Multiplies all prices and quantities; the log is forgotten. Precondition: can_rescale.
    void rescale(std::int64_t price_factor, std::int64_t quantity_factor, Sequence at);

    struct Departure {
        Sequence at;
        Price price{0};
    };
    /// Calls `visit(Departure)` for each price that left after `since`, newest first.
    template <typename Visit>
    void departures_since(Sequence since, Visit&& visit) const {
        for (std::size_t i = 0; i < log_size_; ++i) {
            const Departure& departure = log_[(log_next_ + log_.size() - 1 - i) % log_.size()];
            if (departure.at <= since) return;
            visit(departure);
        }
    }

    [[nodiscard]] Side side() const noexcept { return side_; }

private:
    /// A level that comes or goes: the place at which it does, and by how far what stands before it has to move.
    struct Edit {
        std::size_t place;
        std::ptrdiff_t shift;
        bool adds;
        Level level;
    };

    [[nodiscard]] std::size_t best_first_run(std::span<const LevelChange> changes) const noexcept;
    void find_places(std::span<const LevelChange> changes);
    bool apply_at(std::size_t place, const LevelChange& change, Sequence at, BatchKind kind);
    void carry_out_edits();
    void log_departure(Price price, Sequence at);

    Side side_;
    std::vector<Level> levels_;
    std::vector<std::size_t> places_;  // scratch of apply: where each change's price is or would be
    std::vector<Edit> edits_;          // scratch of apply, best first
    std::vector<Departure> log_;       // ring
    std::size_t log_next_ = 0;
    std::size_t log_size_ = 0;
    Sequence horizon_;
};

/// The best D levels of each side as they were at one sequence, each side worst first as in the book.
struct Cut {
    std::vector<Level> bids;
    std::vector<Level> asks;
};

/// Changes of both sides, each best first.
struct BookDelta {
    std::vector<LevelChange> bids;
    std::vector<LevelChange> asks;

    [[nodiscard]] bool empty() const noexcept { return bids.empty() && asks.empty(); }
    void clear() noexcept {
        bids.clear();
        asks.clear();
    }
};

/// One symbol's book with its history: `changes_since` brings a client from any sequence it may hold, at any depth,
/// to a cut, as long as that sequence is not before the horizon. Thread: the book agent's.
class OrderBook {
public:
    static constexpr std::size_t kDefaultLog = 4'096;  ///< prices that left, remembered for each side

    explicit OrderBook(std::size_t log_capacity = kDefaultLog);

    [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }
    [[nodiscard]] const BookSide& side(Side side) const noexcept { return side == Side::Bid ? bids_ : asks_; }
    [[nodiscard]] std::optional<Level> best(Side side) const noexcept { return this->side(side).top(); }
    /// Best bid at or above best ask.
    [[nodiscard]] bool crossed() const noexcept;

    /// Starts the batch that leads to `to` (greater than sequence()); `apply` and `replace` belong to it.
    void begin(Sequence to, BatchKind kind = BatchKind::Exact) noexcept;
    /// Sets each level of one side to its new quantity, zero where it is gone. Returns how many changed something.
    std::size_t apply(Side side, std::span<const LevelChange> changes);
    /// Makes one side equal to `levels` (any order, no duplicate price; a zero quantity is no level) by its
    /// difference, so that only what differs counts as changed. `levels` is sorted in place.
    /// Returns how many levels changed.
    std::size_t replace(Side side, std::vector<LevelChange>& levels);

    /// Drops all but the best `depth` levels (0: none) of each side; belongs to the batch. Returns how many left.
    std::size_t truncate(std::size_t depth);

    /// States between `after` and `until` were never held here: who holds one of those needs a snapshot.
    void add_hole(Sequence after, Sequence until);

    /// Multiplies all prices and quantities. Nobody who holds a sequence before the present one can be brought on any
    /// more; the numbering goes on. False, and nothing is done, where a product would not fit.
    [[nodiscard]] bool rescale(std::int64_t price_factor, std::int64_t quantity_factor);

    /// The oldest sequence from which somebody can still be brought on, unless it lies in a hole.
    [[nodiscard]] Sequence horizon() const noexcept;
    /// True while `changes_since(since, ..)` can answer.
    [[nodiscard]] bool remembers(Sequence since) const noexcept;

    /// Copies the best `depth` levels of each side (0: all) into `out`, reusing its memory.
    void copy_cut(std::size_t depth, Cut& out) const;

    /// What a client that holds this book as of `since`, cut to `depth`, must be told to hold `cut`, the cut of that
    /// depth as it was at `at` (since <= at <= sequence()). May repeat a level, never omits one.
    /// Precondition: remembers(since). `out` is overwritten.
    void changes_since(Sequence since, const Cut& cut, Sequence at, std::size_t depth, BookDelta& out) const;

private:
    [[nodiscard]] BookSide& mutable_side(Side side) noexcept { return side == Side::Bid ? bids_ : asks_; }
    void changes_of_side(const BookSide& side, Sequence since, std::span<const Level> cut, Sequence at,
                         std::size_t depth, std::vector<LevelChange>& out) const;

    BookSide bids_;
    BookSide asks_;
    Sequence sequence_;
    BatchKind batch_kind_ = BatchKind::Exact;

    struct Hole {
        Sequence after;
        Sequence until;
    };
    std::vector<Hole> holes_;
    std::vector<Level> replaced_;      // scratch of replace
    mutable std::vector<Price> gone_;  // scratch of changes_since
};

/// Exactly what differs between two cuts of one depth: what a client that holds `before` must be told to hold
/// `after`, no level twice and none that did not change. `out` is overwritten.
void difference(const Cut& before, const Cut& after, std::size_t depth, BookDelta& out);

}  // namespace tickgate::book
