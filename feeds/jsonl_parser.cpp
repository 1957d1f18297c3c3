#include "feeds/jsonl_parser.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace tickgate::feeds {
namespace {

using book::UnixNanos;
using Object = simdjson::ondemand::object;

template <typename Duration>
std::optional<UnixNanos> plausible(Duration since_1970) noexcept {
    if (since_1970 > kLatestReceiveTime) return std::nullopt;
    return UnixNanos{since_1970};
}

/// A venue's time, whose unit its size tells: seconds, milli-, micro- or nanoseconds from 1973 on.
std::optional<UnixNanos> time_of_any_unit(std::int64_t count) noexcept {
    using namespace std::chrono;
    if (count <= 0) return std::nullopt;
    if (count < 100'000'000'000) return plausible(seconds{count});
    if (count < 100'000'000'000'000) return plausible(milliseconds{count});
    if (count < 100'000'000'000'000'000) return plausible(microseconds{count});
    return plausible(nanoseconds{count});
}

bool find_own_time(Object& message, UnixNanos& time) {
    for (const std::string_view key : {"ts", "E"}) {
        simdjson::ondemand::value value;
        if (message[key].get(value) != simdjson::SUCCESS) continue;
        std::int64_t count = 0;
        if (value.get_int64().get(count) != simdjson::SUCCESS &&
            value.get_int64_in_string().get(count) != simdjson::SUCCESS) {
            continue;
        }
        const auto found = time_of_any_unit(count);
        if (!found) continue;
        time = *found;
        return true;
    }
    return false;
}

/// Looks for `ts` (Bybit, OKX) or `E` (Binance) in a message, then in its `data`, of a list in the first entry.
void find_time(Object message, UnixNanos& time) {
    if (find_own_time(message, time)) return;
    simdjson::ondemand::value data;
    if (message["data"].get(data) != simdjson::SUCCESS) return;
    Object inner;
    simdjson::ondemand::array list;
    if (data.get_object().get(inner) == simdjson::SUCCESS) {
        find_own_time(inner, time);
    } else if (data.get_array().get(list) == simdjson::SUCCESS) {
        for (auto entry : list) {
            if (entry.get_object().get(inner) == simdjson::SUCCESS) find_own_time(inner, time);
            return;
        }
    }
}

}  // namespace

bool JsonlParser::next(RecordingText& text, RawMessage& out) {
    const auto line = text.next_filled_line();
    if (!line) return false;
    UnixNanos time = out.receive_time;
    std::string_view payload = *line;
    if (!parse(*line, time, payload)) text.fail("the line is not a JSON object");
    if (time == book::kNoTime) text.fail("the recording's first message carries no time");
    out = {RawMessage::Kind::Frame, time, {}, payload};
    return true;
}

bool JsonlParser::parse(std::string_view line, UnixNanos& time, std::string_view& payload) {
    simdjson::ondemand::document document;
    Object message;
    const simdjson::padded_string_view padded{line, line.size() + kPayloadPadding};
    if (parser_.iterate(padded).get(document) != simdjson::SUCCESS) return false;
    if (document.get_object().get(message) != simdjson::SUCCESS) return false;
    if (line.starts_with(R"({"source":)")) {
        Object raw;
        if (message["raw"].get_object().get(raw) != simdjson::SUCCESS) return false;
        if (raw.raw_json().get(payload) != simdjson::SUCCESS) return false;
        if (raw.reset().error() != simdjson::SUCCESS) return false;
        message = raw;
    }
    find_time(message, time);
    return true;
}

}  // namespace tickgate::feeds
