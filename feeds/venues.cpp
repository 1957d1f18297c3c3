#include "feeds/venues.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "feeds/binance/session.hpp"
#include "feeds/bitfinex/session.hpp"
#include "feeds/bitget/session.hpp"
#include "feeds/bybit/session.hpp"
#include "feeds/coinbase/session.hpp"
#include "feeds/deribit/session.hpp"
#include "feeds/kraken/session.hpp"
#include "feeds/okx/session.hpp"

namespace tickgate::feeds {
namespace {

using binance::Market;

template <Market kMarket>
std::unique_ptr<VenueSession> make_binance(book::FeedId feed, book::InstrumentRegistry& registry,
                                           SessionOptions options) {
    return std::make_unique<binance::BinanceSession>(kMarket, feed, registry, std::move(options));
}

template <bybit::Market kMarket>
std::unique_ptr<VenueSession> make_bybit(book::FeedId feed, book::InstrumentRegistry& registry,
                                         SessionOptions options) {
    return std::make_unique<bybit::BybitSession>(kMarket, feed, registry, std::move(options));
}

template <coinbase::Api kApi>
std::unique_ptr<VenueSession> make_coinbase(book::FeedId feed, book::InstrumentRegistry& registry,
                                            SessionOptions options) {
    return std::make_unique<coinbase::CoinbaseSession>(kApi, feed, registry, std::move(options));
}

template <typename Session>
std::unique_ptr<VenueSession> make(book::FeedId feed, book::InstrumentRegistry& registry, SessionOptions options) {
    return std::make_unique<Session>(feed, registry, std::move(options));
}

constexpr std::array kVenues{
    Venue{"binance-spot", "BINANCE", make_binance<Market::Spot>},
    Venue{"binance-usdm", "BINANCE-USDM", make_binance<Market::UsdMargined>},
    Venue{"binance-coinm", "BINANCE-COINM", make_binance<Market::CoinMargined>},
    Venue{"bitfinex", "BITFINEX", make<bitfinex::BitfinexSession>},
    Venue{"bitget", "BITGET", make<bitget::BitgetSession>},
    Venue{"bitget-v1", "BITGET", make<bitget::BitgetSession>},
    Venue{"bybit", "BYBIT", make_bybit<bybit::Market::Spot>},
    Venue{"bybit-linear", "BYBIT-LINEAR", make_bybit<bybit::Market::Linear>},
    Venue{"coinbase-exchange", "COINBASE", make_coinbase<coinbase::Api::Exchange>},
    Venue{"coinbase-advanced", "COINBASE-ADV", make_coinbase<coinbase::Api::AdvancedTrade>},
    Venue{"deribit", "DERIBIT", make<deribit::DeribitSession>},
    Venue{"kraken", "KRAKEN", make<kraken::KrakenSession>},
    Venue{"kraken-v1", "KRAKEN", make<kraken::KrakenSession>},
    Venue{"okx", "OKX", make<okx::OkxSession>},
};

}  // namespace

std::span<const Venue> venues() noexcept {
    return kVenues;
}

const Venue* find_venue(std::string_view name) noexcept {
    const auto* const found =
        std::find_if(kVenues.begin(), kVenues.end(), [&](const Venue& v) { return v.name == name; });
    return found == kVenues.end() ? nullptr : found;
}

}  // namespace tickgate::feeds
