// Where credentials come from: a file, the instance's RAM role, or a service account (RRSA).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/credentials.hpp"
#include "cloud/metadata_client.hpp"
#include "http/http.hpp"

namespace terway::cloud {

// The answer of ram/security-credentials/<role>, and the one of AssumeRoleWithOIDC. They throw
// Error(Retry) or Error(Internal), never with a value of the text. Pure.
[[nodiscard]] Credentials parse_role_credentials(std::string_view body, const std::string& role);
[[nodiscard]] Credentials parse_assumed_role(std::string_view body);

struct OidcSettings {
    std::string role_arn;
    std::string provider_arn;
    std::string token_file;  // read again each time: the kubelet renews it
    std::string session = "terway";
    std::string sts_endpoint;  // "https://sts-vpc.cn-hangzhou.aliyuncs.com"

    [[nodiscard]] bool complete() const {
        return !role_arn.empty() && !provider_arn.empty() && !token_file.empty();
    }
};

// What is empty in `settings` from ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and
// ALIBABA_CLOUD_OIDC_TOKEN_FILE. `lookup` is like getenv.
[[nodiscard]] OidcSettings with_environment(
    OidcSettings settings,
    const std::function<std::optional<std::string>(const std::string&)>& lookup);

[[nodiscard]] CredentialSource file_source(std::string path);
// `role` empty: the one attached to the instance. `metadata` must outlive the source.
[[nodiscard]] CredentialSource role_source(MetadataClient& metadata, std::string role);
// `client` must outlive the source.
[[nodiscard]] CredentialSource oidc_source(http::Client& client, OidcSettings settings,
                                           Effects effects);
// The file if it exists each time it is asked, else OIDC if that is set up, else the role.
[[nodiscard]] CredentialSource auto_source(std::string path, std::optional<CredentialSource> oidc,
                                           CredentialSource role);

}  // namespace terway::cloud
