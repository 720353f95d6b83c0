#include "cloud/credential_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "server.hpp"
#include "world.hpp"

namespace terway::cloud {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_http::Act;
using testing_http::in_turn;
using testing_http::Received;
using testing_http::Reply;
using testing_http::Server;

constexpr auto* kRoleAnswer =
    R"({"AccessKeyId":"STS.id","AccessKeySecret":"sss","SecurityToken":"ttt",)"
    R"("Expiration":"2026-01-01T06:00:00Z","Code":"Success"})";
constexpr auto* kStsAnswer =
    R"({"RequestId":"R","Credentials":{"AccessKeyId":"STS.id","AccessKeySecret":"sss",)"
    R"("SecurityToken":"ttt","Expiration":"2026-01-01T06:00:00Z"}})";

Credentials expected() {
    return {"STS.id", "sss", "ttt", parse_utc("2026-01-01T06:00:00Z")};
}

template <class Body>
std::string complaint_of(Body&& body) {
    try {
        static_cast<void>(body());
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

// A metadata service with or without a role.
Server::Handler service(const std::string& role, const std::string& answer) {
    return [=](const Received& received) -> Reply {
        if (received.method == "PUT") {
            return {200, "token"};
        }
        const std::string directory = "/latest/meta-data/ram/security-credentials/";
        if (received.target == directory && !role.empty()) {
            return {200, role};
        }
        if (received.target == directory + role && !role.empty()) {
            return {200, answer};
        }
        return {404, "Not Found"};
    };
}

class CredentialSourceTest : public testing::Test {
protected:
    CredentialSourceTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "terway-source-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~CredentialSourceTest() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        const auto path = directory_ + "/" + name;
        std::ofstream(path) << text;
        ::chmod(path.c_str(), 0600);
        return path;
    }
    [[nodiscard]] OidcSettings oidc(const Server& server) const {
        return {"acs:ram::1:role/r", "acs:ram::1:oidc-provider/p", directory_ + "/token", "terway",
                server.url()};
    }
    [[nodiscard]] CredentialSource oidc_with(const Server& server) {
        return oidc_source(client_, oidc(server), world_.effects());
    }

    World world_;
    std::string directory_;
    http::Client client_{http::Options{.allow_plain = true}};
};

TEST_F(CredentialSourceTest, TakesTheRoleThatIsAttachedToTheInstance) {
    const Server server(service("node-role", kRoleAnswer));
    MetadataClient metadata(server.url(), world_.effects());
    EXPECT_EQ(role_source(metadata, "")(a_while()), expected());
    EXPECT_EQ(role_source(metadata, "node-role")(a_while()), expected());
}

TEST_F(CredentialSourceTest, SaysThatNoRoleIsAttached) {
    const Server server(service("", ""));
    MetadataClient metadata(server.url(), world_.effects());
    EXPECT_THAT(complaint_of([&] { return role_source(metadata, "")(a_while()); }),
                HasSubstr("no RAM role is attached to the instance"));
    EXPECT_THAT(complaint_of([&] { return role_source(metadata, "other")(a_while()); }),
                HasSubstr("RAM role other is not attached"));
}

TEST_F(CredentialSourceTest, RefusesARoleWhoseCodeIsNotSuccess) {
    EXPECT_THAT(complaint_of([] {
                    return parse_role_credentials(R"({"Code":"Failed","AccessKeySecret":"hidden"})",
                                                  "r");
                }),
                AllOf(HasSubstr("RAM role r"), HasSubstr("Failed"), Not(HasSubstr("hidden"))));
    EXPECT_THAT(complaint_of([] {
                    return parse_role_credentials(
                        R"({"Code":"Success","AccessKeyId":"a","AccessKeySecret":"hidden"})", "r");
                }),
                AllOf(HasSubstr("lacks"), Not(HasSubstr("hidden"))));
    EXPECT_THAT(complaint_of([] { return parse_role_credentials("hidden", "r"); }),
                AllOf(HasSubstr("not a JSON object"), Not(HasSubstr("hidden"))));
}

TEST_F(CredentialSourceTest, AssumesARoleWithTheTokenOfTheServiceAccount) {
    const auto file = write("token", "first.token\n");
    const Server server(in_turn({{200, kStsAnswer}}));
    const auto source = oidc_with(server);
    EXPECT_EQ(source(a_while()), expected());
    static_cast<void>(write("token", "second.token"));
    static_cast<void>(source(a_while()));
    const auto requests = server.requests();
    EXPECT_EQ(requests.at(0).method, "POST");
    EXPECT_EQ(requests.at(0).query().at("Action"), "AssumeRoleWithOIDC");
    EXPECT_EQ(requests.at(0).query().at("Version"), "2015-04-01");
    EXPECT_EQ(requests.at(0).headers.count("authorization"), 0U);
    EXPECT_EQ(requests.at(0).body,
              "DurationSeconds=3600&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp&"
              "OIDCToken=first.token&RoleArn=acs%3Aram%3A%3A1%3Arole%2Fr&RoleSessionName=terway");
    EXPECT_THAT(requests.at(1).body, HasSubstr("OIDCToken=second.token&"));
}

TEST_F(CredentialSourceTest, TriesAgainWhatPassesAndNotWhatDoesNot) {
    static_cast<void>(write("token", "secret.token"));
    const Server server(in_turn(
        {{503, "<html>"},
         {.act = Act::Cut},
         {200, kStsAnswer},
         {400, R"({"Code":"AuthenticationFail.OIDCToken.Expired","Message":"secret.token!"})"}}));
    const auto source = oidc_with(server);
    EXPECT_EQ(source(a_while()), expected());
    EXPECT_EQ(server.requests().size(), 3U);
    EXPECT_THAT(
        complaint_of([&] { return source(a_while()); }),
        AllOf(HasSubstr("AuthenticationFail.OIDCToken.Expired"), Not(HasSubstr("secret.token"))));
    EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(CredentialSourceTest, NamesATokenFileThatIsMissing) {
    const Server server(in_turn({{200, kStsAnswer}}));
    EXPECT_THAT(complaint_of([&] { return oidc_with(server)(a_while()); }),
                HasSubstr(directory_ + "/token"));
}

TEST_F(CredentialSourceTest, FillsWhatIsNotSetFromTheEnvironment) {
    const auto lookup = [](const std::string& name) -> std::optional<std::string> {
        return name == "ALIBABA_CLOUD_OIDC_TOKEN_FILE" ? std::nullopt : std::optional("$" + name);
    };
    OidcSettings settings;
    settings.role_arn = "mine";
    settings = with_environment(settings, lookup);
    EXPECT_EQ(settings.role_arn, "mine");
    EXPECT_EQ(settings.provider_arn, "$ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    EXPECT_FALSE(settings.complete());
    settings.token_file = "/token";
    EXPECT_TRUE(settings.complete());
}

TEST_F(CredentialSourceTest, PrefersTheFileThenOidcThenTheRole) {
    const auto named = [](const std::string& name) {
        return [name](const Patience&) { return Credentials{name, "", "", std::nullopt}; };
    };
    const auto path = directory_ + "/keys.toml";
    EXPECT_EQ(auto_source(path, std::nullopt, named("role"))(a_while()).access_key_id, "role");
    const auto source = auto_source(path, named("oidc"), named("role"));
    EXPECT_EQ(source(a_while()).access_key_id, "oidc");
    static_cast<void>(
        write("keys.toml", "access_key_id = \"file\"\naccess_key_secret = \"secret\"\n"));
    EXPECT_EQ(source(a_while()).access_key_id, "file");
    ::chmod(path.c_str(), 0644);
    EXPECT_THAT(complaint_of([&] { return source(a_while()); }), HasSubstr("chmod 600"))
        << "a file that must not be used is no reason to use something else";
}

}  // namespace
}  // namespace terway::cloud
