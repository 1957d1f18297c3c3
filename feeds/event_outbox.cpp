#include "feeds/event_outbox.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace tickgate::feeds {

EventOutbox::EventOutbox(book::EventQueue::Producer producer) : producer_{std::move(producer)} {}

int EventOutbox::flush() {
    // A push is all or nothing, so one that does not fit is halved until it does: a nearly full queue still fills up,
    // and a batch larger than the whole queue gets through.
    const std::size_t before = pushed_;
    std::size_t size = events_.size();
    while (pushed_ < events_.size() && size != 0) {
        size = std::min(size, events_.size() - pushed_);
        if (producer_.try_push(std::span{events_}.subspan(pushed_, size))) {
            pushed_ += size;
        } else {
            size /= 2;
        }
    }
    const auto went = static_cast<int>(pushed_ - before);
    if (pushed_ == events_.size()) {
        events_.clear();
        pushed_ = 0;
    }
    return went;
}

}  // namespace tickgate::feeds
