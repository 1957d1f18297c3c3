#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "book/symbol_book.hpp"
#include "feeds/venue_session.hpp"
#include "tests/feeds/padded.hpp"

namespace tickgate::tests {

using Words = std::vector<std::string>;

/// An event in a few words; `.` ends a batch, `#` before the id says that it is a checksum.
inline std::string word(const book::Event& event) {
    using book::Event;
    using book::EventKind;
    std::array<char, book::VenueId::kMaxText> text;
    const bool checksum = (event.flags & Event::kChecksum) != 0;
    const std::string id = std::string{checksum ? "#" : "@"}.append(text.data(), event.id.write(text.data())) +
                           (event.is_last() ? "." : "");
    const std::string level = fmt::format("{} {}x{} {}", event.side == book::Side::Bid ? "bid" : "ask",
                                          event.price.mantissa(), event.quantity.mantissa(), id);
    switch (event.kind) {
        case EventKind::Listed:
            return fmt::format("listed {} {}/{}", event.listed_instrument().venue_symbol,
                               event.listed_instrument().scales.price, event.listed_instrument().scales.quantity);
        case EventKind::Scale:
            return fmt::format("scale {}/{}", event.scales().price, event.scales().quantity);
        case EventKind::Clear: {
            const std::string depth =
                event.quantity.is_zero() ? "" : fmt::format(" depth {}", event.quantity.mantissa());
            return fmt::format("clear{}{} {}", event.flags & Event::kPartialSnapshot ? " partial" : "", depth, id);
        }
        case EventKind::Level:
            return level;
        case EventKind::Trade:
            return "trade " + level;
        case EventKind::Touch:
            return "touch " + level;
        case EventKind::Status:
            if (event.state == book::SymbolState::Live) return "live";
            if (event.state == book::SymbolState::Stale) return "stale";
            if (event.reason == book::StateReason::Reconnect) return "resyncing reconnect";
            return event.reason == book::StateReason::Gap ? "resyncing gap" : "resyncing bad_message";
        default:
            return "other";
    }
}

/// A venue session that is told messages, a second apart, and answers in words. The test makes `session_`.
class SessionTest : public testing::Test {
protected:
    using RawMessage = feeds::RawMessage;

    Words say(std::string_view text, RawMessage::Kind kind = RawMessage::Kind::Frame, std::string_view url = {}) {
        return collect(text, kind, url, [this](const RawMessage& raw) { session_->on_message(raw, events_); });
    }
    Words answer(std::string_view text, std::string_view url) { return say(text, RawMessage::Kind::RestAnswer, url); }
    /// The same, out of one file of several.
    Words say_in(std::uint32_t file, std::string_view text, RawMessage::Kind kind = RawMessage::Kind::Frame) {
        return collect(text, kind, {}, [this, file](RawMessage raw) {
            raw.file = file;
            session_->on_message(raw, events_);
        });
    }
    Words look_ahead(std::string_view text, std::uint32_t file = 0) {
        return collect(text, RawMessage::Kind::Frame, {}, [this, file](RawMessage raw) {
            raw.file = file;
            session_->list_symbols(raw, events_);
        });
    }
    /// The time goes on without a message.
    Words wait(book::UnixNanos::duration time) {
        events_.clear();
        now_ += time;
        session_->on_time(now_, events_);
        return words();
    }
    template <typename Take>
    Words collect(std::string_view text, RawMessage::Kind kind, std::string_view url, Take take) {
        const Padded padded{text};
        events_.clear();
        now_ += std::chrono::seconds{1};
        take(RawMessage{kind, now_, url, padded.text()});
        return words();
    }
    [[nodiscard]] Words words() const {
        Words words;
        for (const book::Event& event : events_) words.push_back(word(event));
        return words;
    }
    [[nodiscard]] const feeds::VenueCounters& counters() const { return session_->counters(); }

    book::InstrumentRegistry registry_;
    std::unique_ptr<feeds::VenueSession> session_;
    std::vector<book::Event> events_;
    book::UnixNanos now_{};
};

/// The same with the book behind it, of one symbol.
class BookSessionTest : public SessionTest {
protected:
    /// Tells the session, and the book what it answers; returns what the book last said.
    book::Applied play(std::string_view text) {
        say(text);
        book::Applied applied;
        std::vector<book::Event> run;
        for (const book::Event& event : events_) {
            if (event.kind == book::EventKind::Listed) {
                book_ = std::make_unique<book::SymbolBook>(event.listed_instrument());
                continue;
            }
            run.push_back(event);
            const bool alone = event.kind == book::EventKind::Status || event.kind == book::EventKind::Scale;
            if (!alone && !event.is_last()) continue;
            applied = book_->apply(run);
            run.clear();
        }
        return applied;
    }

    std::unique_ptr<book::SymbolBook> book_;
};

}  // namespace tickgate::tests
