#include "gateway/deflate_offer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "gateway/ascii.hpp"
#include "gateway/deflate.hpp"

namespace tickgate::gateway {
namespace {

bool is_same(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return upper(x) == upper(y); });
}

/// RFC 9110, 5.6.2.
bool is_token_character(char character) noexcept {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    const char letter = upper(character);
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           kOthers.find(letter) != std::string_view::npos;
}

/// Reads a header field from left to right.
class FieldReader {
public:
    explicit FieldReader(std::string_view text) : rest_{text} {}

    [[nodiscard]] bool is_at_end() noexcept {
        skip_space();
        return rest_.empty();
    }
    [[nodiscard]] bool take(char mark) noexcept {
        skip_space();
        if (!rest_.starts_with(mark)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Empty: there is none.
    [[nodiscard]] std::string_view token() noexcept {
        skip_space();
        const auto end = std::ranges::find_if_not(rest_, is_token_character);
        const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(token.size());
        return token;
    }
    /// A token, as it is or between quotes; nothing where there is neither.
    [[nodiscard]] std::optional<std::string> value() {
        if (!take('"')) {
            const std::string_view plain = token();
            return plain.empty() ? std::nullopt : std::optional{std::string{plain}};
        }
        std::string text;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return text.empty() ? std::nullopt : std::optional{text};
            }
            if (rest_[i] == '\\' && ++i == rest_.size()) break;
            if (!is_token_character(rest_[i])) break;
            text += rest_[i];
        }
        return std::nullopt;
    }

private:
    void skip_space() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

    std::string_view rest_;
};

/// 8 to 15, written without a zero in front.
std::optional<std::uint8_t> window_bits_in(std::string_view text) noexcept {
    if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) return static_cast<std::uint8_t>(text[0] - '0');
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
        return static_cast<std::uint8_t>(10 + text[1] - '0');
    }
    return std::nullopt;
}

/// One extension offered, as far as it is permessage-deflate.
class Offer {
public:
    explicit Offer(std::string_view name) : can_be_met_{is_same(name, "permessage-deflate")} {}

    void add(std::string_view name, const std::optional<std::string>& value) {
        const auto found = std::ranges::find_if(kParameters, [&](std::string_view one) { return is_same(one, name); });
        const auto index = static_cast<std::size_t>(found - kParameters.begin());
        if (found == kParameters.end() || is_there_[index] || !may_be(index, value)) {
            can_be_met_ = false;
            return;
        }
        is_there_[index] = true;
        if (index == kServerBits) window_bits_ = *window_bits_in(*value);
    }
    [[nodiscard]] bool can_be_met() const noexcept { return can_be_met_; }
    [[nodiscard]] DeflateAgreement agreement() const {
        DeflateAgreement agreement{
            .outcome = DeflateAgreement::Outcome::Agreed,
            .window_bits = std::min<std::uint8_t>(window_bits_, deflate::kWindowBits),
            .answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"};
        if (is_there_[kServerBits]) {
            agreement.answer += "; server_max_window_bits=" + std::to_string(agreement.window_bits);
        }
        return agreement;
    }

private:
    static constexpr std::array<std::string_view, 4> kParameters{
        "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits"};
    static constexpr std::size_t kServerBits = 2;
    static constexpr std::size_t kClientBits = 3;
    static constexpr std::uint8_t kLeastBits = 9;  // of zlib's deflate, raw
    static constexpr std::uint8_t kMostBits = 15;

    [[nodiscard]] static bool may_be(std::size_t index, const std::optional<std::string>& value) noexcept {
        if (index != kServerBits && index != kClientBits) return !value;
        if (!value) return index == kClientBits;
        const auto bits = window_bits_in(*value);
        return bits && (index == kClientBits || *bits >= kLeastBits);
    }

    bool can_be_met_;
    std::array<bool, kParameters.size()> is_there_{};
    std::uint8_t window_bits_ = kMostBits;
};

/// One extension; nothing where the text is ill-formed.
std::optional<Offer> read_offer(FieldReader& reader) {
    const std::string_view name = reader.token();
    if (name.empty()) return std::nullopt;
    Offer offer{name};
    while (reader.take(';')) {
        const std::string_view parameter = reader.token();
        if (parameter.empty()) return std::nullopt;
        std::optional<std::string> value;
        if (reader.take('=') && !(value = reader.value())) return std::nullopt;
        offer.add(parameter, value);
    }
    if (!reader.is_at_end() && !reader.take(',')) return std::nullopt;
    return offer;
}

}  // namespace

DeflateAgreement agree_on_deflate(std::string_view extensions) {
    FieldReader reader{extensions};
    DeflateAgreement agreement;
    for (;;) {
        while (reader.take(',')) {
        }  // a list may have empty elements: RFC 9110, 5.6.1
        if (reader.is_at_end()) return agreement;
        const std::optional<Offer> offer = read_offer(reader);
        if (!offer) return {.outcome = DeflateAgreement::Outcome::Malformed, .window_bits = 0, .answer = {}};
        const bool is_first = agreement.outcome == DeflateAgreement::Outcome::None;
        if (is_first && offer->can_be_met()) agreement = offer->agreement();
    }
}

}  // namespace tickgate::gateway
