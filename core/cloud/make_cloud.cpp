#include "cloud/make_cloud.hpp"

#include <cstdlib>
#include <optional>
#include <utility>

#include "cloud/credential_source.hpp"
#include "cloud/open_api_cloud.hpp"
#include "cloud/openapi.hpp"
#include "terway/error.hpp"

namespace terway::cloud {
namespace {

std::optional<std::string> environment(const std::string& name) {
    const auto* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

OidcSettings oidc_settings(const Settings& settings) {
    OidcSettings oidc;
    oidc.role_arn = settings.oidc_role_arn;
    oidc.provider_arn = settings.oidc_provider_arn;
    oidc.token_file = settings.oidc_token_file;
    oidc = with_environment(oidc, environment);
    if (oidc.complete()) {
        oidc.sts_endpoint = endpoint_of(settings, Product::Sts);
    }
    return oidc;
}

http::Options sts_options(const Settings& settings, const OidcSettings& oidc) {
    http::Options options;
    options.ca_file = settings.ca_file;
    options.allow_plain = oidc.sts_endpoint.starts_with("http://");
    return options;
}

CredentialSource source_of(const Settings& settings, MetadataClient& metadata, http::Client& sts,
                           const OidcSettings& oidc, const Effects& effects) {
    switch (settings.credentials) {
        case CredentialKind::File:
            return file_source(settings.credentials_file);
        case CredentialKind::Role:
            return role_source(metadata, settings.role);
        case CredentialKind::Oidc:
            if (!oidc.complete()) {
                throw Error(Status::Invalid,
                            "credentials by OIDC need a role ARN, a provider ARN and a token file, "
                            "in the profile or as ALIBABA_CLOUD_ROLE_ARN, "
                            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE");
            }
            return oidc_source(sts, oidc, effects);
        case CredentialKind::Auto:
            break;
    }
    return auto_source(settings.credentials_file,
                       oidc.complete()
                           ? std::optional<CredentialSource>(oidc_source(sts, oidc, effects))
                           : std::nullopt,
                       role_source(metadata, settings.role));
}

// What an OpenApi refers to, and itself.
struct Assembly {
    Assembly(const Settings& settings, MetadataClient& metadata, CallLog& log,
             const Effects& effects)
        : oidc(oidc_settings(settings)),
          sts(sts_options(settings, oidc)),
          credentials(source_of(settings, metadata, sts, oidc, effects), effects),
          api(settings, credentials, log, effects) {}

    OidcSettings oidc;
    http::Client sts;
    CredentialProvider credentials;
    OpenApi api;
};

}  // namespace

std::unique_ptr<Api> make_cloud(const Settings& settings, MetadataClient& metadata, CallLog& log,
                                const Effects& effects) {
    auto assembly = std::make_shared<Assembly>(settings, metadata, log, effects);
    auto* api = &assembly->api;
    return std::make_unique<OpenApiCloud>(settings.region,
                                          std::shared_ptr<OpenApi>(std::move(assembly), api));
}

}  // namespace terway::cloud
