#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "book/event.hpp"
#include "book/symbol_book.hpp"
#include "feeds/venue_session.hpp"

/// What all venues' targets do with their input: it is taken line by line through a session into books. A line is a
/// message, `#` a new connection, `~` an hour without a message, `!` the start of the stream anew. Whatever the bytes
/// are, and whatever stands behind them, the same events come: whole batches of listed symbols, which books can take.
namespace tickgate::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// One session with the books behind it.
class Venue {
public:
    template <typename Make>
    Venue(char padding, Make make) : padding_{padding},
                                     session_{make(registry_)} {}

    /// The events that follow from a line, once the books have taken them.
    const std::vector<book::Event>& take(std::string_view line) {
        events_.clear();
        now_ += std::chrono::milliseconds{10};
        // Memory that ends behind its padding, so that a sanitizer sees every step beyond.
        std::vector<char> bytes(line.begin(), line.end());
        bytes.resize(line.size() + feeds::kPayloadPadding, padding_);
        bytes.shrink_to_fit();
        feeds::RawMessage raw{feeds::RawMessage::Kind::Frame, now_, {}, {bytes.data(), line.size()}};
        if (line == "#") {
            raw.kind = feeds::RawMessage::Kind::Connected;
            raw.payload = {};
        }
        if (line == "~") {
            now_ += std::chrono::hours{1};
            session_->on_time(now_, events_);
        } else if (line == "!") {
            session_->restart();
        } else {
            session_->on_message(raw, events_);
        }
        apply();
        return events_;
    }

    [[nodiscard]] const feeds::VenueCounters& counters() const { return session_->counters(); }

private:
    void apply() {
        std::vector<book::Event> run;
        for (const book::Event& event : events_) {
            using enum book::EventKind;
            if (event.kind == Listed) {
                require(run.empty() && index_of(event.instrument) == books_.size());
                books_.emplace_back(event.listed_instrument(), 64, 16);
                continue;
            }
            require(index_of(event.instrument) < books_.size());
            require(run.empty() || run.front().instrument == event.instrument);
            const bool alone = event.kind == Status || event.kind == Scale;
            require(run.empty() || !alone);
            require(event.quantity.mantissa() >= 0);
            run.push_back(event);
            if (!alone && !event.is_last()) continue;
            books_[index_of(event.instrument)].apply(run);
            run.clear();
        }
        require(run.empty());  // whole batches only
    }

    char padding_;
    book::InstrumentRegistry registry_;
    std::unique_ptr<feeds::VenueSession> session_;
    std::deque<book::SymbolBook> books_;
    std::vector<book::Event> events_;
    book::UnixNanos now_{std::chrono::seconds{1'600'000'000}};
};

inline bool same(const book::Event& a, const book::Event& b) {
    if (a.kind != b.kind || a.instrument != b.instrument || a.flags != b.flags) return false;
    if (a.kind == book::EventKind::Listed) {
        return a.listed_instrument().venue_symbol == b.listed_instrument().venue_symbol &&
               a.listed_instrument().scales == b.listed_instrument().scales;
    }
    return a.side == b.side && a.price == b.price && a.quantity == b.quantity && a.id.number() == b.id.number() &&
           a.venue_time == b.venue_time && a.receive_time == b.receive_time && a.state == b.state &&
           a.reason == b.reason;
}

/// `make(registry)` makes a session.
template <typename Make>
int take_input(const std::uint8_t* data, std::size_t size, Make make) {
    Venue one{'\0', make};
    Venue other{'"', make};
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto& events = one.take(line);
        const auto& again = other.take(line);
        require(std::equal(events.begin(), events.end(), again.begin(), again.end(), same));
    }
    require(one.counters().decode_errors == other.counters().decode_errors);
    return 0;
}

}  // namespace tickgate::fuzz
