#include "book/symbol_book.hpp"

#include <algorithm>
#include <cassert>

namespace tickgate::book {
namespace {

std::int64_t power_of_ten(int exponent) noexcept {
    std::int64_t power = 1;
    for (; exponent > 0; --exponent) power *= 10;
    return power;
}

bool starts_batch(const Event& event) noexcept {
    return event.kind == EventKind::Clear;
}

/// Whether `next` may belong to the unfinished batch that `first` began.
bool continues(const Event& first, const Event& next) noexcept {
    if (first.kind == EventKind::Touch) return next.kind == EventKind::Touch;
    return next.kind == EventKind::Level;
}

std::optional<LevelChange> as_change(const std::optional<Level>& level) {
    if (!level) return std::nullopt;
    return LevelChange{level->price, level->quantity};
}

}  // namespace

SymbolBook::SymbolBook(const Instrument& instrument, std::size_t log_capacity, std::size_t tape_capacity)
    : instrument_{&instrument},
      scales_{instrument.scales},
      book_{log_capacity},
      trades_{tape_capacity} {}

Applied SymbolBook::apply(std::span<const Event> run) {
    assert(!run.empty());
    const Event& first = run.front();
    if (first.kind == EventKind::Trade) {
        trades_.add({first.price, first.quantity, first.side, first.id, first.venue_time, first.receive_time});
        return {.kind = Applied::Kind::Trade};
    }
    if (!pending_.empty() && !continues(pending_.front(), first)) {
        pending_.clear();
        ++dropped_batches_;
    }
    switch (first.kind) {
        case EventKind::Clear:
        case EventKind::Level:
        case EventKind::Touch:
            return apply_when_complete(run);
        case EventKind::Status:
            return on_status(first);
        case EventKind::Scale:
            return apply_scale(first);
        default:
            return {};
    }
}

Applied SymbolBook::apply_when_complete(std::span<const Event> run) {
    const bool complete = run.back().is_last();
    if (!complete || !pending_.empty()) {
        pending_.insert(pending_.end(), run.begin(), run.end());
        if (!complete) return {};
        run = pending_;
    }
    const Applied applied = run.front().kind == EventKind::Touch ? apply_touch(run) : apply_batch(run);
    pending_.clear();
    return applied;
}

// What its feed says of a book whose checksum failed: that it resyncs may be believed, that all is well may not.
Applied SymbolBook::on_status(const Event& event) {
    if (event.state == SymbolState::Resyncing) failed_checksum_ = false;
    const bool well = event.state == SymbolState::Live || event.state == SymbolState::Stale;
    if (failed_checksum_ && well) {
        return apply_status(SymbolState::Resyncing, StateReason::Checksum, event.receive_time);
    }
    return apply_status(event.state, event.reason, event.receive_time);
}

Applied SymbolBook::apply_status(SymbolState state, StateReason reason, UnixNanos since) {
    if (state == SymbolState::Resyncing) {
        touch_check_.reset();
        lowest_covered_.reset();
        highest_covered_.reset();
    }
    if (state == status_.state && reason == status_.reason) return {};
    status_ = {state, reason, since, status_.changes + 1};
    return {.kind = Applied::Kind::Status};
}

Applied SymbolBook::apply_scale(const Event& event) {
    const Scales scales = event.scales();
    assert(scales.price >= scales_.price && scales.quantity >= scales_.quantity);
    const std::int64_t price_factor = power_of_ten(scales.price - scales_.price);
    const std::int64_t quantity_factor = power_of_ten(scales.quantity - scales_.quantity);
    scales_ = scales;
    const bool anybody_has_a_position = book_.sequence() > Sequence{} || trades_.last() > Sequence{};
    // The new epoch has a sequence of its own, so that whoever holds the old text is before the horizon.
    if (anybody_has_a_position) book_.begin(book_.sequence().next());
    if (!book_.rescale(price_factor, quantity_factor)) {
        // A feed raises them so only ahead of a snapshot that replaces a book not believed. Emptied, and not to be
        // believed until then.
        for (const Side side : {Side::Bid, Side::Ask}) {
            bids_.clear();
            book_.replace(side, bids_);
        }
        static_cast<void>(book_.rescale(price_factor, quantity_factor));
        apply_status(SymbolState::Resyncing, StateReason::BadMessage, event.receive_time);
    }
    trades_.rescale(price_factor, quantity_factor);
    touch_check_.reset();
    lowest_covered_.reset();
    highest_covered_.reset();
    if (anybody_has_a_position) ++epoch_;
    return {.kind = Applied::Kind::Rescaled, .new_epoch = anybody_has_a_position};
}

Applied SymbolBook::apply_batch(std::span<const Event> batch) {
    Applied applied{.kind = Applied::Kind::Batch, .snapshot = starts_batch(batch.front())};
    if (failed_checksum_ && !applied.snapshot) return {};
    book_.begin(book_.sequence().next());
    applied.changes = applied.snapshot ? apply_snapshot(batch) : apply_changes(batch);
    applied.changes += static_cast<std::uint32_t>(book_.truncate(max_depth_));
    const Event& last = batch.back();
    venue_id_ = last.id;
    venue_time_ = last.venue_time;
    receive_time_ = last.receive_time;
    if ((last.flags & Event::kChecksum) != 0 && instrument_->checksum != nullptr) {
        verify_checksum(last, applied);
        if (applied.checksum_failed) return applied;
    }
    if (failed_checksum_) trust_again(last.receive_time, applied);
    if (update_reason(applied.snapshot, last.receive_time)) applied.status_changed = true;
    // A snapshot says itself what the touch is; a ticker checks what increments made of it.
    if (has_tickers_ && !applied.snapshot && venue_id_.is_number()) {
        applied.touch_mismatches = static_cast<std::uint32_t>(touch_check_.on_batch(venue_id_.number(), touch()));
    }
    return applied;
}

void SymbolBook::verify_checksum(const Event& last, Applied& applied) {
    applied.checksum_ok = instrument_->checksum(book_, scales_) == last.id.number();
    applied.checksum_failed = !applied.checksum_ok;
    ++(applied.checksum_ok ? checksums_ok_ : checksums_failed_);
    if (applied.checksum_ok) return;
    failed_checksum_ = true;
    const Applied status = apply_status(SymbolState::Resyncing, StateReason::Checksum, last.receive_time);
    if (status.kind == Applied::Kind::Status) applied.status_changed = true;
}

void SymbolBook::trust_again(UnixNanos now, Applied& applied) {
    failed_checksum_ = false;
    if (status_.state != SymbolState::Resyncing) return;  // halted or closed by now
    apply_status(SymbolState::Live, StateReason::None, now);
    applied.status_changed = true;
}

void SymbolBook::sort_out(std::span<const Event> levels) {
    bids_.clear();
    asks_.clear();
    for (const Event& level : levels) {
        (level.side == Side::Bid ? bids_ : asks_).push_back({level.price, level.quantity});
    }
}

std::uint32_t SymbolBook::apply_changes(std::span<const Event> batch) {
    sort_out(batch);
    return static_cast<std::uint32_t>(book_.apply(Side::Bid, bids_) + book_.apply(Side::Ask, asks_));
}

std::uint32_t SymbolBook::apply_snapshot(std::span<const Event> batch) {
    // Tickers run ahead of a snapshot, so they stay, but for those of ids that start over (a recording's next pass).
    if (batch.back().id.number() < venue_id_.number()) touch_check_.reset();
    sort_out(batch.subspan(1));
    const std::size_t changes = book_.replace(Side::Bid, bids_) + book_.replace(Side::Ask, asks_);
    max_depth_ = static_cast<std::size_t>(batch.front().quantity.mantissa());
    const bool partial = (batch.front().flags & Event::kPartialSnapshot) != 0;
    lowest_covered_ = partial && !bids_.empty() ? std::optional{bids_.front().price} : std::nullopt;
    highest_covered_ = partial && !asks_.empty() ? std::optional{asks_.front().price} : std::nullopt;
    return static_cast<std::uint32_t>(changes);
}

Applied SymbolBook::apply_touch(std::span<const Event> ticker) {
    Touch touch;
    for (const Event& event : ticker) {
        // A venue's zero in a ticker means that this side is empty.
        if (event.quantity.is_zero()) continue;
        (event.side == Side::Bid ? touch.bid : touch.ask) = LevelChange{event.price, event.quantity};
    }
    has_tickers_ = true;
    const std::uint64_t mismatches = touch_check_.on_ticker(ticker.back().id.number(), touch);
    return {.touch_mismatches = static_cast<std::uint32_t>(mismatches)};
}

Touch SymbolBook::touch() const {
    return {as_change(book_.best(Side::Bid)), as_change(book_.best(Side::Ask))};
}

bool SymbolBook::update_reason(bool snapshot, UnixNanos now) {
    StateReason reason = status_.reason;
    if (snapshot && reason == StateReason::OutsideSnapshot) reason = StateReason::None;  // it has a range of its own
    if (outside_snapshot()) {
        lowest_covered_.reset();
        highest_covered_.reset();
        reason = StateReason::OutsideSnapshot;
    }
    if (reason == status_.reason) return false;
    status_ = {status_.state, reason, now, status_.changes + 1};
    return true;
}

bool SymbolBook::outside_snapshot() const {
    const std::optional<Level> bid = book_.best(Side::Bid);
    const std::optional<Level> ask = book_.best(Side::Ask);
    return (lowest_covered_ && bid && bid->price < *lowest_covered_) ||
           (highest_covered_ && ask && ask->price > *highest_covered_);
}

}  // namespace tickgate::book
