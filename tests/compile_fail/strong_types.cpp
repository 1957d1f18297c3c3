// Misuse of the strong types that must not compile. Each case is compiled twice by compile_fail_test.py: with CASE_x
// alone the right way, which must compile, and with WRONG besides, which must fail by the reason given behind it.

#include <type_traits>

#include "book/event.hpp"
#include "book/order_book.hpp"

using namespace tickgate::book;

namespace {

[[maybe_unused]] constexpr Price kPrice{100};
[[maybe_unused]] constexpr Quantity kQuantity{5};
[[maybe_unused]] constexpr Sequence kSequence{7};
[[maybe_unused]] constexpr InstrumentId kInstrument{1};
[[maybe_unused]] void set_level(Price, Quantity) {}

#if defined CASE_PRICE_FROM_INTEGER
#ifdef WRONG
[[maybe_unused]] const Price price = 100;  // conversion from 'int' to non-scalar type 'tickgate::book::Price'
#else
[[maybe_unused]] const Price price{100};
#endif

#elif defined CASE_QUANTITY_FROM_INTEGER
#ifdef WRONG
[[maybe_unused]] const Quantity quantity = 5;  // conversion from 'int' to non-scalar type 'tickgate::book::Quantity'
#else
[[maybe_unused]] const Quantity quantity{5};
#endif

#elif defined CASE_PRICE_FROM_DOUBLE
#ifdef WRONG
[[maybe_unused]] const Price price{100.5};  // narrowing conversion
#else
[[maybe_unused]] const Price price{100};
#endif

#elif defined CASE_PRICE_FROM_QUANTITY
#ifdef WRONG
[[maybe_unused]] const Price price{kQuantity};  // no matching function for call to 'tickgate::book::Price::Price
#else
[[maybe_unused]] const Price price{kPrice};
#endif

#elif defined CASE_PRICE_PLUS_QUANTITY
#ifdef WRONG
[[maybe_unused]] const auto sum = kPrice + kQuantity;  // no match for 'operator+'
#else
[[maybe_unused]] const auto sum = kPrice.mantissa() + kPrice.mantissa();
#endif

#elif defined CASE_PRICE_TIMES_NUMBER
#ifdef WRONG
[[maybe_unused]] const auto product = kPrice * 2;  // no match for 'operator*'
#else
[[maybe_unused]] const Price product{kPrice.mantissa() * 2};
#endif

#elif defined CASE_PRICE_COMPARED_WITH_QUANTITY
#ifdef WRONG
[[maybe_unused]] const bool less = kPrice < kQuantity;  // no match for 'operator<'
#else
[[maybe_unused]] const bool less = kPrice < kPrice;
#endif

#elif defined CASE_PRICE_COMPARED_WITH_INTEGER
#ifdef WRONG
[[maybe_unused]] const bool equal = kPrice == 100;  // no match for 'operator=='
#else
[[maybe_unused]] const bool equal = kPrice == Price{100};
#endif

#elif defined CASE_ARGUMENTS_SWAPPED
#ifdef WRONG
[[maybe_unused]] void swapped() { set_level(kQuantity, kPrice); }  // could not convert 'kQuantity'
#else
[[maybe_unused]] void swapped() { set_level(kPrice, kQuantity); }
#endif

#elif defined CASE_SEQUENCE_FROM_INTEGER
#ifdef WRONG
[[maybe_unused]] const Sequence sequence = 7;  // conversion from 'int' to non-scalar type 'tickgate::book::Sequence'
#else
[[maybe_unused]] const Sequence sequence{7};
#endif

#elif defined CASE_SEQUENCE_COMPARED_WITH_INTEGER
#ifdef WRONG
[[maybe_unused]] const bool equal = kSequence == 7U;  // no match for 'operator=='
#else
[[maybe_unused]] const bool equal = kSequence == Sequence{7U};
#endif

#elif defined CASE_SEQUENCE_ARITHMETIC
#ifdef WRONG
[[maybe_unused]] const auto later = kSequence + 1;  // no match for 'operator+'
#else
[[maybe_unused]] const auto later = kSequence.next();
#endif

#elif defined CASE_VENUE_ID_AS_SEQUENCE
#ifdef WRONG
[[maybe_unused]] const Sequence sequence{VenueId{std::uint64_t{7}}};  // no matching function for call to
#else
[[maybe_unused]] const Sequence sequence{VenueId{std::uint64_t{7}}.number()};
#endif

#elif defined CASE_VENUE_ID_COMPARED_WITH_SEQUENCE
#ifdef WRONG
[[maybe_unused]] const bool equal = VenueId{std::uint64_t{7}} == kSequence;  // no match for 'operator=='
#else
[[maybe_unused]] const bool equal = VenueId{std::uint64_t{7}}.number() == kSequence.value();
#endif

#elif defined CASE_FEED_ID_AS_INSTRUMENT_ID
#ifdef WRONG
[[maybe_unused]] const bool equal = kInstrument == FeedId{1};  // no match for 'operator=='
#else
[[maybe_unused]] const bool equal = kInstrument == InstrumentId{1};
#endif

#elif defined CASE_INSTRUMENT_ID_FROM_INTEGER
#ifdef WRONG
[[maybe_unused]] const InstrumentId id = 1;  // cannot convert 'int' to 'tickgate::book::InstrumentId'
#else
[[maybe_unused]] const InstrumentId id{1};
#endif

#elif defined CASE_TIME_FROM_INTEGER
#ifdef WRONG
[[maybe_unused]] const UnixNanos time = 1'723'161'256;  // conversion from 'int' to non-scalar type
#else
[[maybe_unused]] const UnixNanos time{std::chrono::seconds{1'723'161'256}};
#endif

#elif defined CASE_SIDE_AS_NUMBER
#ifdef WRONG
[[maybe_unused]] const int side = Side::Ask;  // cannot convert 'tickgate::book::Side' to 'int'
#else
[[maybe_unused]] const Side side = Side::Ask;
#endif

#elif defined CASE_RESULT_IGNORED
#ifdef WRONG
[[maybe_unused]] void ignored() { parse_price("1", 2); }  // ignoring returned value
#else
[[maybe_unused]] void used() { static_cast<void>(parse_price("1", 2)); }
#endif

#else
#error "name a case"
#endif

}  // namespace
