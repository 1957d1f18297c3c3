#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/event_queue.hpp"
#include "feeds/event_outbox.hpp"
#include "feeds/feed.hpp"
#include "feeds/recording_reader.hpp"
#include "feeds/replay_clock.hpp"
#include "feeds/venue_session.hpp"

namespace tickgate::feeds {

struct ReplayOptions {
    std::vector<std::filesystem::path> files;  ///< of one session; merged by receive time
    RecordingFormat format = RecordingFormat::Auto;
    ReplaySpeed speed{};
    bool loop = false;  ///< starts over at the end, its times shifted so that they go on
};

/// Makes the session that decodes a recording. `declared_venue` is what the recording itself says, or empty.
/// Errors: throws when it has no session for that venue.
using SessionFactory = std::function<std::unique_ptr<VenueSession>(std::string_view declared_venue)>;

/// Plays a recording through its venue's session into the event queue. All times are the recording's: a Tick event
/// stands at every multiple of kTickStep of recorded time, before the messages at or after it. So the events and their
/// order depend neither on the speed nor on when it is turned. It waits for room in the queue and drops nothing.
class ReplayFeed final : public Feed {
public:
    /// The greatest step that is in every offered rate.
    static constexpr std::chrono::milliseconds kTickStep{50};
    /// Recorded time between the last message of a pass and the first of the next.
    static constexpr std::chrono::milliseconds kLoopPause{100};
    /// A longer one gets no ticks but those of the second in which it ends: nothing waits for them, and one damaged
    /// time must not cost years of ticks.
    static constexpr std::chrono::hours kLongestSilence{1};
    /// Recorded time after which a loop ends with an error: no clock reaches it, a damaged receive time does.
    static constexpr std::chrono::years kLongestLoop{60};

    /// Opens the files and looks ahead into them (kLookAhead bytes of text) for the symbols to list first; one that
    /// appears only later is listed when it comes. Errors: RecordingError, and what `make_session` throws.
    ReplayFeed(book::FeedId id, ReplayOptions options, const SessionFactory& make_session,
               book::EventQueue::Producer producer);

    /// Plays what is due, at most kStepsPerTurn messages and ticks; returns how many events went into the queue. The
    /// recording's first message is due at the first turn.
    int do_work(book::UnixNanos now) override;
    [[nodiscard]] std::optional<book::UnixNanos> next_due() const override;
    /// The symbols that the look ahead found are listed.
    [[nodiscard]] bool ready() const override { return started_; }

    /// Why the recording ended early: it is damaged, or looped for kLongestLoop. Everything before that place was
    /// played, and End has been sent.
    [[nodiscard]] const std::optional<std::string>& error() const noexcept { return error_; }
    [[nodiscard]] const VenueSession& session() const noexcept { return *session_; }
    /// How often the recording has started over.
    [[nodiscard]] std::uint64_t loops() const noexcept { return loops_; }

private:
    static constexpr std::uint64_t kLookAhead = 64 * 1024 * 1024;
    static constexpr int kStepsPerTurn = 256;

    /// What comes next: a tick, a message, or the end.
    struct Step {
        enum class Kind : std::uint8_t { Tick, Message, End };
        Kind kind;
        book::UnixNanos at;
    };

    void list_symbols_ahead();
    void start(book::UnixNanos now);
    [[nodiscard]] Step next_step() const noexcept;
    [[nodiscard]] book::UnixNanos due_at(const Step& step) const noexcept;
    void take(const Step& step);
    void play_message(book::UnixNanos at);
    void open_recording();
    void read_message();
    void start_over();
    void skip_ticks_of_long_silence();
    [[nodiscard]] bool may_start_over() const noexcept;

    book::FeedId id_;
    ReplayOptions options_;
    std::optional<MergedRecording> recording_;
    std::unique_ptr<VenueSession> session_;
    EventOutbox outbox_;
    ReplayClock clock_;

    const RawMessage* message_ = nullptr;  // to be played next, with its time as recorded; none at the end of a pass
    book::UnixNanos pass_first_ = book::kNoTime;  // as recorded
    book::UnixNanos pass_last_ = book::kNoTime;   // as recorded, the latest so far
    std::chrono::nanoseconds shift_{0};           // of this pass's times
    book::UnixNanos next_tick_ = book::kNoTime;   // shifted, as all events are
    std::uint64_t loops_ = 0;
    bool started_ = false;
    bool ended_ = false;
    std::optional<std::string> error_;
};

}  // namespace tickgate::feeds
