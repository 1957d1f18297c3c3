#include "gateway/stream.hpp"

#include <algorithm>

#include "book/checksum.hpp"

namespace tickgate::gateway {
namespace {

using book::Cut;
using book::Sequence;
using book::SymbolBook;
using book::UnixNanos;

/// Appends one text frame to `out`: `encode(char*)` writes at most `max_payload` bytes and returns the end.
template <typename Encode>
void append_encoded(std::string& out, std::size_t max_payload, Encode&& encode) {
    constexpr std::size_t kMaxHeader = 10;
    const std::size_t start = out.size();
    out.resize(start + kMaxHeader + max_payload);
    char* const payload = out.data() + start + kMaxHeader;
    const auto size = static_cast<std::size_t>(encode(payload) - payload);
    const FrameHeader header{Opcode::Text, size};
    header.bytes().copy(out.data() + start, header.bytes().size());
    std::memmove(out.data() + start + header.bytes().size(), payload, size);
    out.resize(start + header.bytes().size() + size);
    out.shrink_to_fit();
}

MessageTimes newest_times(const SymbolBook& book, UnixNanos sent) {
    return {.venue = book.venue_time(), .receive = book.receive_time(), .sent = sent};
}

/// The part of a book and a bbo stream that is the same: the cut sent last.
class CutStream : public Stream {
public:
    using Stream::Stream;

    void start(const StreamSource& source) override {
        source.book.book().copy_cut(depth(), sent_);
        settle(source);
    }

    [[nodiscard]] bool owes(const SymbolBook& book) const noexcept override {
        return book.book().sequence() != looked_at_;
    }

protected:
    [[nodiscard]] virtual std::size_t depth() const noexcept = 0;

    /// The symbol's present cut differs from the one sent last; then it is in now_ and the difference in delta_.
    [[nodiscard]] bool changed(const StreamSource& source) {
        source.book.book().copy_cut(depth(), now_);
        book::difference(sent_, now_, depth(), delta_);
        return !delta_.empty();
    }
    /// now_ has been sent.
    void adopt(const StreamSource& source) {
        std::swap(sent_, now_);
        settle(source);
    }
    void look(const SymbolBook& book) noexcept { looked_at_ = book.book().sequence(); }
    [[nodiscard]] const Cut& sent() const noexcept { return sent_; }
    [[nodiscard]] Cut& now() noexcept { return now_; }
    [[nodiscard]] book::BookDelta& delta() noexcept { return delta_; }
    [[nodiscard]] MessageTimes times(UnixNanos sent) const noexcept { return {venue_time_, receive_time_, sent}; }

private:
    void settle(const StreamSource& source) {
        venue_time_ = source.book.venue_time();
        receive_time_ = source.book.receive_time();
        look(source.book);
        move_to(source.book.book().sequence());
    }

    Cut sent_;
    Cut now_;  // scratch, swapped with sent_
    book::BookDelta delta_;
    Sequence looked_at_;
    // Of sent_.
    UnixNanos venue_time_ = book::kNoTime;
    UnixNanos receive_time_ = book::kNoTime;
};

class BookStream final : public CutStream {
public:
    using CutStream::CutStream;

    void start(const StreamSource& source) override {
        CutStream::start(source);
        checksum_ = checksum_of(sent(), source);
    }

    [[nodiscard]] bool publish(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        if (!changed(source)) {
            look(source.book);
            return true;
        }
        const Sequence seq = source.book.book().sequence();
        const std::size_t max_size = max_delta_size(delta().bids.size() + delta().asks.size());
        const std::uint32_t ck = checksum_of(now(), source);
        return send(source, ck, max_size, out, [&](char* frame) {
            return write_delta(frame, source.wire.scales, sid(), at(), seq, delta(), ck,
                               newest_times(source.book, sent));
        });
    }

    [[nodiscard]] bool publish_afresh(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        source.book.book().copy_cut(depth(), now());
        const Sequence seq = source.book.book().sequence();
        const std::size_t max_size = max_snapshot_size(source.wire, now().bids.size() + now().asks.size());
        const std::uint32_t ck = checksum_of(now(), source);
        return send(source, ck, max_size, out, [&](char* frame) {
            return write_snapshot(frame, source.wire, sid(), seq, key().depth, now(), ck,
                                  newest_times(source.book, sent));
        });
    }

protected:
    [[nodiscard]] std::size_t depth() const noexcept override { return key().depth; }

    StreamAnswer encode_answer(Position since, const StreamSource& source, UnixNanos sent_at,
                               std::string& out) override {
        const Cut& cut = sent();
        if (since.is_nothing()) {
            append_encoded(out, max_snapshot_size(source.wire, cut.bids.size() + cut.asks.size()), [&](char* frame) {
                return write_snapshot(frame, source.wire, sid(), at(), key().depth, cut, checksum_, times(sent_at));
            });
            return {.kind = StreamAnswer::Kind::Frame};
        }
        if (!source.book.book().remembers(since.sequence())) return {.kind = StreamAnswer::Kind::Nothing};
        source.book.book().changes_since(since.sequence(), cut, at(), key().depth, delta());
        append_encoded(out, max_delta_size(delta().bids.size() + delta().asks.size()), [&](char* frame) {
            return write_delta(frame, source.wire.scales, sid(), since.sequence(), at(), delta(), checksum_,
                               times(sent_at));
        });
        return {.kind = StreamAnswer::Kind::Frame, .prev = since};
    }

private:
    [[nodiscard]] std::uint32_t checksum_of(const Cut& cut, const StreamSource& source) const noexcept {
        if (depth() == 0 || depth() >= book::kChecksumDepth) return source.top_ten_checksum.of(source.book);
        return book::wire_checksum(cut.bids, cut.asks, source.wire.scales);
    }

    template <typename Encode>
    [[nodiscard]] bool send(const StreamSource& source, std::uint32_t checksum, std::size_t max_size, ShardOutputs& out,
                            Encode&& encode) {
        const ShardRecord record = due_record(Position{source.book.book().sequence()});
        if (!out.publish(shards(), record, max_size, encode)) return false;
        count_encoded();
        checksum_ = checksum;
        adopt(source);
        return true;
    }

    std::uint32_t checksum_ = 0;  // of sent()
};

class BboStream final : public CutStream {
public:
    using CutStream::CutStream;

    [[nodiscard]] bool publish(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        if (!changed(source)) {
            look(source.book);
            return true;
        }
        return publish_now(source, sent, out);
    }

    [[nodiscard]] bool publish_afresh(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        source.book.book().copy_cut(depth(), now());
        return publish_now(source, sent, out);
    }

protected:
    [[nodiscard]] std::size_t depth() const noexcept override { return 1; }

    StreamAnswer encode_answer(Position since, const StreamSource& source, UnixNanos sent_at,
                               std::string& out) override {
        append_encoded(out, max_bbo_size(source.wire),
                       [&](char* frame) { return write_bbo(frame, source.wire, sid(), at(), sent(), times(sent_at)); });
        // The state leads on from anywhere.
        return {.kind = StreamAnswer::Kind::Frame, .prev = since};
    }

private:
    [[nodiscard]] bool publish_now(const StreamSource& source, UnixNanos sent, ShardOutputs& out) {
        const ShardRecord record = due_record(Position{source.book.book().sequence()});
        if (!out.publish(shards(), record, max_bbo_size(source.wire), [&](char* frame) {
                return write_bbo(frame, source.wire, sid(), source.book.book().sequence(), now(),
                                 newest_times(source.book, sent));
            })) {
            return false;
        }
        count_encoded();
        adopt(source);
        return true;
    }
};

class TradesStream final : public Stream {
public:
    using Stream::Stream;

    void start(const StreamSource& source) override { move_to(source.book.trades().last()); }

    [[nodiscard]] bool owes(const SymbolBook& book) const noexcept override { return book.trades().last() > at(); }

    [[nodiscard]] bool publish(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        const book::TradeTape& tape = source.book.trades();
        if (tape.last() == at()) return true;
        const ShardRecord record = due_record(Position{tape.last()});
        const std::size_t count = tape.last().value() - at().value();
        if (!out.publish(shards(), record, max_trades_size(source.wire, count), [&](char* frame) {
                return write_trades(frame, source.wire, sid(), at(), tape.last(), tape, sent);
            })) {
            return false;
        }
        count_encoded();
        move_to(tape.last());
        return true;
    }

    /// A new epoch does not break the chain of trades, but what was encoded for askers names the old one.
    [[nodiscard]] bool publish_afresh(const StreamSource& source, UnixNanos sent, ShardOutputs& out) override {
        if (!publish(source, sent, out)) return false;
        move_to(at());
        return true;
    }

protected:
    StreamAnswer encode_answer(Position since, const StreamSource& source, UnixNanos sent, std::string& out) override {
        const book::TradeTape& tape = source.book.trades();
        const Sequence before_first{tape.first().value() - 1};
        const std::uint64_t newest = at().value();
        const Sequence wanted =
            since.is_nothing() ? Sequence{newest - std::min<std::uint64_t>(newest, kFirstTrades)} : since.sequence();
        const Sequence prev = std::min(std::max(wanted, before_first), at());
        if (prev == at() && (since.is_nothing() || prev == wanted)) return {.kind = StreamAnswer::Kind::InStep};
        append_encoded(out, max_trades_size(source.wire, newest - prev.value()),
                       [&](char* frame) { return write_trades(frame, source.wire, sid(), prev, at(), tape, sent); });
        return {.kind = StreamAnswer::Kind::Frame, .prev = since.is_nothing() ? since : Position{prev}};
    }
};

}  // namespace

std::uint32_t TopTenChecksum::of(const SymbolBook& book) noexcept {
    const Position now{book.book().sequence()};
    if (computed_at_ != now) {
        value_ = book::wire_checksum(book.book().side(book::Side::Bid).levels(),
                                     book.book().side(book::Side::Ask).levels(), book.scales());
        computed_at_ = now;
    }
    return value_;
}

Stream::Stream(StreamKey key, std::uint32_t sid, std::size_t shards) : key_{key}, sid_{sid}, members_(shards) {}

bool Stream::has_members() const noexcept {
    return std::any_of(members_.begin(), members_.end(), [](std::uint32_t count) { return count > 0; });
}

ShardMask Stream::shards() const noexcept {
    ShardMask mask = 0;
    for (std::size_t shard = 0; shard < members_.size(); ++shard) {
        if (members_[shard] > 0) mask |= ShardMask{1} << shard;
    }
    return mask;
}

StreamAnswer Stream::answer(Position since, const StreamSource& source, UnixNanos sent) {
    if (!since.is_nothing()) {
        if (since.sequence() > at_) return {.kind = StreamAnswer::Kind::Ahead};
        if (since.sequence() == at_) return {.kind = StreamAnswer::Kind::InStep};
    }
    const auto found =
        std::find_if(cached_.begin(), cached_.end(), [since](const auto& cached) { return cached->since == since; });
    if (found != cached_.end()) return (*found)->answer;
    const auto positions = static_cast<std::size_t>(
        std::count_if(cached_.begin(), cached_.end(), [](const auto& cached) { return !cached->since.is_nothing(); }));
    if (!since.is_nothing() && positions == kMaxPositions) {
        // A book's snapshot stands in for what was missed; nothing stands in for trades.
        if (key_.channel != Channel::Trades) return {.kind = StreamAnswer::Kind::Busy};
        cached_.erase(cached_.begin());
    }

    auto cached = std::make_unique<Cached>();
    cached->since = since;
    cached->answer = encode_answer(since, source, sent, cached->frame);
    if (cached->answer.kind != StreamAnswer::Kind::Frame) return cached->answer;
    cached->answer.frame = &cached->frame;
    ++encoded_;
    return cached_.emplace_back(std::move(cached))->answer;
}

void Stream::move_to(Sequence at) noexcept {
    at_ = at;
    cached_.clear();
}

ShardRecord Stream::due_record(Position seq) const noexcept {
    ShardRecord record;
    record.kind = ShardRecord::Kind::Due;
    record.sid = sid_;
    record.prev = Position{at_};
    record.seq = seq;
    return record;
}

std::unique_ptr<Stream> make_stream(StreamKey key, std::uint32_t sid, std::size_t shards) {
    switch (key.channel) {
        case Channel::Book:
            return std::make_unique<BookStream>(key, sid, shards);
        case Channel::Bbo:
            return std::make_unique<BboStream>(key, sid, shards);
        case Channel::Trades:
            return std::make_unique<TradesStream>(key, sid, shards);
    }
    return nullptr;
}

}  // namespace tickgate::gateway
