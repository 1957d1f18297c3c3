#include "feeds/json_fields.hpp"

#include <new>

namespace tickgate::feeds {

void prepare(simdjson::ondemand::parser& parser) {
    // It grows to each message that is longer than all before, and to no more. Few are longer than this.
    constexpr std::size_t kUsualLength = 64 * 1024;
    if (parser.allocate(kUsualLength)) throw std::bad_alloc{};
}

}  // namespace tickgate::feeds
