#pragma once

#include <simdjson.h>

#include <string_view>

#include "feeds/recording_format.hpp"

namespace tickgate::feeds {

/// A message per line, or `{"source":..,"raw":<message>}`. Receive time is the message's own `ts` or `E`, of itself or
/// of its `data`; a message without any (an acknowledgement) gets that of the message before.
class JsonlParser final : public RecordParser {
public:
    bool next(RecordingText& text, RawMessage& out) override;

private:
    [[nodiscard]] bool parse(std::string_view line, book::UnixNanos& time, std::string_view& payload);

    simdjson::ondemand::parser parser_;
};

}  // namespace tickgate::feeds
