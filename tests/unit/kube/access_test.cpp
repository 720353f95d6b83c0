#include "kube/access.hpp"

#include <sys/stat.h>

#include <map>

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "kube/base64.hpp"
#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

auto environment(const std::map<std::string, std::string>& variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

TEST(KubeInCluster, IsWhatAPodIsGiven) {
    const Directory directory;
    for (const auto& [name, text] :
         {std::pair("ca.crt", "PEM"), {"token", "t"}, {"namespace", "kube-system\n"}}) {
        write_file_durably(directory.at(name), text);
    }
    const auto access = in_cluster(
        environment({{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}}),
        directory.at(""));
    EXPECT_EQ(access.server, "https://10.96.0.1:443");
    EXPECT_THAT(access.http.ca_file, HasSubstr("ca.crt"));
    EXPECT_THAT(access.token_file, HasSubstr("token"));
    EXPECT_EQ(access.space, "kube-system");
    EXPECT_TRUE(access.http.verify);
    EXPECT_FALSE(access.http.allow_plain);
    const auto six = in_cluster(
        environment({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}}),
        directory.at(""));
    EXPECT_EQ(six.server, "https://[fd00::1]:6443");
}

TEST(KubeInCluster, SaysWhatIsMissing) {
    EXPECT_THAT(complaint_of([] { (void)in_cluster(environment({})); }),
                HasSubstr("KUBERNETES_SERVICE_HOST"));
    EXPECT_THAT(complaint_of([] {
                    (void)in_cluster(environment({{"KUBERNETES_SERVICE_HOST", "a"},
                                                  {"KUBERNETES_SERVICE_PORT", "1"}}),
                                     "/nonexistent");
                }),
                HasSubstr("/nonexistent/ca.crt"));
}

// A kubeconfig whose user and cluster have these members, in YAML's flow style.
std::string kubeconfig(const std::string& user, const std::string& cluster) {
    return "apiVersion: v1\n"
           "kind: Config\n"
           "current-context: there\n"
           "contexts:\n"
           "- name: elsewhere\n"
           "  context: {cluster: c2, user: u}\n"
           "- name: there\n"
           "  context: {cluster: c, user: u, namespace: ns}\n"
           "clusters:\n"
           "- name: c\n"
           "  cluster: {" +
           cluster +
           "}\n"
           "- name: c2\n"
           "  cluster: {server: 'https://two:1/'}\n"
           "users:\n"
           "- name: u\n"
           "  user: {" +
           user + "}\n";
}

constexpr const char* kServer = "server: 'https://one:6443/'";

TEST(Kubeconfig, FollowsTheCurrentContext) {
    const auto access = parse_kubeconfig(
        kubeconfig("token: secret", std::string(kServer) + ", certificate-authority: pki/ca.crt"),
        "/etc/kubernetes/admin.conf");
    EXPECT_EQ(access.server, "https://one:6443");
    EXPECT_EQ(access.http.ca_file, "/etc/kubernetes/pki/ca.crt");
    EXPECT_EQ(access.token, "secret");
    EXPECT_EQ(access.space, "ns");
    EXPECT_EQ(access.origin, "/etc/kubernetes/admin.conf");
}

TEST(Kubeconfig, FollowsAnotherContextWhenTold) {
    const auto access = parse_kubeconfig(kubeconfig("", kServer), "k", {.context = "elsewhere"});
    EXPECT_EQ(access.server, "https://two:1");
}

TEST(Kubeconfig, MayHoldCertificatesItself) {
    const std::string data = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";  // -----BEGIN CERTIFICATE-----
    const auto access = parse_kubeconfig(
        kubeconfig("client-certificate-data: " + data + ", client-key-data: " + data,
                   std::string(kServer) + ", certificate-authority-data: " + data),
        "k");
    EXPECT_EQ(access.http.ca_text, "-----BEGIN CERTIFICATE-----");
    EXPECT_EQ(access.http.certificate.text, "-----BEGIN CERTIFICATE-----");
    EXPECT_EQ(access.http.key.text, "-----BEGIN CERTIFICATE-----");
}

TEST(Kubeconfig, MayNameFilesBesideIt) {
    const auto access = parse_kubeconfig(
        kubeconfig("client-certificate: /abs/c.pem, client-key: k.pem, tokenFile: t, token: old",
                   kServer),
        "/dir/config");
    EXPECT_EQ(access.http.certificate.file, "/abs/c.pem");
    EXPECT_EQ(access.http.key.file, "/dir/k.pem");
    EXPECT_EQ(access.token_file, "/dir/t");
    EXPECT_EQ(access.token, "");
}

TEST(Kubeconfig, MayBeJson) {
    EXPECT_EQ(parse_kubeconfig(R"({"current-context":"x",
        "contexts":[{"name":"x","context":{"cluster":"c"}}],
        "clusters":[{"name":"c","cluster":{"server":"https://h"}}]})",
                               "k")
                  .server,
              "https://h");
}

std::string complaint(const std::string& text, const KubeconfigChoice& choice = {}) {
    return complaint_of([&] { (void)parse_kubeconfig(text, "kc", choice); });
}

TEST(Kubeconfig, IsRefusedWithLineAndColumn) {
    EXPECT_THAT(complaint(kubeconfig("exec: {command: aws}", kServer)),
                AllOf(StartsWith("kc:16:16: "), HasSubstr("exec is not supported")));
    EXPECT_THAT(complaint(kubeconfig("auth-provider: {name: gcp}", kServer)),
                HasSubstr("auth-provider is not supported"));
    EXPECT_THAT(complaint("a: [1,\nb: }"), StartsWith("kc:2:"));
    EXPECT_THAT(complaint(""), HasSubstr("a kubeconfig is a map"));
    EXPECT_THAT(complaint("current-context: x\n"),
                AllOf(StartsWith("kc:1:18: "), HasSubstr("no \"x\" in contexts")));
    EXPECT_THAT(complaint("contexts: []\n"), HasSubstr("no current-context"));
    EXPECT_THAT(complaint(kubeconfig("", "server: 'ftp://x'")), HasSubstr("https://"));
    EXPECT_THAT(complaint(kubeconfig("", kServer), {.context = "nowhere"}),
                HasSubstr("no \"nowhere\" in contexts"));
    EXPECT_THAT(complaint(kubeconfig("client-key: k.pem", kServer)), HasSubstr("go together"));
    EXPECT_THAT(complaint(kubeconfig("token: [a]", kServer)),
                AllOf(StartsWith("kc:16:"), HasSubstr("not a text")));
}

TEST(Kubeconfig, IsBlindOnlyWhenToldOtherwise) {
    const auto blind =
        kubeconfig("token: t", std::string(kServer) + ", insecure-skip-tls-verify: true");
    EXPECT_THAT(complaint(blind), HasSubstr("insecure-skip-tls-verify is refused"));
    EXPECT_FALSE(parse_kubeconfig(blind, "k", {.allow_insecure = true}).http.verify);
    const auto plain = kubeconfig("token: t", "server: 'http://one'");
    EXPECT_THAT(complaint(plain), HasSubstr("in the clear"));
    EXPECT_TRUE(parse_kubeconfig(plain, "k", {.allow_insecure = true}).http.allow_plain);
}

TEST(Kubeconfig, KeepsSecretsOutOfComplaints) {
    EXPECT_THAT(complaint(kubeconfig("client-key-data: c2VjcmV0", kServer)),
                AllOf(HasSubstr("client-key-data is not PEM"), Not(HasSubstr("c2VjcmV0"))));
}

TEST(Kubeconfig, NamesAServerWithoutAnythingSecretOrSuperfluous) {
    for (const auto* server :
         {"https://user:secret@one", "https://one/?token=secret", "https://one#x", "https://"}) {
        EXPECT_THAT(complaint(kubeconfig("", std::string("server: '") + server + "'")),
                    AllOf(HasSubstr("server"), Not(HasSubstr("secret"))));
    }
    EXPECT_EQ(parse_kubeconfig(kubeconfig("", "server: 'https://one/k8s/clusters/c'"), "k").server,
              "https://one/k8s/clusters/c");
}

TEST(Kubeconfig, IsNoPipeNorNamesOne) {
    const Directory directory;
    const auto pipe = directory.at("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(complaint_of([&] { (void)read_kubeconfig(pipe); }),
                AllOf(HasSubstr(pipe), HasSubstr("no regular file")));
    for (const auto& [user, cluster] :
         {std::pair("tokenFile: pipe", ""), std::pair("", ", certificate-authority: pipe"),
          std::pair("client-certificate: pipe, client-key: pipe", "")}) {
        const auto file = directory.at("kubeconfig");
        write_file_durably(file, kubeconfig(user, std::string(kServer) + cluster));
        EXPECT_THAT(complaint_of([&] { (void)read_kubeconfig(file); }),
                    AllOf(HasSubstr(pipe), HasSubstr("no regular file")));
    }
}

TEST(KubeBase64, IsDecoded) {
    EXPECT_EQ(base64_decoded(""), "");
    EXPECT_EQ(base64_decoded("YQ=="), "a");
    EXPECT_EQ(base64_decoded("YWI="), "ab");
    EXPECT_EQ(base64_decoded("YW\nJj\n"), "abc");
    EXPECT_EQ(base64_decoded("/+8="), "\xff\xef");
    for (const auto* odd : {"Y", "YQ=", "YQ==YQ==", "Y===", "Y-Q=", "===="}) {
        EXPECT_EQ(base64_decoded(odd), std::nullopt) << odd;
    }
}

}  // namespace
}  // namespace terway::kube
