#include "gateway/book_agent.hpp"

#include <algorithm>
#include <cassert>

#include "book/checksum.hpp"
#include "gateway/json_text.hpp"

namespace tickgate::gateway {

using namespace std::chrono_literals;
using book::Applied;
using book::Event;
using book::EventKind;
using book::SymbolState;
using book::UnixNanos;

namespace {

constexpr std::size_t kEventsPerPop = 1'024;
constexpr int kBatchesPerTurn = 1'024;
// One event makes at most a listing or a status beside what is published, and publishing asks for room itself.
constexpr std::size_t kRecordsPerStep = 8;
// Bytes of answers in a turn: catch-ups of slow clients must not hold up what is due for all others.
constexpr std::size_t kAnswerBytesPerTurn = std::size_t{2} << 20;
// An edge's book can be behind a position that another edge gave; longer than this it is not waited for.
constexpr auto kAheadPatience = 2s;

}  // namespace

/// Somebody waits at `since`; one question whoever asks it.
struct BookAgent::Question {
    Position since;
    ShardMask shards = 0;
    UnixNanos asked = book::kNoTime;
};

/// A stream with those who wait for it.
struct BookAgent::OwnedStream {
    OwnedStream(std::unique_ptr<Stream> made, Symbol& of) : stream{std::move(made)}, symbol{&of} {}

    /// Its symbol is in a state in which it may be sent; trades flow in every state.
    [[nodiscard]] bool flows() const noexcept;
    /// The newest position that there is of what it sends.
    [[nodiscard]] book::Sequence newest() const noexcept;

    std::unique_ptr<Stream> stream;
    Symbol* symbol;
    bool afresh = false;  // a new epoch has begun since the last message
    bool listed_as_asked = false;
    std::vector<Question> questions;
    std::vector<Question> ahead;  // from positions that the stream has not come to
    std::uint64_t counted = 0;    // of the stream's encoded()
};

struct BookAgent::Symbol {
    Symbol(const book::Instrument& instrument, const BookAgentOptions& options)
        : book{instrument, options.departures_kept, options.trades_kept},
          epoch{options.epoch} {
        append_json_string(quoted_name, instrument.symbol);
        refresh_wire(options);
    }

    void refresh_wire(const BookAgentOptions& options) {
        if (book.epoch() > 0) epoch = options.epoch + "." + std::to_string(book.epoch());
        wire = {std::string_view{quoted_name}.substr(1, quoted_name.size() - 2), epoch, book.scales()};
    }

    /// What its book says may be sent.
    [[nodiscard]] bool is_open() const noexcept {
        const SymbolState state = book.status().state;
        return !awaits_batch && (state == SymbolState::Live || state == SymbolState::Stale);
    }
    [[nodiscard]] StreamSource source() noexcept { return {book, wire, checksum}; }

    book::SymbolBook book;
    std::string quoted_name;
    std::string epoch;
    SymbolWire wire;
    TopTenChecksum checksum;
    std::uint64_t dropped = 0;  // of the book's dropped_batches(): counted already
    bool paused = false;        // halted or closed: its book is still what it says
    bool has_snapshot = false;  // since it was last not to be believed
    bool awaits_batch = false;  // `live` was announced; the batch that makes it true is still to come
    std::vector<OwnedStream*> streams;
};

bool BookAgent::OwnedStream::flows() const noexcept {
    return stream->key().channel == Channel::Trades || symbol->is_open();
}

book::Sequence BookAgent::OwnedStream::newest() const noexcept {
    return stream->key().channel == Channel::Trades ? symbol->book.trades().last() : symbol->book.book().sequence();
}

/// A feed's time, and the streams that become due by it.
struct BookAgent::FeedClock {
    UnixNanos time = book::kNoTime;
    UnixNanos last_tick = book::kNoTime;
    std::array<std::vector<OwnedStream*>, kRatesMs.size()> by_rate;
};

/// A stream to be published, or (without one) a symbol's status to be told after what stands before it.
struct BookAgent::DueItem {
    OwnedStream* stream = nullptr;
    Symbol* symbol = nullptr;
};

namespace {

std::vector<ShardQueue*> outputs_of(const std::vector<ShardPort>& ports) {
    std::vector<ShardQueue*> queues;
    for (const ShardPort& port : ports) queues.push_back(port.out);
    return queues;
}

std::size_t rate_index(std::uint32_t rate_ms) noexcept {
    return static_cast<std::size_t>(std::find(kRatesMs.begin(), kRatesMs.end(), rate_ms) - kRatesMs.begin());
}

/// Bytes of the header that a frame of ours begins with.
std::uint8_t header_size_of(std::string_view frame) noexcept {
    const auto length = static_cast<unsigned char>(frame[1]);
    return length < 126 ? 2 : length == 126 ? 4 : 10;
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
            of.has_snapshot = of.has_snapshot || applied.snapshot;
            if (of.awaits_batch) {
                of.awaits_batch = false;
                open(of);
            } else {
                for (OwnedStream* stream : of.streams) {
                    if (stream->stream->key().rate_ms == 0) owe(*stream);
                }
            }
            if (applied.reason_changed) broadcast_status(of);
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

// Commands

int BookAgent::take_commands() {
    int taken = 0;
    for (std::size_t shard = 0; shard < commands_in_.size(); ++shard) {
        Command command;
        while (outputs_.has_room(kRecordsPerStep) && commands_in_[shard]->pop(command)) {
            carry_out(command, shard);
            ++taken;
        }
    }
    return taken;
}

void BookAgent::carry_out(const Command& command, std::size_t shard) {
    switch (command.kind) {
        case Command::Kind::Join:
            join(command, shard);
            break;
        case Command::Kind::Leave:
            leave(command.sid, shard);
            break;
        case Command::Kind::CatchUp:
            ask_by_sid(command.sid, command.since, shard);
            break;
        case Command::Kind::OpDone:
            finish_op(command, shard);
            break;
        case Command::Kind::BookQuery:
            query_book(command, shard);
            break;
        case Command::Kind::TradesQuery:
            query_trades(command, shard);
            break;
    }
}

void BookAgent::join(const Command& command, std::size_t shard) {
    OwnedStream& owned = stream_for(command.key, *symbol(command.key.instrument));
    ShardRecord record;
    record.kind = ShardRecord::Kind::Joined;
    record.session = command.session;
    record.subscription = command.subscription;
    record.sid = owned.stream->sid();
    if (command.resumes) {
        record.refusal = check_resume(command, owned);
        // Trades that are gone are announced by a gap, so their position counts even when it has expired.
        const bool tells_gap = record.refusal == ResumeRefusal::Expired && command.key.channel == Channel::Trades &&
                               command.since.sequence() <= owned.newest();
        if (record.refusal == ResumeRefusal::None || tells_gap) record.since = command.since;
    }
    owned.stream->add_member(shard);
    outputs_.push(ShardMask{1} << shard, record);
    joined_[shard].push_back({record.sid, record.since});
}

void BookAgent::finish_op(const Command& command, std::size_t shard) {
    ShardRecord record;
    record.kind = ShardRecord::Kind::OpDone;
    record.session = command.session;
    outputs_.push(ShardMask{1} << shard, record);
    // Only now, so that no answer comes before the ack.
    for (const auto& [sid, since] : joined_[shard]) ask_by_sid(sid, since, shard);
    joined_[shard].clear();
}

void BookAgent::ask_by_sid(std::uint32_t sid, Position since, std::size_t shard) {
    const auto found = streams_.find(sid);
    if (found != streams_.end()) ask(*found->second, since, ShardMask{1} << shard);
}

ResumeRefusal BookAgent::check_resume(const Command& command, OwnedStream& owned) {
    if (!command.own_position && command.epoch.text() != owned.symbol->epoch) return ResumeRefusal::EpochChanged;
    // A book that is waited for in vain is replaced by its snapshot. Nothing replaces trades and no gap leads back, so
    // those that have not come here are not waited for.
    const bool is_trades = command.key.channel == Channel::Trades;
    if (is_trades && command.since.sequence() > owned.newest()) return ResumeRefusal::Expired;
    const bool is_book = command.key.channel == Channel::Book;
    if (is_book && !is_at_least_as_deep(command.held_depth, command.key.depth)) return ResumeRefusal::DepthChanged;
    if (is_book && !owned.symbol->is_open()) {
        const bool known = owned.symbol->book.book().remembers(command.since.sequence());
        return known ? ResumeRefusal::None : ResumeRefusal::Expired;
    }
    const StreamAnswer answer = owned.stream->answer(command.since, owned.symbol->source(), sent_time(*owned.symbol));
    settle_counters(owned);
    switch (answer.kind) {
        case StreamAnswer::Kind::Frame:
            return answer.prev == command.since ? ResumeRefusal::None : ResumeRefusal::Expired;
        case StreamAnswer::Kind::InStep:
        case StreamAnswer::Kind::Ahead:
            return ResumeRefusal::None;
        case StreamAnswer::Kind::Nothing:
            return ResumeRefusal::Expired;
        case StreamAnswer::Kind::Busy:
            metrics_.busy_snapshots.add();
            return ResumeRefusal::Busy;
    }
    return ResumeRefusal::Expired;
}

void BookAgent::leave(std::uint32_t sid, std::size_t shard) {
    const auto found = streams_.find(sid);
    if (found == streams_.end()) return;
    OwnedStream& owned = *found->second;
    owned.stream->remove_member(shard);
    if (owned.stream->has_members()) return;
    std::erase(asked_, &owned);
    std::erase(waiting_ahead_, &owned);
    std::erase(owned.symbol->streams, &owned);
    FeedClock& feed_clock = clock(owned.symbol->book.instrument().feed);
    std::erase(feed_clock.by_rate[rate_index(owned.stream->key().rate_ms)], &owned);
    streams_.erase(found);
    metrics_.streams.add(-1);
}

void BookAgent::ask(OwnedStream& owned, Position since, ShardMask shards) {
    const auto same = std::find_if(owned.questions.begin(), owned.questions.end(),
                                   [since](const Question& question) { return question.since == since; });
    if (same != owned.questions.end()) {
        same->shards |= shards;
    } else {
        owned.questions.push_back({since, shards, now_});
    }
    list_as_asked(owned);
}

void BookAgent::list_as_asked(OwnedStream& owned) {
    if (owned.listed_as_asked || owned.questions.empty() || !owned.flows()) return;
    owned.listed_as_asked = true;
    asked_.push_back(&owned);
}

int BookAgent::answer_questions() {
    const std::uint64_t bytes_before = outputs_.bytes_pushed();
    std::size_t done = 0;
    while (done < asked_.size() && outputs_.bytes_pushed() - bytes_before < kAnswerBytesPerTurn) {
        if (!answer(*asked_[done])) break;
        ++done;
    }
    asked_.erase(asked_.begin(), asked_.begin() + static_cast<std::ptrdiff_t>(done));
    return static_cast<int>(done);
}

bool BookAgent::answer(OwnedStream& owned) {
    // An answer may turn into a question from nothing, at the end: the loop comes to it. Questions about a symbol that
    // is not live wait until it is.
    while (!owned.questions.empty() && owned.flows()) {
        if (!outputs_.has_room(kRecordsPerStep)) return false;
        const Question question = owned.questions.front();
        owned.questions.erase(owned.questions.begin());
        if (!answer(owned, question)) {
            owned.questions.insert(owned.questions.begin(), question);
            return false;
        }
    }
    owned.listed_as_asked = false;
    return true;
}

bool BookAgent::answer(OwnedStream& owned, const Question& question) {
    Stream& stream = *owned.stream;
    const StreamAnswer answer = stream.answer(question.since, owned.symbol->source(), sent_time(*owned.symbol));
    settle_counters(owned);
    ShardRecord record;
    record.kind = ShardRecord::Kind::Answer;
    record.sid = stream.sid();
    record.since = question.since;
    record.prev = answer.prev;
    record.seq = Position{stream.at()};
    switch (answer.kind) {
        case StreamAnswer::Kind::Frame:
            record.header_size = header_size_of(*answer.frame);
            if (!outputs_.copy(question.shards, record, *answer.frame)) return false;
            if (!question.since.is_nothing()) metrics_.catch_ups.add();
            return true;
        case StreamAnswer::Kind::InStep:
            outputs_.push(question.shards, record);
            return true;
        case StreamAnswer::Kind::Ahead:
            if (waits_in_vain(owned, question)) break;
            if (owned.ahead.empty()) waiting_ahead_.push_back(&owned);
            owned.ahead.push_back(question);
            return true;
        case StreamAnswer::Kind::Busy:
            metrics_.busy_snapshots.add();
            break;
        case StreamAnswer::Kind::Nothing:
            break;
    }
    answer_afresh(owned, question);
    return true;
}

void BookAgent::answer_afresh(OwnedStream& owned, const Question& question) {
    ShardRecord record;
    record.kind = ShardRecord::Kind::Forget;
    record.sid = owned.stream->sid();
    record.since = question.since;
    outputs_.push(question.shards, record);
    ask(owned, Position{}, question.shards);
}

bool BookAgent::waits_in_vain(const OwnedStream& owned, const Question& question) const {
    if (question.since.sequence() > owned.newest()) return now_ - question.asked >= kAheadPatience;
    // The book has reached it: the stream passes it when it is due, however seldom that is, unless it has nothing to
    // send.
    return !owned.stream->owes(owned.symbol->book);
}

void BookAgent::retry_ahead(OwnedStream& owned) {
    std::erase_if(owned.ahead, [&](const Question& question) {
        if (question.since.sequence() <= owned.stream->at()) {
            ask(owned, question.since, question.shards);
            return true;
        }
        if (!waits_in_vain(owned, question) || !outputs_.has_room(kRecordsPerStep)) return false;
        answer_afresh(owned, question);
        return true;
    });
}

void BookAgent::retry_all_ahead() {
    std::erase_if(waiting_ahead_, [&](OwnedStream* owned) {
        if (owned->flows()) retry_ahead(*owned);
        return owned->ahead.empty();
    });
}

// Queries over HTTP

void BookAgent::query_book(const Command& command, std::size_t shard) {
    Symbol* const of = symbol(command.key.instrument);
    if (of == nullptr || !of->is_open()) return send_http(command, shard, {}, 0);
    book::Cut cut;
    of->book.book().copy_cut(command.key.depth, cut);
    const bool whole_ten = command.key.depth == 0 || command.key.depth >= book::kChecksumDepth;
    const std::uint32_t checksum =
        whole_ten ? of->checksum.of(of->book) : book::wire_checksum(cut.bids, cut.asks, of->wire.scales);
    const MessageTimes times{of->book.venue_time(), of->book.receive_time(), sent_time(*of)};
    const book::Sequence seq = of->book.book().sequence();
    const std::size_t etag = start_http(*of, seq, max_snapshot_size(of->wire, cut.bids.size() + cut.asks.size()));
    const char* const end =
        write_snapshot(scratch_.data() + etag, of->wire, kNoSid, seq, command.key.depth, cut, checksum, times);
    send_http(command, shard, {scratch_.data(), static_cast<std::size_t>(end - scratch_.data())}, etag);
}

void BookAgent::query_trades(const Command& command, std::size_t shard) {
    Symbol* const of = symbol(command.key.instrument);
    if (of == nullptr) return send_http(command, shard, {}, 0);
    const book::TradeTape& tape = of->book.trades();
    const std::size_t etag = start_http(*of, tape.last(), max_trades_size(of->wire, tape.size()));
    const book::Sequence prev{tape.first().value() - 1};
    const char* const end =
        write_trades(scratch_.data() + etag, of->wire, kNoSid, prev, tape.last(), tape, sent_time(*of));
    send_http(command, shard, {scratch_.data(), static_cast<std::size_t>(end - scratch_.data())}, etag);
}

std::size_t BookAgent::start_http(const Symbol& of, book::Sequence seq, std::size_t max_body) {
    scratch_ = of.epoch + "/" + std::to_string(seq.value());
    const std::size_t etag = scratch_.size();
    scratch_.resize(etag + max_body);
    return etag;
}

void BookAgent::send_http(const Command& command, std::size_t shard, std::string_view etag_and_body, std::size_t etag) {
    ShardRecord record;
    record.kind = ShardRecord::Kind::HttpAnswer;
    record.session = command.session;
    record.header_size = static_cast<std::uint8_t>(etag);
    const ShardMask to = ShardMask{1} << shard;
    if (!etag_and_body.empty() && outputs_.copy(to, record, etag_and_body)) return;
    // Without room for it the asker gets the answer of a symbol that is not ready, and may ask again.
    record.header_size = 0;
    outputs_.push(to, record);
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

BookAgent::OwnedStream& BookAgent::stream_for(const StreamKey& key, Symbol& of) {
    const auto found = std::find_if(of.streams.begin(), of.streams.end(),
                                    [&](const OwnedStream* owned) { return owned->stream->key() == key; });
    if (found != of.streams.end()) return **found;
    const std::uint32_t sid = ++last_sid_;
    auto made = std::make_unique<OwnedStream>(make_stream(key, sid, commands_in_.size()), of);
    made->stream->start(of.source());
    metrics_.streams.add(1);
    of.streams.push_back(made.get());
    clock(of.book.instrument().feed).by_rate[rate_index(key.rate_ms)].push_back(made.get());
    return *streams_.emplace(sid, std::move(made)).first->second;
}

void BookAgent::broadcast_status(const Symbol& of) {
    ShardRecord record;
    record.kind = ShardRecord::Kind::Status;
    record.instrument = of.book.instrument().id;
    record.status = of.book.status();
    record.scales = of.book.scales();
    outputs_.push(outputs_.all(), record);
}

UnixNanos BookAgent::sent_time(const Symbol& of) {
    const book::FeedId feed = of.book.instrument().feed;
    const bool recorded = index_of(feed) < options_.recorded_feeds.size() && options_.recorded_feeds[index_of(feed)];
    return recorded ? clock(feed).time : now_;
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
