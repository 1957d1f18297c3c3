#include "gateway/book_agent.hpp"

#include <algorithm>
#include <cassert>

#include "gateway/detail/book_agent_parts.hpp"

namespace tickgate::gateway {

using book::Applied;
using book::Event;
using book::EventKind;
using book::SymbolState;
using book::UnixNanos;

namespace {

constexpr std::size_t kEventsPerPop = 1'024;
constexpr int kBatchesPerTurn = 1'024;

std::vector<ShardQueue*> outputs_of(const std::vector<ShardPort>& ports) {
    std::vector<ShardQueue*> queues;
    for (const ShardPort& port : ports) queues.push_back(port.out);
    return queues;
}

/// A multiple of the period lies after `before`, up to and including `now`.
bool passed_multiple(UnixNanos before, UnixNanos now, std::chrono::milliseconds period) noexcept {
    const auto count = [period](UnixNanos time) {
        return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch() / period;
    };
    return before == book::kNoTime || count(now) != count(before);
}

}  // namespace

BookAgent::BookAgent(BookAgentOptions options, book::EventQueue& events, const std::vector<ShardPort>& shards)
    : options_{std::move(options)},
      events_in_{events},
      outputs_{outputs_of(shards)},
      joined_(shards.size()),
      events_(kEventsPerPop) {
    assert(!shards.empty() && shards.size() <= kMaxShards);
    for (const ShardPort& port : shards) commands_in_.push_back(port.in);
}

BookAgent::~BookAgent() = default;

int BookAgent::do_work(UnixNanos now) {
    now_ = now;
    if (!finish_due()) return 0;
    int work = take_commands();
    retry_all_ahead();
    work += answer_questions();
    work += take_events();
    return work;
}

bool BookAgent::has_work() const {
    return next_due_ < due_.size() || !asked_.empty() || next_event_ < event_count_ || !events_in_.empty() ||
           std::any_of(commands_in_.begin(), commands_in_.end(),
                       [](const CommandQueue* queue) { return queue->read_available() > 0; });
}

const book::SymbolBook* BookAgent::find(book::InstrumentId id) const noexcept {
    const std::size_t index = index_of(id);
    return index < symbols_.size() && symbols_[index] ? &symbols_[index]->book : nullptr;
}

// Events

int BookAgent::take_events() {
    int batches = 0;
    while (batches < kBatchesPerTurn && outputs_.has_room(kRecordsPerStep)) {
        if (next_event_ == event_count_) {
            next_event_ = 0;
            event_count_ = events_in_.pop(events_);
            if (event_count_ == 0) break;
        }
        const Event& event = events_[next_event_];
        const std::size_t length = run_length();
        next_event_ += length;
        ++batches;
        metrics_.events.add(length);
        switch (event.kind) {
            case EventKind::Tick:
                on_tick(event.feed(), event.receive_time);
                break;
            case EventKind::End:
                on_end(event.feed());
                break;
            case EventKind::Listed:
                on_listed(event.listed_instrument());
                break;
            default: {
                Symbol& of = *symbol(event.instrument);
                FeedClock& time = clock(of.book.instrument().feed);
                if (event.receive_time > time.time) time.time = event.receive_time;
                const bool was_open = of.is_open();
                const SymbolState state = of.book.status().state;
                on_applied(of, of.book.apply({&event, length}), was_open);
                if (of.book.status().state != state) count_state(of, state);
                metrics_.dropped_batches.add(of.book.dropped_batches() -
                                             std::exchange(of.dropped, of.book.dropped_batches()));
            }
        }
        if (!finish_due()) break;
    }
    return batches;
}

std::size_t BookAgent::run_length() const noexcept {
    const Event& first = events_[next_event_];
    if (first.kind != EventKind::Clear && first.kind != EventKind::Level && first.kind != EventKind::Touch) return 1;
    std::size_t end = next_event_ + 1;
    const auto goes_on = [&](const Event& next) {
        return next.instrument == first.instrument && next.kind != EventKind::Clear &&
               (next.kind == EventKind::Level || next.kind == EventKind::Touch);
    };
    while (end < event_count_ && !events_[end - 1].is_last() && goes_on(events_[end])) ++end;
    return end - next_event_;
}

void BookAgent::on_tick(book::FeedId feed, UnixNanos time) {
    FeedClock& feed_clock = clock(feed);
    const UnixNanos before = std::exchange(feed_clock.last_tick, time);
    feed_clock.time = std::max(feed_clock.time, time);
    for (std::size_t i = 0; i < kRatesMs.size(); ++i) {
        if (kRatesMs[i] == 0 || !passed_multiple(before, time, std::chrono::milliseconds{kRatesMs[i]})) continue;
        for (OwnedStream* stream : feed_clock.by_rate[i]) owe(*stream);
    }
}

void BookAgent::on_end(book::FeedId feed) {
    for (const std::unique_ptr<Symbol>& of : symbols_) {
        if (!of || of->book.instrument().feed != feed) continue;
        if (const std::uint64_t mismatches = of->book.finish_touch_check(); mismatches > 0) {
            report_mismatch(*of, mismatches);
        }
        owe_all(*of);
    }
}

void BookAgent::on_listed(const book::Instrument& instrument) {
    const std::size_t index = index_of(instrument.id);
    if (index >= symbols_.size()) symbols_.resize(index + 1);
    symbols_[index] = std::make_unique<Symbol>(instrument, options_);
    metrics_.symbols[SymbolState::Starting].add(1);
    ShardRecord record;
    record.kind = ShardRecord::Kind::Listed;
    record.listed = &instrument;
    outputs_.push(outputs_.all(), record);
}

void BookAgent::on_applied(Symbol& of, const Applied& applied, bool was_open) {
    if (applied.touch_mismatches > 0) report_mismatch(of, applied.touch_mismatches);
    switch (applied.kind) {
        case Applied::Kind::Nothing:
            break;
        case Applied::Kind::Status:
            on_status(of, was_open);
            break;
        case Applied::Kind::Trade:
            metrics_.trades.add();
            for (OwnedStream* stream : of.streams) {
                if (stream->stream->key().channel != Channel::Trades) continue;
                const std::uint64_t owed = of.book.trades().last().value() - stream->stream->at().value();
                if (stream->stream->key().rate_ms == 0 || owed >= of.book.trades().capacity() / 2) owe(*stream);
            }
            break;
        case Applied::Kind::Batch:
            metrics_.batches.add();
            metrics_.level_changes.add(applied.changes);
            if (applied.checksum_ok) metrics_.checksums_ok.add();
            if (applied.checksum_failed) {
                on_wrong_checksum(of, applied);
                break;
            }
            of.has_snapshot = of.has_snapshot || applied.snapshot;
            of.awaits_batch = false;
            if (!was_open && of.is_open()) {
                open(of);
            } else {
                for (OwnedStream* stream : of.raw_streams) owe(*stream);
            }
            if (applied.status_changed) broadcast_status(of);
            break;
        case Applied::Kind::Rescaled:
            of.refresh_wire(options_);
            for (OwnedStream* stream : of.streams) stream->afresh = stream->afresh || applied.new_epoch;
            owe_all(of);
            due_.push_back({nullptr, &of});  // scales and perhaps the state
            break;
    }
}

void BookAgent::on_status(Symbol& of, bool was_open) {
    const SymbolState state = of.book.status().state;
    if (state == SymbolState::Live || state == SymbolState::Stale) {
        broadcast_status(of);
        // After a resync only the venue's snapshot makes it true; after a pause the book was right all the time.
        of.awaits_batch = !was_open && !of.paused && !of.has_snapshot;
        of.paused = false;
        if (!was_open && !of.awaits_batch) open(of);
        return;
    }
    if (was_open) {
        for (OwnedStream* stream : of.streams) due_.push_back({stream, nullptr});
    }
    of.awaits_batch = false;
    // A pause keeps a book that was right; one that waited for its snapshot waits for it still.
    const bool was_right = was_open || of.paused || of.has_snapshot;
    of.paused = was_right && (state == SymbolState::Halted || state == SymbolState::Closed);
    of.has_snapshot = false;
    due_.push_back({nullptr, &of});
}

// What streams owe is not sent: the book they would take it from is wrong. They go on from where they are when the
// venue's next snapshot has made it true.
void BookAgent::on_wrong_checksum(Symbol& of, const Applied& applied) {
    metrics_.checksums_failed.add();
    checksum_log_.write(log::Level::Warning, now_, "checksum_failed",
                        {{"symbol", of.book.instrument().symbol}, {"checksum", of.book.venue_id().number()}});
    of.has_snapshot = false;
    of.paused = false;
    if (applied.status_changed) broadcast_status(of);
}

void BookAgent::open(Symbol& of) {
    owe_all(of);
    for (OwnedStream* stream : of.streams) list_as_asked(*stream);
}

// What is due

void BookAgent::owe(OwnedStream& stream) {
    if (!stream.flows()) return;
    if (stream.afresh || !stream.ahead.empty() || stream.stream->owes(stream.symbol->book)) {
        due_.push_back({&stream, nullptr});
    }
}

void BookAgent::owe_all(Symbol& of) {
    for (OwnedStream* stream : of.streams) owe(*stream);
}

bool BookAgent::finish_due() {
    for (; next_due_ < due_.size(); ++next_due_) {
        const DueItem item = due_[next_due_];
        const bool done = item.stream != nullptr ? publish(*item.stream) : outputs_.has_room(1);
        if (!done) {
            metrics_.stalls.add();
            return false;
        }
        if (item.stream == nullptr) broadcast_status(*item.symbol);
    }
    due_.clear();
    next_due_ = 0;
    return true;
}

bool BookAgent::publish(OwnedStream& owned) {
    Stream& stream = *owned.stream;
    const StreamSource source = owned.symbol->source();
    const UnixNanos sent = sent_time(*owned.symbol);
    const bool done =
        owned.afresh ? stream.publish_afresh(source, sent, outputs_) : stream.publish(source, sent, outputs_);
    if (!done) return false;
    owned.afresh = false;
    settle_counters(owned);
    if (!owned.ahead.empty()) retry_ahead(owned);
    return true;
}

// Helpers

BookAgent::Symbol* BookAgent::symbol(book::InstrumentId id) noexcept {
    const std::size_t index = index_of(id);
    return index < symbols_.size() ? symbols_[index].get() : nullptr;
}

BookAgent::FeedClock& BookAgent::clock(book::FeedId feed) {
    const std::size_t index = index_of(feed);
    while (clocks_.size() <= index) clocks_.push_back(std::make_unique<FeedClock>());
    return *clocks_[index];
}

void BookAgent::broadcast_status(const Symbol& of) {
    ShardRecord record;
    record.kind = ShardRecord::Kind::Status;
    record.instrument = of.book.instrument().id;
    record.status = of.book.status();
    record.scales = of.book.scales();
    outputs_.push(outputs_.all(), record);
}

/// A feed of another thread may have read what this turn takes after the turn began: nothing is sent before it came.
UnixNanos BookAgent::sent_time(const Symbol& of) {
    const book::FeedId feed = of.book.instrument().feed;
    const bool recorded = index_of(feed) < options_.recorded_feeds.size() && options_.recorded_feeds[index_of(feed)];
    const UnixNanos came = clock(feed).time;
    return recorded ? came : std::max(now_, came);
}

void BookAgent::report_mismatch(const Symbol& of, std::uint64_t mismatches) {
    metrics_.touch_mismatches.add(mismatches);
    touch_log_.write(log::Level::Warning, now_, "touch_mismatch",
                     {{"symbol", of.book.instrument().symbol},
                      {"mismatches", mismatches},
                      {"update_id", of.book.venue_id().number()}});
}

void BookAgent::settle_counters(OwnedStream& owned) noexcept {
    const std::uint64_t encoded = owned.stream->encoded();
    if (encoded == owned.counted) return;
    metrics_.messages_encoded[owned.stream->key().channel].add(encoded - owned.counted);
    owned.counted = encoded;
}

void BookAgent::count_state(const Symbol& of, SymbolState before) noexcept {
    metrics_.symbols[before].add(-1);
    metrics_.symbols[of.book.status().state].add(1);
}

}  // namespace tickgate::gateway
