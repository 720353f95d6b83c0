#include <filesystem>

#include <yaml-cpp/yaml.h>

#include "base/file.hpp"
#include "kube/access.hpp"
#include "kube/base64.hpp"
#include "terway/error.hpp"

namespace terway::kube {
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;

class Kubeconfig {
public:
    Kubeconfig(const std::string& text, const std::string& name) : name_(name) {
        try {
            root_ = YAML::Load(text);
        } catch (const YAML::Exception& error) {
            fail(error.mark, error.msg);
        }
        if (!root_.IsMap()) {
            fail(root_.Mark(), "a kubeconfig is a map");
        }
    }

    [[nodiscard]] YAML::Node root() const { return root_; }

    [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
        const auto place =
            mark.is_null() ? std::string("1:1")
                           : std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
        throw Error(Status::Invalid, name_ + ":" + place + ": " + what);
    }

    // Empty if it is missing.
    [[nodiscard]] std::string text(const YAML::Node& map, const std::string& key) const {
        const auto node = map[key];
        if (!node || node.IsNull()) {
            return "";
        }
        if (!node.IsScalar()) {
            fail(node.Mark(), key + " is not a text");
        }
        return node.Scalar();
    }

    [[nodiscard]] bool flag(const YAML::Node& map, const std::string& key) const {
        const auto value = text(map, key);
        if (!value.empty() && value != "true" && value != "false") {
            fail(map[key].Mark(), key + " is neither true nor false");
        }
        return value == "true";
    }

    // The `inner` map of the entry of `list` with that name.
    [[nodiscard]] YAML::Node entry(const std::string& list, const std::string& wanted,
                                   const std::string& inner, const YAML::Mark& asked) const {
        const auto entries = root_[list];
        if (entries && !entries.IsNull() && !entries.IsSequence()) {
            fail(entries.Mark(), list + " is not a list");
        }
        for (std::size_t i = 0; entries && i < entries.size(); ++i) {
            const auto one = entries[i];
            if (!one.IsMap()) {
                fail(one.Mark(), "an entry of " + list + " is not a map");
            }
            if (text(one, "name") != wanted) {
                continue;
            }
            if (!one[inner] || !one[inner].IsMap()) {
                fail(one.Mark(), "\"" + wanted + "\" has no map \"" + inner + "\"");
            }
            return one[inner];
        }
        fail(asked, "there is no \"" + wanted + "\" in " + list);
    }

    void refuse(const YAML::Node& map, const std::string& key, const std::string& instead) const {
        if (map[key] && !map[key].IsNull()) {
            fail(map[key].Mark(), key + " is not supported: " + instead);
        }
    }

    // "x" is a file, "x-data" its content; the content counts for more, as for others.
    [[nodiscard]] http::Pem pem(const YAML::Node& map, const std::string& key) const {
        if (const auto data = text(map, key + "-data"); !data.empty()) {
            auto decoded = base64_decoded(data);
            if (!decoded || decoded->find("-----BEGIN ") == std::string::npos) {
                fail(map[key + "-data"].Mark(), key + "-data is not PEM in base64");
            }
            return {"", std::move(*decoded)};
        }
        return {path(text(map, key)), ""};
    }

    [[nodiscard]] std::string path(const std::string& text) const {
        return text.empty() ? "" : (std::filesystem::path(name_).parent_path() / text).string();
    }

private:
    const std::string name_;
    YAML::Node root_;
};

void read_cluster(const Kubeconfig& file, const YAML::Node& cluster, bool allow_insecure,
                  Access& access) {
    file.refuse(cluster, "proxy-url", "Terway reaches the API server without a proxy");
    file.refuse(cluster, "tls-server-name", "name the server as its certificate does");
    access.server = file.text(cluster, "server");
    while (access.server.ends_with('/')) {
        access.server.pop_back();
    }
    const bool is_plain = access.server.starts_with("http://");
    if (!is_plain && !access.server.starts_with("https://")) {
        file.fail(cluster.Mark(), "the cluster's server must begin with https://");
    }
    // It is logged, and paths are put behind it.
    if (access.server.find_first_of("@?# \t\r\n") != std::string::npos) {
        file.fail(cluster["server"].Mark(),
                  "the cluster's server is https://, a host, and perhaps a port and a path");
    }
    const bool is_blind = file.flag(cluster, "insecure-skip-tls-verify");
    if (!allow_insecure && (is_plain || is_blind)) {
        file.fail(cluster[is_plain ? "server" : "insecure-skip-tls-verify"].Mark(),
                  is_plain ? "http:// would send the token in the clear; use https://"
                           : "insecure-skip-tls-verify is refused; give the cluster's "
                             "certificate-authority");
    }
    access.http.allow_plain = is_plain;
    access.http.verify = !is_blind;
    const auto authority = file.pem(cluster, "certificate-authority");
    access.http.ca_file = authority.file;
    access.http.ca_text = authority.text;
}

void read_user(const Kubeconfig& file, const YAML::Node& user, Access& access) {
    file.refuse(user, "exec", "use a token file or a client certificate");
    file.refuse(user, "auth-provider", "use a token file or a client certificate");
    file.refuse(user, "username", "API servers take no passwords any more");
    file.refuse(user, "as", "give Terway an account of its own");
    access.token_file = file.path(file.text(user, "tokenFile"));
    access.token = access.token_file.empty() ? file.text(user, "token") : "";
    access.http.certificate = file.pem(user, "client-certificate");
    access.http.key = file.pem(user, "client-key");
    if (access.http.certificate.empty() != access.http.key.empty()) {
        file.fail(user.Mark(), "client-certificate and client-key go together");
    }
}

}  // namespace

Access parse_kubeconfig(const std::string& text, const std::string& name,
                        const KubeconfigChoice& choice) {
    const Kubeconfig file(text, name);
    auto wanted = choice.context;
    auto asked = file.root().Mark();
    if (wanted.empty()) {
        wanted = file.text(file.root(), "current-context");
        if (wanted.empty()) {
            file.fail(asked, "there is no current-context");
        }
        asked = file.root()["current-context"].Mark();
    }
    const auto context = file.entry("contexts", wanted, "context", asked);
    Access access;
    access.space = file.text(context, "namespace");
    access.origin = name;
    const auto cluster = file.text(context, "cluster");
    read_cluster(file, file.entry("clusters", cluster, "cluster", context.Mark()),
                 choice.allow_insecure, access);
    if (const auto user = file.text(context, "user"); !user.empty()) {
        read_user(file, file.entry("users", user, "user", context.Mark()), access);
    }
    return access;
}

Access read_kubeconfig(const std::string& path, const KubeconfigChoice& choice) {
    auto access = parse_kubeconfig(read_regular_file(path, kLargestFile), path, choice);
    for (const auto* file : {&access.http.ca_file, &access.http.certificate.file,
                             &access.http.key.file, &access.token_file}) {
        require_regular_file(*file);
    }
    return access;
}

}  // namespace terway::kube
