// One signed HTTP request of an RPC-style API. Pure.
#pragma once

#include <string>

#include "cloud/credentials.hpp"
#include "cloud/settings.hpp"
#include "cloud/signature.hpp"
#include "http/http.hpp"

namespace terway::cloud {

struct RequestInput {
    std::string endpoint;  // an origin
    Product product = Product::Ecs;
    std::string action;
    Parameters parameters;
    Credentials credentials;
    WallTime timestamp{};
    std::string nonce;
};

[[nodiscard]] http::Request signed_request(const RequestInput& input, Signature signature);

}  // namespace terway::cloud
