#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/types.hpp"
#include "gateway/protocol.hpp"

namespace tickgate::gateway {

/// Readable bytes that must follow a client message: what simdjson wants (its SIMDJSON_PADDING).
inline constexpr std::size_t kRequestPadding = 64;

/// Longest `id` that is a string, in characters.
inline constexpr std::size_t kMaxIdCharacters = 64;

enum class Op : std::uint8_t { Hello, Subscribe, Modify, Unsubscribe, Resync, List, Symbols, Ping };

/// The position that a client says it holds of one symbol.
struct ResumePoint {
    std::string symbol;  ///< as written by the client: any case, or an alias
    std::string epoch;
    book::Sequence seq;
    std::optional<std::uint32_t> depth;  ///< held; nothing when the client did not say
};

/// One client message. Which fields mean something depends on `op`; the others are empty.
struct Request {
    Op op = Op::Ping;
    std::string id;                        ///< as JSON text, ready to be echoed
    Channel channel = Channel::Book;       ///< subscribe
    std::vector<std::string> symbols;      ///< subscribe: at least one, as written, perhaps with wildcards
    std::optional<std::uint32_t> depth;    ///< subscribe, modify: an offered class already
    std::optional<std::uint32_t> rate_ms;  ///< subscribe, modify: an offered class already
    std::uint32_t sid = 0;                 ///< modify, resync
    std::vector<std::uint32_t> sids;       ///< unsubscribe: at least one
    std::string match;                     ///< symbols: "*" when left out
    std::vector<ResumePoint> resume;       ///< subscribe
    bool batch = false;                    ///< hello: what is due in one turn comes as one array
};

/// Why a message was refused; all that an `error` needs but the retry delay.
struct RequestError {
    ErrorCode code = ErrorCode::BadRequest;
    std::string message;
    std::string_view field;  ///< static text; empty when no field is to blame
    std::string id;          ///< as JSON text; empty when the message has none that could be echoed
};

/// Reads client messages. Reused, so that in the steady state only long symbol names allocate. Thread: its shard's.
class RequestParser {
public:
    explicit RequestParser(const Limits& limits);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Reads one message into `request`, whose memory is reused; its content means nothing after an error.
    /// `message` is followed by kRequestPadding readable bytes, whatever they are.
    /// Returns: nothing when it is a good request. Fields that the op does not know are not looked at; a number that
    /// no 64-bit integer or double holds makes the whole message bad_json, wherever it stands.
    [[nodiscard]] std::optional<RequestError> parse(std::string_view message, Request& request);

private:
    struct Json;
    std::unique_ptr<Json> json_;
    Limits limits_;
};

}  // namespace tickgate::gateway
