#include "gateway/admission.hpp"

namespace tickgate::gateway {

Admission::Decision Admission::enter(std::string_view address) {
    if (limits_.max == 0 && limits_.per_address == 0) return {};
    const std::lock_guard lock{mutex_};
    if (limits_.max != 0 && sessions_ >= limits_.max) return {kNoPlace, false, ErrorCode::Overloaded};
    const auto [known, is_new] = places_.try_emplace(std::string{address});
    if (is_new) {
        if (free_.empty()) {
            free_.push_back(static_cast<Place>(addresses_.size()));
            addresses_.emplace_back();
        }
        known->second = free_.back();
        free_.pop_back();
        addresses_[known->second].text = address;
    }
    Address& from = addresses_[known->second];
    if (limits_.per_address != 0 && address != kLocalPeer && from.sessions >= limits_.per_address) {
        return {kNoPlace, false, ErrorCode::LimitConnections};
    }
    ++from.sessions;
    ++sessions_;
    return {known->second, true};
}

void Admission::leave(Place place) {
    if (place == kNoPlace) return;
    const std::lock_guard lock{mutex_};
    --sessions_;
    Address& from = addresses_[place];
    if (--from.sessions != 0) return;
    places_.erase(from.text);
    from.text.clear();
    free_.push_back(place);
}

}  // namespace tickgate::gateway
