#include "feeds/json_cursor.hpp"

#include <algorithm>

namespace tickgate::feeds {

bool JsonCursor::read_raw(std::string_view& raw) noexcept {
    skip_space();
    const char* const begin = at_;
    int depth = 0;
    bool in_text = false;
    for (; at_ < end_; ++at_) {
        if (in_text) {
            if (*at_ == '\\') {
                ++at_;
            } else if (*at_ == '"') {
                in_text = false;
            }
            continue;
        }
        if (*at_ == '"') {
            in_text = true;
        } else if (*at_ == '[' || *at_ == '{') {
            ++depth;
        } else if (*at_ == ']' || *at_ == '}') {
            if (depth == 0) break;  // of what it stands in
            --depth;
        } else if (*at_ == ',' && depth == 0) {
            break;
        }
    }
    if (at_ > end_) at_ = end_;
    raw = {begin, at_};
    while (!raw.empty() && static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
    return !in_text && depth == 0 && !raw.empty();
}

std::string_view text_after(std::string_view key, std::string_view text) noexcept {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + key.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (!text.starts_with('"')) return {};
    text.remove_prefix(1);
    const std::size_t end = text.find('"');
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

}  // namespace tickgate::feeds
