#include "feeds/decode_error.hpp"

#include <string>

namespace tickgate::feeds {
namespace {

class DecodeErrorCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "tickgate.decode"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<DecodeError>(value)) {
            case DecodeError::InvalidJson:
                return "not a JSON document";
            case DecodeError::NotAnObject:
                return "not a JSON object";
            case DecodeError::MissingField:
                return "a field is missing";
            case DecodeError::BadField:
                return "a field has a wrong type or value";
            case DecodeError::BadDecimal:
                return "a price or quantity is not a decimal";
            case DecodeError::BadLevels:
                return "not a list of levels";
        }
        return "unknown decode error";
    }
};

}  // namespace

const boost::system::error_category& decode_error_category() noexcept {
    static const DecodeErrorCategory category;
    return category;
}

boost::system::error_code make_error_code(DecodeError error) noexcept {
    return {static_cast<int>(error), decode_error_category()};
}

}  // namespace tickgate::feeds
