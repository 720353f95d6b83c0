// Requests to one API server, with our name on them.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/time.hpp"
#include "http/http.hpp"
#include "kube/access.hpp"
#include "kube/token.hpp"

namespace terway::kube {

struct Call {
    std::string method = "GET";
    std::string target;        // "/api/v1/pods?limit=500"
    std::string content_type;  // of the body
    std::string body;
    std::chrono::milliseconds timeout{10'000};
};

// Any thread.
class Session {
public:
    explicit Session(const Access& access);

    // Any status is an answer, and its body is kept unless it is a success; throws as http::Client
    // does. After a 401 with a token that has since been renewed the request is made once more.
    [[nodiscard]] http::Response send(const Call& call, const std::stop_token& stop,
                                      Deadline deadline);
    // A GET whose body may be endless; see http::Client::stream().
    [[nodiscard]] http::Response stream(const std::string& target, const http::Take& take,
                                        std::chrono::milliseconds idle, const std::stop_token& stop,
                                        Deadline deadline);
    // Who we claim to be is in..., for people: never a secret.
    [[nodiscard]] const std::string& credential() const noexcept { return credential_; }
    // The server did not like the token.
    void renew_token() { token_.renew(); }

    [[nodiscard]] const std::string& server() const noexcept { return server_; }
    // Where what is said without a namespace goes; may be empty.
    [[nodiscard]] const std::string& space() const noexcept { return space_; }

private:
    template <class Send>
    [[nodiscard]] http::Response with_token(Send send);
    [[nodiscard]] http::Request request(const Call& call, const std::string& token) const;

    const std::string server_;
    const std::string space_;
    const std::string credential_;
    Token token_;
    http::Client http_;
};

}  // namespace terway::kube
