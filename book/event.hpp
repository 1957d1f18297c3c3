#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "book/instrument.hpp"
#include "book/price.hpp"
#include "book/types.hpp"

namespace tickgate::book {

/// A venue's update id, trade id or checksum: an integer, or up to 16 bytes of text.
class VenueId {
public:
    constexpr VenueId() noexcept = default;
    explicit VenueId(std::uint64_t number) noexcept;
    explicit VenueId(std::string_view text) noexcept;  ///< cut to 16 bytes

    [[nodiscard]] bool empty() const noexcept { return kind_ == Kind::None; }
    [[nodiscard]] bool is_number() const noexcept { return kind_ == Kind::Number; }
    [[nodiscard]] std::uint64_t number() const noexcept;  ///< 0 unless is_number()

    static constexpr std::size_t kMaxText = 20;
    /// Writes the id as text, nothing when empty. `out` has room for kMaxText. Returns the end.
    char* write(char* out) const noexcept;

private:
    enum class Kind : std::uint8_t { None, Number, Text };

    std::array<char, 16> bytes_{};
    Kind kind_ = Kind::None;
    std::uint8_t size_ = 0;
};

enum class EventKind : std::uint8_t {
    Listed,  ///< `instrument` is known from now on; carries a pointer to it
    Scale,   ///< the symbol's scales rise (never during a batch): starts a new epoch once there was a batch
    Clear,   ///< starts a snapshot: what follows up to `last` is the whole book. `quantity`: the levels of each side to
             ///< which the venue keeps it up, so that what falls out behind them is gone unsaid; 0: all
    Level,   ///< absolute quantity at a price; zero removes it
    Trade,   ///< one trade, complete in itself
    Touch,   ///< the venue's own best bid or ask at update id `id`, only to check our book by; ask has `last`
    Status,  ///< the symbol's state changed
    Tick,    ///< the feed's time has come to `receive_time`; `instrument` holds the FeedId
    End,     ///< the feed has ended; nothing of it follows; `instrument` holds the FeedId
};

/// One normalised thing that happened, one cache line. The last event of a venue message that touches a book
/// carries kLast: a consumer applies a batch as a whole, or not at all.
struct alignas(64) Event {
    static constexpr std::uint8_t kLast = 1;             ///< ends a batch
    static constexpr std::uint8_t kPartialSnapshot = 2;  ///< on Clear: the venue cut the snapshot off at some depth
    static constexpr std::uint8_t kChecksum = 4;  ///< with kLast: `id` is the venue's checksum of the book after this

    EventKind kind = EventKind::Tick;
    Side side = Side::Bid;
    std::uint8_t flags = 0;
    SymbolState state = SymbolState::Starting;
    InstrumentId instrument{};
    Price price{0};
    Quantity quantity{0};
    VenueId id;
    StateReason reason = StateReason::None;
    UnixNanos venue_time = kNoTime;
    UnixNanos receive_time = kNoTime;

    [[nodiscard]] bool is_last() const noexcept { return (flags & kLast) != 0; }

    [[nodiscard]] static Event listed(const Instrument& instrument, UnixNanos receive_time) noexcept;
    [[nodiscard]] static Event scale(InstrumentId instrument, Scales scales, UnixNanos receive_time) noexcept;
    [[nodiscard]] static Event status(InstrumentId instrument, SymbolState state, StateReason reason,
                                      UnixNanos receive_time) noexcept;
    [[nodiscard]] static Event tick(FeedId feed, UnixNanos now) noexcept;
    [[nodiscard]] static Event end(FeedId feed, UnixNanos now) noexcept;

    [[nodiscard]] const Instrument& listed_instrument() const noexcept;  ///< of a Listed event
    [[nodiscard]] Scales scales() const noexcept;                        ///< of a Scale event
    [[nodiscard]] FeedId feed() const noexcept;                          ///< of a Tick or End event
};

static_assert(sizeof(Event) == 64, "an event is one cache line");
static_assert(std::is_trivially_copyable_v<Event>, "events cross threads as bytes");

}  // namespace tickgate::book
