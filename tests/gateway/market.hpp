#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/gateway/core.hpp"
#include "tests/support/seed.hpp"

namespace tickgate::test {

/// One side of a book by rank, the best first: -price for bids, price for asks.
using TruthSide = std::map<std::int64_t, std::int64_t>;

/// A symbol's book at one sequence.
struct TruthBook {
    TruthSide bids;
    TruthSide asks;
    book::Scales scales;
    std::string epoch;
};

struct TruthTrade {
    std::int64_t price;  ///< at the scale of that time
    std::int64_t quantity;
    bool buys;
    book::Scales scales;
};

struct TruthStatus {
    book::SymbolState state;
    book::StateReason reason;
    std::int64_t since_us;
};

/// All that was ever true of one symbol, as plain maps.
struct Truth {
    const book::Instrument* instrument = nullptr;
    std::vector<TruthBook> books;    ///< by sequence
    std::vector<TruthTrade> trades;  ///< by number - 1
    std::vector<TruthStatus> statuses;
    std::map<std::string, book::Scales> scales;  ///< by epoch

    [[nodiscard]] const TruthBook& now() const { return books.back(); }
};

/// A venue with a few symbols that makes up random events on few prices, pushes them into a core, and remembers what
/// they make true.
class Market {
public:
    Market(Core& core, Random& random, std::size_t symbols, std::int64_t prices);

    void random_event();
    /// Leads all symbols to `live` on a whole snapshot.
    void settle_down();

    [[nodiscard]] const std::vector<Truth>& symbols() const { return truths_; }

private:
    struct Venue {
        book::SymbolState state = book::SymbolState::Starting;
        bool snapshot_is_due = true;
        std::vector<book::Event> rest;  ///< of a batch whose beginning was pushed
    };

    void batch(std::size_t symbol);
    void snapshot(std::size_t symbol);
    void trade(std::size_t symbol);
    void rescale(std::size_t symbol);
    void change_state(std::size_t symbol);
    void set_state(std::size_t symbol, book::SymbolState state, book::StateReason reason);
    void finish_batch(std::size_t symbol);
    [[nodiscard]] book::Event random_level(std::size_t symbol);
    [[nodiscard]] TruthBook& next(std::size_t symbol);
    static void set(TruthBook& book, const book::Event& level);
    void push(std::size_t symbol, std::vector<book::Event> events);

    Core& core_;
    Random& random_;
    std::int64_t prices_;
    std::vector<Truth> truths_;
    std::vector<Venue> venues_;
};

}  // namespace tickgate::test
