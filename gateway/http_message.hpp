#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tickgate::gateway {

enum class HttpMethod : std::uint8_t { Get, Head, Post };

/// The path and the query of a request, percent-decoded; in the query "+" is a space.
struct HttpTarget {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
};

/// Takes "/path?a=b" and "http://host/path?a=b".
/// Errors: nothing for another form, for an ill-formed "%", and for a control character, decoded or not.
[[nodiscard]] std::optional<HttpTarget> parse_http_target(std::string_view target);

/// A whole request. The views live as long as the call that hands it out.
struct HttpRequest {
    HttpMethod method = HttpMethod::Get;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;
    std::string_view remote_address;  ///< without the port

    /// The first header of this name, in any case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// The first query parameter of this name.
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

/// An answer. Content-Length, Connection and Server are the server's business; so is leaving out the body for HEAD.
struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers{};
};

/// {"error":code,"message":message}. Precondition: neither needs escaping in JSON.
[[nodiscard]] HttpResponse http_error(unsigned status, std::string_view code, std::string_view message);

/// Everything before the body, the empty line included.
[[nodiscard]] std::string http_response_head(const HttpResponse& response, std::string_view reason,
                                             std::string_view server, bool keep_alive);

/// The right to answer one request, once: at once or later, on the server's thread. The connection may be gone by
/// then, and so may the server. Whoever lets it go unanswered has answered 500.
class HttpReply {
public:
    /// Whom to answer.
    class Target {
    public:
        virtual ~Target() = default;
        virtual void answer(HttpResponse response) = 0;
    };

    explicit HttpReply(std::weak_ptr<Target> target) noexcept : target_{std::move(target)} {}
    HttpReply(HttpReply&& other) noexcept : target_{std::exchange(other.target_, {})} {}
    HttpReply& operator=(HttpReply&& other) noexcept;
    ~HttpReply();

    void reply(HttpResponse response);
    /// False once answered, or when nobody is there any more.
    [[nodiscard]] bool is_wanted() const noexcept { return !target_.expired(); }

private:
    std::weak_ptr<Target> target_;
};

}  // namespace tickgate::gateway
