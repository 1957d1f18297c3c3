#include "feeds/replay_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tickgate::feeds {

using book::Event;
using book::UnixNanos;

namespace {

static_assert(UnixNanos::max() - UnixNanos{kLatestReceiveTime} - ReplayFeed::kLongestLoop > std::chrono::years{1},
              "no sum of times overflows, nor with what is added to them further on");

UnixNanos tick_at_or_before(UnixNanos time) noexcept {
    return time - time.time_since_epoch() % std::chrono::nanoseconds{ReplayFeed::kTickStep};
}

}  // namespace

ReplayFeed::ReplayFeed(book::FeedId id, ReplayOptions options, const SessionFactory& make_session,
                       book::EventQueue::Producer producer)
    : id_{id},
      options_{std::move(options)},
      outbox_{std::move(producer)},
      clock_{options_.speed} {
    open_recording();
    session_ = make_session(recording_->venue());
    list_symbols_ahead();
    open_recording();
    read_message();
}

int ReplayFeed::do_work(UnixNanos now) {
    int done = outbox_.flush();
    if (!outbox_.empty()) return done;
    if (!started_) start(now);
    for (int steps = 0; steps < kStepsPerTurn && !ended_; ++steps) {
        const Step step = next_step();
        if (due_at(step) > now) break;
        take(step);
        done += outbox_.flush();
        if (!outbox_.empty()) break;
    }
    return done;
}

std::optional<UnixNanos> ReplayFeed::next_due() const {
    if (!outbox_.empty() || !started_) return book::kNoTime;
    if (ended_) return std::nullopt;
    return due_at(next_step());
}

void ReplayFeed::list_symbols_ahead() {
    try {
        while (recording_->offset() < kLookAhead) {
            const RawMessage* message = recording_->next();
            if (message == nullptr) return;
            session_->list_symbols(*message, outbox_.events());
        }
    } catch (const RecordingError&) {
        // Playing it comes to the same place, and reports it then.
    }
}

void ReplayFeed::start(UnixNanos now) {
    started_ = true;
    if (message_ == nullptr) return;
    next_tick_ = tick_at_or_before(message_->receive_time) + kTickStep;
    clock_.start(message_->receive_time, now);
}

ReplayFeed::Step ReplayFeed::next_step() const noexcept {
    if (message_ == nullptr) return {Step::Kind::End, pass_last_ + shift_};
    const UnixNanos at = message_->receive_time + shift_;
    if (next_tick_ <= at) return {Step::Kind::Tick, next_tick_};
    return {Step::Kind::Message, at};
}

UnixNanos ReplayFeed::due_at(const Step& step) const noexcept {
    return step.kind == Step::Kind::End ? book::kNoTime : clock_.due_at(step.at);
}

void ReplayFeed::take(const Step& step) {
    switch (step.kind) {
        case Step::Kind::Tick:
            if (step.at.time_since_epoch() % VenueSession::kTimeStep == std::chrono::seconds{0}) {
                session_->on_time(step.at, outbox_.events());
            }
            outbox_.events().push_back(Event::tick(id_, step.at));
            next_tick_ += kTickStep;
            return;
        case Step::Kind::Message:
            play_message(step.at);
            read_message();
            if (message_ == nullptr && may_start_over()) start_over();
            skip_ticks_of_long_silence();
            return;
        case Step::Kind::End:
            outbox_.events().push_back(Event::end(id_, step.at));
            ended_ = true;
            return;
    }
}

void ReplayFeed::play_message(UnixNanos at) {
    RawMessage shifted = *message_;
    shifted.receive_time = at;
    session_->on_message(shifted, outbox_.events());
    if (shift_.count() == 0) return;
    for (Event& event : outbox_.events()) {
        if (event.venue_time != book::kNoTime) event.venue_time += shift_;
    }
}

void ReplayFeed::skip_ticks_of_long_silence() {
    if (message_ == nullptr) return;
    const UnixNanos at = message_->receive_time + shift_;
    // On a whole second, so that the session is asked who is stale.
    if (at - next_tick_ > kLongestSilence) next_tick_ = std::chrono::floor<std::chrono::seconds>(at);
}

void ReplayFeed::open_recording() {
    recording_.emplace(options_.files, options_.format);
}

void ReplayFeed::read_message() {
    try {
        message_ = recording_->next();
    } catch (const RecordingError& error) {
        message_ = nullptr;
        error_ = error.what();
    }
    if (message_ == nullptr) return;
    if (pass_first_ == book::kNoTime) pass_first_ = message_->receive_time;
    pass_last_ = std::max(pass_last_, message_->receive_time);
}

bool ReplayFeed::may_start_over() const noexcept {
    return options_.loop && !error_;
}

void ReplayFeed::start_over() {
    const std::chrono::nanoseconds pass = pass_last_ - pass_first_ + kLoopPause;
    if (pass > kLongestLoop - shift_) {
        error_ = fmt::format("the recording cannot start over: its times would go on for more than {} years",
                             kLongestLoop.count());
        return;
    }
    shift_ += pass;
    ++loops_;
    session_->restart();
    try {
        open_recording();
    } catch (const RecordingError& error) {
        error_ = error.what();
        return;
    }
    read_message();
}

}  // namespace tickgate::feeds
