#include "gateway/wish_list.hpp"

namespace tickgate::gateway {

void WishList::hold(const StreamKey& key, std::uint32_t sid) {
    StreamKey alike = like_;
    alike.instrument = key.instrument;
    if (key == alike) held_.emplace(key.instrument, sid);
}

void WishList::add(book::InstrumentId instrument) {
    if (!places_.try_emplace(instrument, wishes_.size()).second) return;
    WishedStream wish{.key = like_};
    wish.key.instrument = instrument;
    const auto held = held_.find(instrument);
    wish.held = held != held_.end();
    if (wish.held) {
        wish.sid = held->second;
    } else {
        ++new_ones_;
    }
    wishes_.push_back(wish);
}

WishedStream* WishList::find(book::InstrumentId instrument) noexcept {
    const auto place = places_.find(instrument);
    return place == places_.end() ? nullptr : &wishes_[place->second];
}

}  // namespace tickgate::gateway
