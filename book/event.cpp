#include "book/event.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace tickgate::book {

VenueId::VenueId(std::uint64_t number) noexcept : kind_{Kind::Number}, size_{sizeof number} {
    std::memcpy(bytes_.data(), &number, sizeof number);
}

VenueId::VenueId(std::string_view text) noexcept
    : kind_{Kind::Text},
      size_{static_cast<std::uint8_t>(std::min(text.size(), bytes_.size()))} {
    text.copy(bytes_.data(), size_);
}

std::uint64_t VenueId::number() const noexcept {
    if (kind_ != Kind::Number) return 0;
    std::uint64_t number = 0;
    std::memcpy(&number, bytes_.data(), sizeof number);
    return number;
}

char* VenueId::write(char* out) const noexcept {
    if (kind_ == Kind::Number) return std::to_chars(out, out + kMaxText, number()).ptr;
    std::memcpy(out, bytes_.data(), size_);
    return out + size_;
}

Event Event::listed(const Instrument& instrument, UnixNanos receive_time) noexcept {
    Event event;
    event.kind = EventKind::Listed;
    event.instrument = instrument.id;
    event.id = VenueId{std::uint64_t{std::bit_cast<std::uintptr_t>(&instrument)}};
    event.receive_time = receive_time;
    return event;
}

Event Event::scale(InstrumentId instrument, Scales scales, UnixNanos receive_time) noexcept {
    Event event;
    event.kind = EventKind::Scale;
    event.instrument = instrument;
    event.price = Price{scales.price};
    event.quantity = Quantity{scales.quantity};
    event.receive_time = receive_time;
    return event;
}

Event Event::status(InstrumentId instrument, SymbolState state, StateReason reason, UnixNanos receive_time) noexcept {
    Event event;
    event.kind = EventKind::Status;
    event.instrument = instrument;
    event.state = state;
    event.reason = reason;
    event.receive_time = receive_time;
    return event;
}

Event Event::tick(FeedId feed, UnixNanos now) noexcept {
    Event event;
    event.kind = EventKind::Tick;
    event.instrument = InstrumentId{static_cast<std::uint32_t>(feed)};
    event.receive_time = now;
    return event;
}

Event Event::end(FeedId feed, UnixNanos now) noexcept {
    Event event = tick(feed, now);
    event.kind = EventKind::End;
    return event;
}

const Instrument& Event::listed_instrument() const noexcept {
    return *std::bit_cast<const Instrument*>(static_cast<std::uintptr_t>(id.number()));
}

Scales Event::scales() const noexcept {
    return {static_cast<std::uint8_t>(price.mantissa()), static_cast<std::uint8_t>(quantity.mantissa())};
}

FeedId Event::feed() const noexcept {
    return FeedId{static_cast<std::uint32_t>(instrument)};
}

}  // namespace tickgate::book
