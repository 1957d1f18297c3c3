// The half of BookAgent that answers: the shards' commands, those who wait at a position, and queries over HTTP.
#include <algorithm>

#include "book/checksum.hpp"
#include "gateway/detail/book_agent_parts.hpp"

namespace tickgate::gateway {

using namespace std::chrono_literals;
using book::UnixNanos;

namespace {

// Bytes of answers in a turn: catch-ups of slow clients must not hold up what is due for all others.
constexpr std::size_t kAnswerBytesPerTurn = std::size_t{2} << 20;
// An edge's book can be behind a position that another edge gave; longer than this it is not waited for.
constexpr auto kAheadPatience = 2s;

std::size_t rate_index(std::uint32_t rate_ms) noexcept {
    return static_cast<std::size_t>(std::find(kRatesMs.begin(), kRatesMs.end(), rate_ms) - kRatesMs.begin());
}

/// Bytes of the header that a frame of ours begins with.
std::uint8_t header_size_of(std::string_view frame) noexcept {
    const auto length = static_cast<unsigned char>(frame[1]);
    return length < 126 ? 2 : length == 126 ? 4 : 10;
}

}  // namespace

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
    std::erase(owned.symbol->raw_streams, &owned);
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

BookAgent::OwnedStream& BookAgent::stream_for(const StreamKey& key, Symbol& of) {
    const auto found = std::find_if(of.streams.begin(), of.streams.end(),
                                    [&](const OwnedStream* owned) { return owned->stream->key() == key; });
    if (found != of.streams.end()) return **found;
    const std::uint32_t sid = ++last_sid_;
    auto made = std::make_unique<OwnedStream>(make_stream(key, sid, commands_in_.size()), of);
    made->stream->start(of.source());
    metrics_.streams.add(1);
    of.streams.push_back(made.get());
    if (key.rate_ms == 0) of.raw_streams.push_back(made.get());
    clock(of.book.instrument().feed).by_rate[rate_index(key.rate_ms)].push_back(made.get());
    return *streams_.emplace(sid, std::move(made)).first->second;
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

}  // namespace tickgate::gateway
