#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "book/types.hpp"

/// Structured log lines, one event each, to standard error:
///     2026-01-02T03:04:05.678901Z info event=listening address=127.0.0.1:8080
/// Text that has other than plain characters is quoted and escaped, so that no client can forge a line or a field.
/// Thread: any.
namespace tickgate::gateway::log {

enum class Level : std::uint8_t { Debug, Info, Warning, Error, Off };

/// One `key=value`. Views only: lives as long as the call that logs it. Keys are ours, not quoted.
class Field {
public:
    template <typename Text>
    requires std::convertible_to<Text, std::string_view> Field(std::string_view key, const Text& value)
        : key_{key},
          value_{std::string_view{value}} {}
    Field(std::string_view key, bool value) : key_{key}, value_{value} {}
    template <std::signed_integral Integer>
    Field(std::string_view key, Integer value) : key_{key},
                                                 value_{std::int64_t{value}} {}
    template <std::unsigned_integral Integer>
    requires(!std::same_as<Integer, bool>) Field(std::string_view key, Integer value)
        : key_{key},
          value_{std::uint64_t{value}} {}

    using Value = std::variant<std::string_view, bool, std::int64_t, std::uint64_t>;
    [[nodiscard]] std::string_view key() const noexcept { return key_; }
    [[nodiscard]] const Value& value() const noexcept { return value_; }

private:
    std::string_view key_;
    Value value_;
};

void write(Level level, std::string_view event, std::span<const Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::Debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::Info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::Warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::Error, event, fields);
}

/// Lines below this level are dropped; Info at start. Off drops all.
void set_level(Level level) noexcept;
[[nodiscard]] bool is_logged(Level level) noexcept;

/// Takes whole lines instead of standard error, without the line's end, one at a time.
using Sink = std::function<void(std::string_view line)>;

/// Sends lines to `sink`; an empty one means standard error again.
void set_sink(Sink sink);

/// Lets at most so many lines a second through for one place in the code that outsiders can make talk, and says with
/// the next one how many it held back. Thread: one.
class Limited {
public:
    explicit Limited(std::uint32_t lines_per_second) : lines_per_second_{lines_per_second} {}

    /// `now`: the caller's clock, which may be recorded time. `suppressed=N` is added after lines were held back.
    void write(Level level, book::UnixNanos now, std::string_view event, std::initializer_list<Field> fields);

    [[nodiscard]] std::uint64_t suppressed() const noexcept { return suppressed_; }

private:
    [[nodiscard]] bool admits(book::UnixNanos now) noexcept;

    std::uint32_t lines_per_second_;
    std::uint32_t lines_ = 0;  // in this second
    std::optional<book::UnixNanos> second_;
    std::uint64_t suppressed_ = 0;
};

}  // namespace tickgate::gateway::log
