#include "gateway/symbol_table.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <span>
#include <tuple>

#include "gateway/ascii.hpp"
#include "gateway/edit_distance.hpp"

namespace tickgate::gateway {

namespace {

std::string_view without_venue(std::string_view symbol) {
    return symbol.substr(symbol.find(':') + 1);
}

/// Which characters a text has, folded to 64 bits. A replaced character takes one away and brings one.
std::uint64_t characters_of(std::string_view text) noexcept {
    std::uint64_t seen = 0;
    for (const char character : text) seen |= std::uint64_t{1} << (static_cast<unsigned char>(upper(character)) % 64U);
    return seen;
}

/// A lower bound of the edit distance that costs a few nanoseconds, so that most symbols are not compared at all.
std::size_t least_distance(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::size_t>(std::max(std::popcount(a & ~b), std::popcount(b & ~a)));
}

struct Candidate {
    std::size_t distance;
    std::string_view symbol;

    friend bool operator<(const Candidate& a, const Candidate& b) {
        return std::tie(a.distance, a.symbol) < std::tie(b.distance, b.symbol);
    }
};

}  // namespace

void SymbolTable::add(const book::Instrument& instrument) {
    if (knows(instrument.id)) return;
    const std::size_t index = index_of(instrument.id);
    if (entries_.size() <= index) entries_.resize(index + 1);
    entries_[index] = {&instrument, instrument.scales, book::SymbolState::Starting};
    add_alias(instrument);
    if (!by_name_.emplace(instrument.symbol, instrument.id).second) return;
    const auto place = std::ranges::upper_bound(by_symbol_, instrument.symbol, {},
                                                [this](book::InstrumentId id) { return symbol_of(id); });
    by_symbol_.insert(place, instrument.id);
}

void SymbolTable::add_alias(const book::Instrument& instrument) {
    const std::string_view symbol = instrument.symbol;
    const std::string_view venue = symbol.substr(0, symbol.find(':') + 1);
    aliases_.push_back(std::string{venue} + instrument.venue_symbol);
    if (!by_alias_.emplace(aliases_.back(), instrument.id).second) aliases_.pop_back();
}

void SymbolTable::set_status(book::InstrumentId id, const book::Status& status) noexcept {
    assert(knows(id));
    entries_[index_of(id)].status = status;
}

void SymbolTable::set_scales(book::InstrumentId id, book::Scales scales) noexcept {
    assert(knows(id));
    entries_[index_of(id)].scales = scales;
}

bool SymbolTable::knows(book::InstrumentId id) const noexcept {
    return index_of(id) < entries_.size() && entries_[index_of(id)].instrument != nullptr;
}

std::optional<book::InstrumentId> SymbolTable::find(std::string_view name) const noexcept {
    // A canonical symbol is never hidden by another instrument's alias.
    for (const Names* names : {&by_name_, &by_alias_}) {
        const auto found = names->find(name);
        if (found != names->end()) return found->second;
    }
    return std::nullopt;
}

std::vector<book::InstrumentId> SymbolTable::match(std::string_view pattern) const {
    std::vector<book::InstrumentId> found;
    std::ranges::copy_if(by_symbol_, std::back_inserter(found),
                         [&](book::InstrumentId id) { return matches_wildcard(symbol_of(id), pattern); });
    return found;
}

std::vector<std::string_view> SymbolTable::near(std::string_view name) const {
    if (name.size() > kMaxComparedText) return {};
    const bool has_venue = name.find(':') != std::string_view::npos;
    const std::uint64_t characters = characters_of(name);
    const std::size_t limit = plausible_distance(name.size());
    std::vector<Candidate> candidates;
    for (const book::InstrumentId id : by_symbol_) {
        const std::string_view compared = has_venue ? symbol_of(id) : without_venue(symbol_of(id));
        if (least_distance(characters, characters_of(compared)) > limit) continue;
        const auto distance = edit_distance(name, compared, limit);
        if (distance) candidates.push_back({*distance, symbol_of(id)});
    }
    const std::size_t wanted = std::min(candidates.size(), kMaxNearNames);
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(wanted), candidates.end());
    std::vector<std::string_view> names;
    for (const Candidate& candidate : std::span{candidates}.first(wanted)) names.push_back(candidate.symbol);
    return names;
}

std::size_t SymbolTable::HashIgnoringCase::operator()(std::string_view text) const noexcept {
    // FNV-1a: the names are short and there is no text in upper case to hand to std::hash without allocating.
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char character : text) {
        hash ^= static_cast<unsigned char>(upper(character));
        hash *= 1'099'511'628'211U;
    }
    return hash;
}

bool SymbolTable::EqualIgnoringCase::operator()(std::string_view a, std::string_view b) const noexcept {
    return std::ranges::equal(a, b, {}, upper, upper);
}

bool matches_wildcard(std::string_view text, std::string_view pattern) noexcept {
    std::size_t t = 0;
    std::size_t p = 0;
    std::optional<std::size_t> star;  // the last one met; what it stands for grows when the rest does not fit
    std::size_t rest = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            rest = t;
        } else if (p < pattern.size() && upper(pattern[p]) == upper(text[t])) {
            ++p;
            ++t;
        } else if (star) {
            p = *star + 1;
            t = ++rest;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace tickgate::gateway
