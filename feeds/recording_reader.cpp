#include "feeds/recording_reader.hpp"

namespace tickgate::feeds {

RecordingReader::RecordingReader(const std::filesystem::path& path, RecordingFormat format)
    : text_{path},
      parser_{make_record_parser(format, text_)} {}

const RawMessage* RecordingReader::next() {
    if (parser_->next(text_, message_)) {
        found_none_ = false;
        return &message_;
    }
    const bool has_header = !parser_->venue().empty();
    if (found_none_ && !has_header) text_.fail("no line up to here is a message of this format");
    return nullptr;
}

MergedRecording::MergedRecording(std::span<const std::filesystem::path> files, RecordingFormat format) {
    inputs_.reserve(files.size());
    for (const auto& file : files) {
        const Input& input = inputs_.emplace_back(Input{RecordingReader{file, format}, nullptr});
        const std::string_view own = input.reader.venue();
        if (!own.empty() && own != venue()) {
            throw RecordingError{file, 1, 0, "the file is of another venue than those before it"};
        }
    }
    for (Input& input : inputs_) taken_.push_back(&input);
}

const RawMessage* MergedRecording::next() {
    refill_heads();
    Input* first = nullptr;
    for (Input& input : inputs_) {
        if (input.head == nullptr) continue;
        if (first == nullptr || input.head->receive_time < first->head->receive_time) first = &input;
    }
    if (first == nullptr) return nullptr;
    taken_.push_back(first);
    message_ = *first->head;
    message_.file = static_cast<std::uint32_t>(first - inputs_.data());
    return &message_;
}

void MergedRecording::refill_heads() {
    for (Input* input : taken_) input->head = input->reader.next();
    taken_.clear();
}

std::string_view MergedRecording::venue() const noexcept {
    for (const Input& input : inputs_) {
        if (!input.reader.venue().empty()) return input.reader.venue();
    }
    return {};
}

std::uint64_t MergedRecording::offset() const noexcept {
    std::uint64_t sum = 0;
    for (const Input& input : inputs_) sum += input.reader.offset();
    return sum;
}

}  // namespace tickgate::feeds
