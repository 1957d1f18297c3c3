#include "feeds/synthetic_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tickgate::feeds {

using book::Event;
using book::UnixNanos;

namespace {

UnixNanos multiple_at_or_before(UnixNanos time, std::chrono::nanoseconds step) noexcept {
    return time - time.time_since_epoch() % step;
}

}  // namespace

SyntheticFeed::SyntheticFeed(book::FeedId id, const SyntheticOptions& options, book::InstrumentRegistry& registry,
                             book::EventQueue& queue)
    : id_{id},
      options_{options},
      queue_{&queue},
      outbox_{book::EventQueue::Producer{queue}} {
    instruments_.reserve(options.symbols);
    books_.reserve(options.symbols);
    RandomNumbers seeds{options.seed};
    for (std::uint32_t number = 0; number < options.symbols; ++number) {
        const std::string name = fmt::format("S{}", number);
        instruments_.push_back(&registry.add(id, "SYN:" + name, name, SyntheticBook::kScales));
        books_.emplace_back(instruments_.back()->id, seeds.next());
    }
}

int SyntheticFeed::do_work(UnixNanos now) {
    int done = outbox_.flush();
    if (!outbox_.empty()) return done;
    if (!ready_) return done + open_books(now);
    tick_clock(now);
    begin_tick(now);
    return done + write_updates(now);
}

std::optional<UnixNanos> SyntheticFeed::next_due() const {
    const bool busy = !ready_ || !outbox_.empty() || due_updates_ != 0;
    if (busy || !options_.rate) return book::kNoTime;
    return std::min(next_tick_, next_clock_);
}

int SyntheticFeed::open_books(UnixNanos now) {
    const std::size_t until = std::min(books_.size(), opened_ + kSnapshotsPerTurn);
    for (; opened_ < until; ++opened_) {
        const book::Instrument& instrument = *instruments_[opened_];
        auto& out = outbox_.events();
        out.push_back(Event::listed(instrument, now));
        books_[opened_].write_snapshot({.venue = now, .receive = now}, out);
        out.push_back(Event::status(instrument.id, book::SymbolState::Live, book::StateReason::None, now));
    }
    const int done = outbox_.flush();
    if (opened_ < books_.size() || !outbox_.empty()) return done;
    ready_ = true;
    next_tick_ = multiple_at_or_before(now, options_.tick) + options_.tick;
    next_clock_ = multiple_at_or_before(now, kClockStep) + kClockStep;
    return done;
}

void SyntheticFeed::tick_clock(UnixNanos now) {
    if (now < next_clock_) return;
    const UnixNanos clock = multiple_at_or_before(now, kClockStep);
    outbox_.events().push_back(Event::tick(id_, clock));
    next_clock_ = clock + kClockStep;
}

void SyntheticFeed::begin_tick(UnixNanos now) {
    if (due_updates_ != 0) return;
    if (!options_.rate) {
        if (!queue_->empty()) return;
        tick_ = now;
        due_updates_ = books_.size();
        return;
    }
    if (now < next_tick_) return;
    tick_ = multiple_at_or_before(now, options_.tick);
    dropped_ticks_ += static_cast<std::uint64_t>((tick_ - next_tick_) / options_.tick);
    next_tick_ = tick_ + options_.tick;
    credit_ += books_.size() * *options_.rate * static_cast<std::uint64_t>(options_.tick.count());
    due_updates_ = credit_ / 1'000;
    credit_ %= 1'000;
}

int SyntheticFeed::write_updates(UnixNanos now) {
    int done = 0;
    std::uint64_t room = kUpdatesPerTurn;
    do {
        while (due_updates_ != 0 && room != 0 && outbox_.events().size() < kEventsPerPush) {
            books_[next_book_].update(options_.levels, {.venue = tick_, .receive = now}, outbox_.events());
            next_book_ = next_book_ + 1 == books_.size() ? 0 : next_book_ + 1;
            --due_updates_;
            --room;
        }
        done += outbox_.flush();
    } while (outbox_.empty() && due_updates_ != 0 && room != 0);
    return done;
}

}  // namespace tickgate::feeds
