#include "tools/replay/playback.hpp"

#include <algorithm>

namespace tickgate::replay {

using book::Event;
using book::EventKind;

void Playback::run(const OnBatch& on_batch) {
    events_.play([&](std::span<const Event> run) { apply(run, on_batch); });
    for (const auto& book : books_) book->finish_touch_check();
}

void Playback::apply(std::span<const Event> events, const OnBatch& on_batch) {
    const Event& first = events.front();
    totals_.last = std::max(totals_.last, first.receive_time);
    if (first.kind == EventKind::Tick || first.kind == EventKind::End) return;
    totals_.first = std::min(totals_.first, first.receive_time);
    if (first.kind == EventKind::Listed) {
        books_.push_back(std::make_unique<book::SymbolBook>(first.listed_instrument()));
        return;
    }
    book::SymbolBook& book = *books_.at(book::index_of(first.instrument));
    const book::Applied applied = book.apply(events);
    count(applied);
    if (on_batch && applied.kind == book::Applied::Kind::Batch) on_batch(book, applied);
}

void Playback::count(const book::Applied& applied) {
    if (applied.kind == book::Applied::Kind::Trade) ++totals_.trades;
    if (applied.kind != book::Applied::Kind::Batch) return;
    ++totals_.batches;
    totals_.level_changes += applied.changes;
}

}  // namespace tickgate::replay
