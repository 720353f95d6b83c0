#include "kube/session.hpp"

#include <algorithm>

namespace terway::kube {

namespace {

constexpr auto kLongestStream = std::chrono::hours(24);
constexpr std::size_t kLongestRefusal = 1U << 20U;

// Only refusals are kept as a whole.
http::Options options_of(const Access& access) {
    auto options = access.http;
    options.max_body = kLongestRefusal;
    return options;
}

std::string credential_of(const Access& access) {
    if (!access.token_file.empty()) {
        return "the token in " + access.token_file;
    }
    if (!access.token.empty()) {
        return "the token of " + access.origin;
    }
    return access.http.certificate.empty() ? "" : "the client certificate of " + access.origin;
}

}  // namespace

Session::Session(const Access& access)
    : server_(access.server),
      space_(access.space),
      credential_(credential_of(access)),
      token_(access.token, access.token_file),
      http_(options_of(access)) {}

http::Request Session::request(const Call& call, const std::string& token) const {
    http::Request request;
    request.method = call.method;
    request.url = server_ + call.target;
    request.body = call.body;
    request.timeout = call.timeout;
    request.headers = {{"Accept", "application/json"}, {"User-Agent", "terway/" TERWAY_VERSION}};
    if (!token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token);
    }
    if (!call.content_type.empty()) {
        request.headers.emplace_back("Content-Type", call.content_type);
    }
    return request;
}

template <class Send>
http::Response Session::with_token(Send send) {
    const auto token = token_.get();
    auto response = send(token);
    if (response.status != 401) {
        return response;
    }
    token_.renew();
    const auto renewed = token_.get();
    return renewed == token ? response : send(renewed);
}

http::Response Session::send(const Call& call, const std::stop_token& stop, Deadline deadline) {
    const auto discard = [](std::string_view) {};
    return with_token([&](const std::string& token) {
        return http_.stream(request(call, token), discard, call.timeout, stop, deadline);
    });
}

http::Response Session::stream(const std::string& target, const http::Take& take,
                               std::chrono::milliseconds idle, const std::stop_token& stop,
                               Deadline deadline) {
    Call call;
    call.target = target;
    call.timeout = std::min<std::chrono::milliseconds>(left(deadline), kLongestStream);
    return with_token([&](const std::string& token) {
        return http_.stream(request(call, token), take, idle, stop, deadline);
    });
}

}  // namespace terway::kube
