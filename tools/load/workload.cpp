#include "tools/load/workload.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>
#include <utility>

namespace tickgate::load {

namespace {

constexpr std::uint32_t kClientsPerHand = 20;

std::string_view take_field(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

bool read_number(std::string_view text, std::optional<std::uint64_t>& out) {
    if (text.empty()) return true;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    out = value;
    return true;
}

std::vector<std::uint32_t> shuffled(std::size_t count, std::mt19937& random) {
    std::vector<std::uint32_t> cards(count);
    std::iota(cards.begin(), cards.end(), 0);
    std::shuffle(cards.begin(), cards.end(), random);
    return cards;
}

std::vector<std::uint32_t> deal(std::size_t symbols, std::size_t per_hand, std::size_t hands, std::uint32_t seed) {
    std::mt19937 random{seed};
    std::vector<std::uint32_t> dealt;
    std::vector<std::uint32_t> deck;
    for (std::size_t hand = 0; hand < hands; ++hand) {
        if (deck.size() < per_hand) deck = shuffled(symbols, random);
        dealt.insert(dealt.end(), deck.end() - static_cast<std::ptrdiff_t>(per_hand), deck.end());
        deck.resize(deck.size() - per_hand);
    }
    return dealt;
}

}  // namespace

std::optional<Wish> parse_wish(std::string_view text) {
    Wish wish;
    wish.channel = take_field(text);
    if (wish.channel != "book" && wish.channel != "bbo" && wish.channel != "trades") return std::nullopt;
    if (!read_number(take_field(text), wish.depth) || !read_number(take_field(text), wish.rate_ms)) return std::nullopt;
    if (!text.empty()) return std::nullopt;
    return wish;
}

Workload::Workload(std::vector<std::string> symbols, std::vector<Wish> wishes, std::uint32_t clients,
                   std::size_t per_client, std::uint32_t seed)
    : symbols_{std::move(symbols)},
      wishes_{std::move(wishes)},
      per_client_{per_client == 0 ? symbols_.size() : std::min(per_client, symbols_.size())} {
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) indices_.emplace(symbols_[i], i);
    const std::size_t hands = std::max<std::size_t>(1, clients / wishes_.size() / kClientsPerHand);
    hands_ = deal(symbols_.size(), per_client_, hands, seed);
}

const Wish& Workload::wish_of(std::uint32_t client) const noexcept {
    return wishes_[client % wishes_.size()];
}

std::span<const std::uint32_t> Workload::symbols_of(std::uint32_t client) const noexcept {
    const std::size_t hand = client / wishes_.size() % (hands_.size() / per_client_);
    return std::span{hands_}.subspan(hand * per_client_, per_client_);
}

std::uint32_t Workload::group_of(std::uint32_t client) const noexcept {
    const std::size_t hand = client / wishes_.size() % (hands_.size() / per_client_);
    return static_cast<std::uint32_t>(hand * wishes_.size() + client % wishes_.size());
}

std::optional<std::uint32_t> Workload::index_of(std::string_view symbol) const {
    const auto found = indices_.find(symbol);
    if (found == indices_.end()) return std::nullopt;
    return found->second;
}

}  // namespace tickgate::load
