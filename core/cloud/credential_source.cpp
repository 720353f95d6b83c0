#include "cloud/credential_source.hpp"

#include <utility>

#include "base/file.hpp"
#include "cloud/answer.hpp"
#include "cloud/api_error.hpp"
#include "cloud/json.hpp"
#include "cloud/key_file.hpp"
#include "cloud/metadata_text.hpp"
#include "cloud/signature.hpp"
#include "cloud/utc.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRolePath = "ram/security-credentials/";
constexpr std::size_t kLargestToken = 64U << 10U;

Credentials credentials_of(const boost::json::object& object, const std::string& name) {
    Credentials credentials{text_of(object, "AccessKeyId"), text_of(object, "AccessKeySecret"),
                            text_of(object, "SecurityToken"),
                            parse_utc(text_of(object, "Expiration"))};
    if (credentials.access_key_id.empty() || credentials.access_key_secret.empty() ||
        credentials.security_token.empty() || !credentials.expires) {
        throw Error(Status::Internal, name + ": the answer lacks a key, the token or its end");
    }
    return credentials;
}

boost::json::object object_in(std::string_view body, const std::string& name) {
    return with_context(name, [&] { return parse_object(body); });
}

std::string trimmed(std::string text) {
    while (!text.empty() && text.back() <= ' ') {
        text.pop_back();
    }
    return text;
}

http::Request assume_role(const OidcSettings& settings, const std::string& token,
                          const Effects& effects) {
    http::Request request;
    request.method = "POST";
    request.url = settings.sts_endpoint + "/?" +
                  canonical_query({{"Action", "AssumeRoleWithOIDC"},
                                   {"Format", "JSON"},
                                   {"SignatureNonce", effects.nonce()},
                                   {"Timestamp", utc_text(effects.wall())},
                                   {"Version", "2015-04-01"}});
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body = canonical_query({{"DurationSeconds", "3600"},
                                    {"OIDCProviderArn", settings.provider_arn},
                                    {"OIDCToken", token},
                                    {"RoleArn", settings.role_arn},
                                    {"RoleSessionName", settings.session}});
    return request;
}

Error refusal(const http::Response& response, const std::string& token) {
    const auto told = read_refusal(response.body);
    const auto text = told.code.empty() ? "HTTP " + std::to_string(response.status)
                                        : told.code + ": " + told.message.substr(0, 512);
    const bool passing = [&] {
        const auto reaction = reaction_to(told.code, told.message, response.status);
        return reaction == Reaction::Throttled || reaction == Reaction::Unknown;
    }();
    return {passing ? Status::Retry : Status::Internal,
            without_secrets("AssumeRoleWithOIDC: " + text, {"", "", token, std::nullopt})};
}

Credentials ask_sts(http::Client& client, const OidcSettings& settings, const Effects& effects,
                    const Patience& patience) {
    const auto token = trimmed(
        with_context("OIDC token", [&] { return read_file(settings.token_file, kLargestToken); }));
    for (unsigned attempt = 0;; ++attempt) {
        std::optional<Error> failure;
        try {
            const auto response = client.send(assume_role(settings, token, effects), patience.stop,
                                              patience.deadline);
            if (response.status == 200) {
                return parse_assumed_role(response.body);
            }
            failure = refusal(response, token);
        } catch (const http::TransportError& error) {
            failure = error.within("AssumeRoleWithOIDC");
        }
        if (failure->status() != Status::Retry ||
            !effects.pause(back_off(attempt, effects.fraction(), 500ms, 10s), patience)) {
            throw Error(*failure);
        }
    }
}

}  // namespace

Credentials parse_role_credentials(std::string_view body, const std::string& role) {
    const auto name = "RAM role " + role;
    const auto object = object_in(body, name);
    const auto code = text_of(object, "Code");
    if (code != "Success") {
        throw Error(Status::Internal, name + ": the metadata service says " +
                                          (code.empty() ? "nothing" : code) +
                                          " instead of Success; check the role's trust policy");
    }
    return credentials_of(object, name);
}

Credentials parse_assumed_role(std::string_view body) {
    const std::string name = "AssumeRoleWithOIDC";
    return credentials_of(object_of(object_in(body, name), "Credentials"), name);
}

OidcSettings with_environment(
    OidcSettings settings,
    const std::function<std::optional<std::string>(const std::string&)>& lookup) {
    const auto fill = [&](std::string& setting, const char* variable) {
        if (setting.empty()) {
            setting = lookup(variable).value_or("");
        }
    };
    fill(settings.role_arn, "ALIBABA_CLOUD_ROLE_ARN");
    fill(settings.provider_arn, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    fill(settings.token_file, "ALIBABA_CLOUD_OIDC_TOKEN_FILE");
    return settings;
}

CredentialSource file_source(std::string path) {
    return [path = std::move(path)](const Patience&) { return read_key_file(path); };
}

CredentialSource role_source(MetadataClient& metadata, std::string role) {
    return [&metadata, role = std::move(role)](const Patience& patience) {
        auto name = role;
        if (name.empty()) {
            const auto roles =
                parse_list(metadata.raw(std::string(kRolePath), patience).value_or(""));
            if (roles.empty()) {
                throw Error(Status::Internal,
                            "no RAM role is attached to the instance; attach one, or write keys "
                            "into the credentials file");
            }
            name = roles.front();
        }
        const auto body = metadata.raw(std::string(kRolePath) + name, patience);
        if (!body) {
            throw Error(Status::Internal, "RAM role " + name + " is not attached to the instance");
        }
        return parse_role_credentials(*body, name);
    };
}

CredentialSource oidc_source(http::Client& client, OidcSettings settings, Effects effects) {
    return [&client, settings = std::move(settings), effects = std::move(effects)](
               const Patience& patience) { return ask_sts(client, settings, effects, patience); };
}

CredentialSource auto_source(std::string path, std::optional<CredentialSource> oidc,
                             CredentialSource role) {
    return [path = std::move(path), oidc = std::move(oidc),
            role = std::move(role)](const Patience& patience) {
        try {
            return read_key_file(path);
        } catch (const Error& error) {
            if (error.status() != Status::Gone) {
                throw;
            }
        }
        return oidc ? (*oidc)(patience) : role(patience);
    };
}

}  // namespace terway::cloud
