// What a client asks: whatever the bytes are, and whatever stands behind them, the same is read, within its bounds, and
// what is refused says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "gateway/request.hpp"

namespace {

using namespace tickgate::gateway;

constexpr Limits kLimits{};

void require(bool holds) {
    if (!holds) std::abort();
}

/// Parses the message from memory that ends behind its padding, so that a sanitizer sees every step beyond.
std::optional<RequestError> parse(RequestParser& parser, const std::string& message, char padding, Request& request) {
    std::vector<char> bytes(message.begin(), message.end());
    bytes.resize(message.size() + kRequestPadding, padding);
    bytes.shrink_to_fit();
    return parser.parse({bytes.data(), message.size()}, request);
}

bool is_offered(const std::optional<std::uint32_t>& value, const auto& offered) {
    if (!value) return true;
    for (const std::uint32_t one : offered) {
        if (one == *value) return true;
    }
    return false;
}

void check(const Request& request) {
    require(!request.id.empty());
    require(request.symbols.size() <= kLimits.symbols_per_op && request.resume.size() <= kLimits.symbols_per_op);
    require(request.sids.size() <= kLimits.subscriptions);
    require(is_offered(request.depth, kDepths) && is_offered(request.rate_ms, kRatesMs));
    require(request.op != Op::Subscribe || !request.symbols.empty());
    require(request.op != Op::Unsubscribe || !request.sids.empty());
    require(request.op != Op::Symbols || !request.match.empty());
    for (const ResumePoint& point : request.resume) require(point.seq.value() < std::uint64_t{1} << 53U);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static RequestParser reused{kLimits};
    static Request reused_request;
    RequestParser parser{kLimits};
    Request request;
    const std::string message(data, data + size);
    const auto error = parse(parser, message, '\0', request);
    const auto again = parse(reused, message, '"', reused_request);
    require(error.has_value() == again.has_value());
    if (error) {
        require(!error->message.empty() && error->code == again->code && error->id == again->id);
        return 0;
    }
    check(request);
    require(request.op == reused_request.op && request.id == reused_request.id);
    require(request.symbols == reused_request.symbols && request.sids == reused_request.sids);
    require(request.depth == reused_request.depth && request.rate_ms == reused_request.rate_ms);
    require(request.match == reused_request.match && request.resume.size() == reused_request.resume.size());
    return 0;
}
