// How to reach the cloud's API. Plain data; endpoints by the cloud's rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cloud/throttle.hpp"

namespace terway::cloud {

enum class Signature : std::uint8_t { V3, V1 };
enum class CredentialKind : std::uint8_t { Auto, File, Role, Oidc };
enum class Product : std::uint8_t { Ecs, Vpc, Sts };

struct Settings {
    std::string region;
    Signature signature = Signature::V3;
    std::string network = "vpc";  // "public": by the internet
    // "https://host[:port]"; http:// only if it is said so here; a bare host means https.
    std::string ecs_endpoint;
    std::string vpc_endpoint;
    std::string sts_endpoint;
    std::string ca_file;  // empty: the system's authorities
    std::chrono::milliseconds call_timeout{20'000};
    CallsPerMinute calls_per_minute;  // instead of the defaults

    CredentialKind credentials = CredentialKind::Auto;
    std::string credentials_file = "/etc/terway/credentials.toml";
    std::string role;  // empty: the one attached to the instance
    std::string oidc_role_arn;
    std::string oidc_provider_arn;
    std::string oidc_token_file;
};

// "https://ecs-vpc.cn-hangzhou.aliyuncs.com", or what the settings say. Throws Error(Invalid) for a
// setting that is no origin or if there is no region to make one of. Pure.
[[nodiscard]] std::string endpoint_of(const Settings& settings, Product product);

[[nodiscard]] std::string version_of(Product product);  // of the API: "2014-05-26"
[[nodiscard]] std::string name_of(Product product);     // "ecs"; also the prefix of RAM actions

}  // namespace terway::cloud
