#include "gateway/deflated_cache.hpp"

#include <functional>

namespace tickgate::gateway {

std::string_view DeflatedCache::find(std::string_view text) const {
    const auto found = entries_.find(std::hash<std::string_view>{}(text));
    if (found == entries_.end() || found->second.text != text) return {};
    return found->second.deflated;
}

void DeflatedCache::add(std::string_view text, std::string_view deflated) {
    const std::size_t size = text.size() + deflated.size();
    if (bytes_ + size > kMostBytes) clear();
    if (size > kMostBytes) return;
    const auto [place, is_new] =
        entries_.try_emplace(std::hash<std::string_view>{}(text), Entry{std::string{text}, std::string{deflated}});
    if (is_new) bytes_ += size;  // else another text has this hash: it stays
}

void DeflatedCache::clear() noexcept {
    std::unordered_map<std::size_t, Entry>{}.swap(entries_);
    bytes_ = 0;
}

}  // namespace tickgate::gateway
