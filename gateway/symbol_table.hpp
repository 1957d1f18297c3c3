#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "book/instrument.hpp"
#include "book/price.hpp"
#include "book/symbol_book.hpp"
#include "book/types.hpp"

namespace tickgate::gateway {

/// Near names that an unknown symbol is answered with, at most.
inline constexpr std::size_t kMaxNearNames = 3;

/// The symbols that are known, by name, with their scales and states: what one thread needs to answer clients without
/// asking the book agent. Thread: its owner's (a shard's), each with a table of its own.
class SymbolTable {
public:
    struct Entry {
        const book::Instrument* instrument = nullptr;  // the registry's: lives as long as the process
        book::Scales scales;
        book::Status status;
    };

    /// Makes an instrument known; a second time changes nothing. Where two have the same name the first has it.
    void add(const book::Instrument& instrument);

    /// Both for a known instrument.
    void set_status(book::InstrumentId id, const book::Status& status) noexcept;
    void set_scales(book::InstrumentId id, book::Scales scales) noexcept;

    [[nodiscard]] bool knows(book::InstrumentId id) const noexcept;
    /// Of a known instrument.
    [[nodiscard]] const Entry& operator[](book::InstrumentId id) const noexcept { return entries_[index_of(id)]; }
    [[nodiscard]] std::size_t size() const noexcept { return by_name_.size(); }

    /// The instrument of a canonical symbol, or of an alias VENUE:VENUESYMBOL, ignoring case. Allocates nothing.
    [[nodiscard]] std::optional<book::InstrumentId> find(std::string_view name) const noexcept;

    /// The instruments whose canonical symbol fits the pattern, where `*` stands for any text; ignoring case, in the
    /// order of their symbols.
    [[nodiscard]] std::vector<book::InstrumentId> match(std::string_view pattern) const;

    /// Up to kMaxNearNames canonical symbols that may have been meant, the nearest first; a name without a venue is
    /// compared with symbols without theirs. Looks at all symbols (about a millisecond for 20,000): a caller asks for a
    /// few names of one request only. The views live as long as the process.
    [[nodiscard]] std::vector<std::string_view> near(std::string_view name) const;

private:
    struct HashIgnoringCase {
        std::size_t operator()(std::string_view text) const noexcept;
    };
    struct EqualIgnoringCase {
        bool operator()(std::string_view a, std::string_view b) const noexcept;
    };
    using Names = std::unordered_map<std::string_view, book::InstrumentId, HashIgnoringCase, EqualIgnoringCase>;

    [[nodiscard]] std::string_view symbol_of(book::InstrumentId id) const noexcept {
        return (*this)[id].instrument->symbol;
    }
    void add_alias(const book::Instrument& instrument);

    std::vector<Entry> entries_;  // by id; without an instrument where the id is not known here
    Names by_name_;
    Names by_alias_;
    std::deque<std::string> aliases_;            // what the keys of by_alias_ view
    std::vector<book::InstrumentId> by_symbol_;  // sorted by canonical symbol
};

/// True when `text` fits `pattern`, where each `*` stands for any text, also none; ignoring ASCII case.
[[nodiscard]] bool matches_wildcard(std::string_view text, std::string_view pattern) noexcept;

}  // namespace tickgate::gateway
