#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "book/event.hpp"
#include "book/instrument.hpp"
#include "feeds/symbols.hpp"

namespace tickgate::feeds {

/// Lists the symbols of one venue session, those that are wanted.
class SymbolListing {
public:
    /// `registry` outlives this. `wanted`: SessionOptions::symbols. `checksum`: the venue's rule, if it has one.
    SymbolListing(book::FeedId feed, book::InstrumentRegistry& registry, const SymbolStyle& style,
                  std::vector<std::string> wanted, book::VenueChecksum checksum = nullptr);

    /// Lists it and appends Event::listed; nullptr when it is not wanted.
    const book::Instrument* list(std::string_view name, book::Scales scales, book::UnixNanos receive_time,
                                 std::vector<book::Event>& out);

private:
    [[nodiscard]] bool wants(std::string_view name, std::string_view canonical) const;

    book::FeedId feed_;
    book::InstrumentRegistry* registry_;
    SymbolStyle style_;
    std::vector<std::string> wanted_;
    book::VenueChecksum checksum_;
};

/// What a venue session keeps for each of its symbols (`Symbol`), by the venue's own name.
template <typename Symbol>
class SymbolSessions {
public:
    explicit SymbolSessions(SymbolListing listing) : listing_{std::move(listing)} {}

    /// nullptr when it is not known, or not wanted.
    [[nodiscard]] Symbol* find(std::string_view name) noexcept {
        if (const auto* const known = look_up(name)) return known->second.get();
        return nullptr;
    }

    /// The same; one that is not known yet is listed, at the scales that `scales()` gives, and made by
    /// `make(const book::Instrument&)`, which returns a unique_ptr.
    template <typename Scales, typename Make>
    Symbol* find_or_list(std::string_view name, book::UnixNanos receive_time, Scales scales, Make make,
                         std::vector<book::Event>& out) {
        if (const auto* const known = look_up(name)) return known->second.get();
        const book::Instrument* const instrument = listing_.list(name, scales(), receive_time, out);
        auto symbol = instrument == nullptr ? nullptr : make(*instrument);
        return symbols_.emplace(name, std::move(symbol)).first->second.get();
    }

    template <typename Visit>
    void for_each(Visit visit) {
        for (auto& [name, symbol] : symbols_) {
            if (symbol) visit(*symbol);
        }
    }

private:
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
    };
    // A symbol that is not wanted is known as well, as a nullptr.
    using Symbols = std::unordered_map<std::string, std::unique_ptr<Symbol>, NameHash, std::equal_to<>>;

    [[nodiscard]] typename Symbols::const_pointer look_up(std::string_view name) noexcept {
        if (last_ != nullptr && last_->first == name) return last_;
        const auto known = symbols_.find(name);
        if (known == symbols_.end()) return nullptr;
        last_ = &*known;
        return last_;
    }

    SymbolListing listing_;
    Symbols symbols_;
    typename Symbols::const_pointer last_ = nullptr;  // asked for last: often the next one too
};

}  // namespace tickgate::feeds
