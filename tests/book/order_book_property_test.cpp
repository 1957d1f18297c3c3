// Random schedules of batches, clears, resyncs and merged batches, on a source and on an edge that it feeds, held
// against a plain std::map at every step: whoever asks, from whatever sequence and at whatever depth.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "book/order_book.hpp"
#include "tests/book/map_book.hpp"
#include "tests/support/levels.hpp"
#include "tests/support/seed.hpp"

namespace tickgate::book {
namespace {

using test::ClientSide;
using test::MapBook;
using test::MapModel;
using test::Random;

constexpr Side kSides[] = {Side::Bid, Side::Ask};

const std::vector<LevelChange>& changes_of(const BookDelta& delta, Side side) {
    return side == Side::Bid ? delta.bids : delta.asks;
}

/// A book under test and its model, always told the same.
struct Pair {
    explicit Pair(std::size_t log_capacity) : book{log_capacity}, model{log_capacity} {}

    void begin(Sequence to, BatchKind kind) {
        book.begin(to, kind);
        model.begin(to.value(), kind == BatchKind::Merged);
    }

    void apply(Side side, const std::vector<LevelChange>& changes) {
        std::size_t changed = 0;
        for (const LevelChange& change : changes) {
            const ClientSide before = levels_now(side);
            model.set(side, change.price, change.quantity);
            changed += levels_now(side) != before ? 1U : 0U;
        }
        ASSERT_EQ(book.apply(side, changes), changed);
    }

    void replace(Side side, std::vector<LevelChange> levels) {
        const ClientSide before = levels_now(side);
        model.replace(side, levels);
        const ClientSide after = levels_now(side);
        std::size_t differ = 0;
        for (const auto& [rank, quantity] : before) differ += after.contains(rank) ? 0U : 1U;
        for (const auto& [rank, quantity] : after) {
            differ += before.contains(rank) && before.at(rank) == quantity ? 0U : 1U;
        }
        ASSERT_EQ(book.replace(side, levels), differ);
    }

    [[nodiscard]] ClientSide levels_now(Side side) const {
        return model.now().contains(side) ? test::cut_of(model.now().at(side), 0) : ClientSide{};
    }

    inline static const test::MapSide kNoLevels;
    OrderBook book;
    MapModel model;
};

/// A stream of one depth: the cut it sent last and one client in step with it.
struct Stream {
    std::size_t depth = 0;
    Sequence at;
    Cut sent;
    std::map<Side, ClientSide> client;
};

class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_{seed},
          prices_{random_.one_of<std::int64_t>({4, 8, 30})},
          source_{random_.one_of<std::size_t>({1, 3, 12, 1'000})},
          edge_{random_.one_of<std::size_t>({2, 12, 1'000})} {
        remember();
        for (const std::size_t depth : {0U, 1U, 2U, 3U, 5U}) {
            source_streams_.push_back(Stream{.depth = depth, .at = {}, .sent = {}, .client = {}});
            edge_streams_.push_back(Stream{.depth = depth, .at = {}, .sent = {}, .client = {}});
        }
    }

    void go() {
        const std::int64_t steps = random_.between(10, 80);
        for (std::int64_t i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
            advance_source();
            if (random_.chance(60)) feed_edge();
            for (const Pair* pair : {&source_, &edge_}) expect_same_book(*pair);
            publish_some(source_, source_streams_);
            publish_some(edge_, edge_streams_);
            for (int question = 0; question < 4; ++question) {
                ask(source_, source_streams_, true);
                ask(edge_, edge_streams_, false);
            }
        }
    }

private:
    LevelChange random_level(Side side) {
        const std::int64_t offset = random_.between(1, prices_);
        const std::int64_t price = side == Side::Bid ? -offset : offset - prices_ / 2;  // negative ones too
        return test::level(price, random_.one_of<std::int64_t>({0, 0, 1, 2, 3}));
    }

    void advance_source() {
        source_.begin(source_.book.sequence().next(), BatchKind::Exact);
        if (random_.chance(8)) {
            for (const Side side : kSides) source_.replace(side, random_snapshot(side));
        } else {
            for (const Side side : kSides) source_.apply(side, random_changes(side));
        }
        remember();
    }

    /// As venues send them, best first, at other times in any order and some prices twice.
    std::vector<LevelChange> random_changes(Side side) {
        std::vector<LevelChange> changes;
        for (std::int64_t i = random_.between(0, prices_); i > 0; --i) changes.push_back(random_level(side));
        if (random_.chance(30)) return changes;
        const auto rank = [side](const LevelChange& change) { return test::rank_of(side, change.price); };
        std::ranges::stable_sort(changes, {}, rank);
        const auto repeats = std::ranges::unique(changes, {}, rank);
        changes.erase(repeats.begin(), repeats.end());
        return changes;
    }

    /// Any levels in any order, none at all at times (a clear).
    std::vector<LevelChange> random_snapshot(Side side) {
        std::map<std::int64_t, LevelChange> levels;
        const std::int64_t count = random_.chance(20) ? 0 : random_.between(1, prices_);
        for (std::int64_t i = 0; i < count; ++i) {
            const LevelChange level = random_level(side);
            levels.emplace((level.price.mantissa() * 7'919) % 31, level);
        }
        std::vector<LevelChange> out;
        for (const auto& [key, level] : levels) out.push_back(level);
        return out;
    }

    /// An edge is brought to where the source is by one merged delta, or by a snapshot where the source does not
    /// remember it or the delta was lost.
    void feed_edge() {
        const Sequence held = edge_.book.sequence();
        const Sequence to = source_.book.sequence();
        if (held == to) return;
        if (!source_.book.remembers(held) || random_.chance(10)) {
            edge_.book.add_hole(held, to);
            edge_.model.add_hole(held.value(), to.value());
            edge_.begin(to, BatchKind::Exact);
            for (const Side side : kSides) edge_.replace(side, test::quantities(source_.book.side(side).levels()));
            return;
        }
        Cut all;
        source_.book.copy_cut(0, all);
        BookDelta delta;
        source_.book.changes_since(held, all, to, 0, delta);
        edge_.begin(to, BatchKind::Merged);
        for (const Side side : kSides) edge_.apply(side, changes_of(delta, side));
    }

    void remember() { truth_[source_.model.sequence()] = source_.model.now(); }

    ClientSide truth(Sequence at, Side side, std::size_t depth) const {
        const MapBook& book = truth_.at(at.value());
        return book.contains(side) ? test::cut_of(book.at(side), depth) : ClientSide{};
    }

    void expect_same_book(const Pair& pair) {
        for (const Side side : kSides) {
            ClientSide held;
            for (const Level& level : pair.book.side(side).levels()) {
                held[test::rank_of(side, level.price)] = level.quantity.mantissa();
            }
            ASSERT_EQ(held, truth(pair.book.sequence(), side, 0));
            ASSERT_EQ(held.size(), pair.book.side(side).levels().size()) << "a price stands twice";
        }
    }

    // Streams: the exact difference between the cut sent last and the present one.

    void publish_some(const Pair& pair, std::vector<Stream>& streams) {
        for (Stream& stream : streams) {
            if (random_.chance(40)) publish(pair, stream);
        }
    }

    void publish(const Pair& pair, Stream& stream) {
        Cut now;
        pair.book.copy_cut(stream.depth, now);
        BookDelta delta = test_leftovers();
        difference(stream.sent, now, stream.depth, delta);
        stream.at = pair.book.sequence();
        for (const Side side : kSides) {
            ClientSide& client = stream.client[side];
            const std::vector<LevelChange>& changes = changes_of(delta, side);
            const ClientSide want = truth(stream.at, side, stream.depth);
            expect_best_first(changes, side);
            expect_no_change_is_idle(client, side, changes, stream.depth, want);
            test::apply(client, side, changes, stream.depth);
            ASSERT_EQ(client, want) << "depth " << stream.depth;
        }
        stream.sent = now;
    }

    /// Taking any one change away leads elsewhere.
    static void expect_no_change_is_idle(const ClientSide& before, Side side, const std::vector<LevelChange>& changes,
                                         std::size_t depth, const ClientSide& want) {
        for (std::size_t left_out = 0; left_out < changes.size(); ++left_out) {
            std::vector<LevelChange> fewer = changes;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(left_out));
            ClientSide client = before;
            test::apply(client, side, fewer, depth);
            ASSERT_NE(client, want) << "the difference names a level that did not change";
        }
    }

    // Catching up: a client at any sequence of the source, on the source or on the edge.

    void ask(const Pair& pair, const std::vector<Stream>& streams, bool exact) {
        const Stream& stream = streams[static_cast<std::size_t>(random_.between(0, 4))];
        const auto newest = static_cast<std::int64_t>(source_.book.sequence().value());
        const Sequence since{static_cast<std::uint64_t>(random_.between(0, newest))};
        ASSERT_EQ(pair.book.remembers(since), pair.model.remembers(since.value()))
            << "since " << since.value() << " at " << pair.book.sequence().value();
        if (!pair.book.remembers(since) || since > stream.at) return;

        BookDelta delta = test_leftovers();
        pair.book.changes_since(since, stream.sent, stream.at, stream.depth, delta);
        for (const Side side : kSides) {
            const std::vector<LevelChange>& changes = changes_of(delta, side);
            ClientSide client = truth(since, side, stream.depth);
            expect_best_first(changes, side);
            test::apply(client, side, changes, stream.depth);
            ASSERT_EQ(client, truth(stream.at, side, stream.depth))
                << "from " << since.value() << " to " << stream.at.value() << ", depth " << stream.depth;
            if (exact) expect_few_repeats(changes, side, since, stream);
        }
    }

    /// Only what changed after `since`, what left meanwhile, and as many of the cut's last levels as prices are named
    /// as gone.
    void expect_few_repeats(const std::vector<LevelChange>& changes, Side side, Sequence since, const Stream& stream) {
        std::size_t gone = 0;
        std::map<std::int64_t, LevelChange> named;
        const ClientSide cut = truth(stream.at, side, stream.depth);
        for (const LevelChange& change : changes) {
            const std::int64_t rank = test::rank_of(side, change.price);
            named.emplace(rank, change);
            if (!change.quantity.is_zero()) continue;
            ++gone;
            ASSERT_TRUE(source_.model.departed(side, rank, since.value(), stream.at.value())) << "rank " << rank;
            const bool full = stream.depth != 0 && cut.size() == stream.depth;
            ASSERT_FALSE(full && rank > cut.rbegin()->first) << "the client cuts it off by itself";
        }
        std::size_t must_be_new = stream.depth == 0 ? cut.size() : cut.size() - std::min(gone, cut.size());
        for (auto level = cut.begin(); must_be_new > 0; ++level, --must_be_new) {
            const bool changed = truth_.at(stream.at.value()).at(side).at(level->first).changed > since.value();
            ASSERT_EQ(named.contains(level->first), changed) << "rank " << level->first;
        }
    }

    static void expect_best_first(const std::vector<LevelChange>& changes, Side side) {
        for (std::size_t i = 1; i < changes.size(); ++i) {
            ASSERT_LT(test::rank_of(side, changes[i - 1].price), test::rank_of(side, changes[i].price));
        }
    }

    /// What an output may hold from before: it is to be overwritten.
    static BookDelta test_leftovers() { return {.bids = {test::level(999, 9)}, .asks = {test::level(-999, 9)}}; }

    Random random_;
    std::int64_t prices_;
    Pair source_;
    Pair edge_;
    std::vector<Stream> source_streams_;
    std::vector<Stream> edge_streams_;
    std::map<std::uint64_t, MapBook> truth_;
};

void run_seeds(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Run{seed}.go();
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(OrderBookProperty, EverybodyIsBroughtToTheCutOnFixedSeeds) {
    run_seeds(0, 500);
}

TEST(OrderBookProperty, EverybodyIsBroughtToTheCutOnARandomSeed) {
    run_seeds(test::random_seed(), 200);
}

}  // namespace
}  // namespace tickgate::book
