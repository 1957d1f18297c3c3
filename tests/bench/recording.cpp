#include "tests/bench/recording.hpp"

#include "feeds/recording_reader.hpp"

namespace tickgate::bench {

Recording::Recording(const std::filesystem::path& path) {
    feeds::RecordingReader reader{path};
    while (const feeds::RawMessage* message = reader.next()) {
        text_ += message->payload;
        messages_.push_back({message->kind, message->receive_time, {}, message->payload});
    }
    bytes_ = text_.size();
    text_.append(feeds::kPayloadPadding, '\0');
    // Only now does the text stay where it is.
    const char* at = text_.data();
    for (feeds::RawMessage& message : messages_) {
        message.payload = {at, message.payload.size()};
        at += message.payload.size();
    }
}

}  // namespace tickgate::bench
