#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tickgate::load {

/// What a load run counts over all clients.
enum class Count : std::uint8_t {
    Snapshots,
    Deltas,
    Bbos,
    Trades,
    Resumed,
    ResumeExpired,
    EpochChanged,
    Busy,        ///< resumes answered by a snapshot because of too many positions
    PrevBreaks,  ///< messages that do not continue what the client holds
    CkVerified,  ///< checksums computed and found right
    CkFailures,
    Unreadable,  ///< not a message with a type
    Strays,      ///< data of a stream that was never granted
    Errors,      ///< requests refused for good
    Retries,     ///< requests refused for now
    Lags,
    Gaps,
    ConnectErrors,  ///< attempts that never became a session
    Closes,         ///< sessions that the server ended, all of them
    UnexpectedCloses,
    SlowCloses,  ///< of slow readers, as it must be
    TlsFull,     ///< TLS handshakes that resumed nothing
    TlsResumed,  ///< and those that did
};
inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::TlsResumed) + 1;

/// Its key in the report.
[[nodiscard]] std::string_view name_of(Count count) noexcept;

class Tally {
public:
    void add(Count count) noexcept { ++counts_[index_of(count)]; }
    [[nodiscard]] std::uint64_t operator[](Count count) const noexcept { return counts_[index_of(count)]; }
    /// What was counted since `earlier`, an older copy of this.
    [[nodiscard]] Tally since(const Tally& earlier) const noexcept;

private:
    [[nodiscard]] static std::size_t index_of(Count count) noexcept { return static_cast<std::size_t>(count); }

    std::array<std::uint64_t, kCounts> counts_{};
};

}  // namespace tickgate::load
