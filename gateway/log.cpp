#include "gateway/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tickgate::gateway::log {

namespace {

using Buffer = fmt::memory_buffer;

spdlog::level::level_enum spdlog_level(Level level) noexcept {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
        case Level::Off:
            break;
    }
    return spdlog::level::off;
}

std::unique_ptr<spdlog::formatter> line_formatter() {
    return std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
}

/// Standard error, or the sink that took its place. The logger's only sink, so that a change needs no new logger.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    LineSink() : base_sink{line_formatter()} { stderr_.set_formatter(line_formatter()); }

    void replace(Sink replacement) {
        const std::lock_guard lock{mutex_};
        sink_ = std::move(replacement);
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (!sink_) {
            stderr_.log(message);
            return;
        }
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        sink_(std::string_view{line.data(), line.size()}.substr(0, line.size() - 1));
    }
    void flush_() override { stderr_.flush(); }

    spdlog::sinks::stderr_sink_st stderr_;
    Sink sink_;
};

struct Logger {
    std::shared_ptr<LineSink> sink = std::make_shared<LineSink>();
    spdlog::logger lines{"tickgate", sink};
};

Logger& logger() {
    // Never destroyed: threads may still log while the process ends.
    static Logger& instance = *new Logger;
    return instance;
}

bool is_plain(char character) noexcept {
    return character > ' ' && character < '\x7F' && character != '"' && character != '=' && character != '\\';
}

void append_escaped(Buffer& line, char character) {
    switch (character) {
        case '"':
            line.append(std::string_view{"\\\""});
            return;
        case '\\':
            line.append(std::string_view{"\\\\"});
            return;
        case '\n':
            line.append(std::string_view{"\\n"});
            return;
        case '\r':
            line.append(std::string_view{"\\r"});
            return;
        case '\t':
            line.append(std::string_view{"\\t"});
            return;
        default:
            break;
    }
    if (character >= ' ' && character < '\x7F') {
        line.push_back(character);
    } else {
        fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(character));
    }
}

void append_text(Buffer& line, std::string_view text) {
    if (!text.empty() && std::ranges::all_of(text, is_plain)) {
        line.append(text);
        return;
    }
    line.push_back('"');
    for (const char character : text) append_escaped(line, character);
    line.push_back('"');
}

void append_field(Buffer& line, const Field& field) {
    line.push_back(' ');
    line.append(field.key());
    line.push_back('=');
    std::visit(
        [&line](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
                append_text(line, value);
            } else {
                fmt::format_to(std::back_inserter(line), "{}", value);
            }
        },
        field.value());
}

}  // namespace

void write(Level level, std::string_view event, std::span<const Field> fields) {
    if (!is_logged(level)) return;
    Buffer line;
    line.append(std::string_view{"event="});
    append_text(line, event);
    for (const Field& field : fields) append_field(line, field);
    logger().lines.log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
}

void set_level(Level level) noexcept {
    logger().lines.set_level(spdlog_level(level));
}

bool is_logged(Level level) noexcept {
    return level != Level::Off && logger().lines.should_log(spdlog_level(level));
}

void set_sink(Sink sink) {
    logger().sink->replace(std::move(sink));
}

bool Limited::admits(book::UnixNanos now) noexcept {
    using namespace std::chrono_literals;
    // A time before the second has started is a replay's new pass: it starts a second of its own.
    if (!second_ || now < *second_ || now - *second_ >= 1s) {
        second_ = now;
        lines_ = 0;
    }
    return lines_ < lines_per_second_;
}

void Limited::write(Level level, book::UnixNanos now, std::string_view event, std::initializer_list<Field> fields) {
    if (!is_logged(level)) return;
    if (!admits(now)) {
        ++suppressed_;
        return;
    }
    ++lines_;
    std::vector<Field> all{fields};
    if (suppressed_ > 0) all.emplace_back("suppressed", suppressed_);
    suppressed_ = 0;
    log::write(level, event, all);
}

}  // namespace tickgate::gateway::log
