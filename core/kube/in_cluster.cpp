#include <sys/stat.h>

#include "base/file.hpp"
#include "kube/access.hpp"
#include "terway/error.hpp"

namespace terway::kube {
namespace {

std::string needed_file(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        throw Error(Status::Invalid, "no Kubernetes service account: there is no " + path);
    }
    return path;
}

std::string first_line(const std::string& path) {
    const auto text = read_file(path, 4096);
    return text.substr(0, text.find('\n'));
}

}  // namespace

Access in_cluster(const std::function<std::optional<std::string>(const std::string&)>& lookup,
                  const std::string& directory) {
    const auto needed = [&](const std::string& variable) {
        auto value = lookup(variable).value_or("");
        if (value.empty()) {
            throw Error(Status::Invalid,
                        "not inside a Kubernetes cluster: the environment has no " + variable);
        }
        return value;
    };
    auto host = needed("KUBERNETES_SERVICE_HOST");
    if (host.find(':') != std::string::npos) {
        host = "[" + host + "]";
    }
    Access access;
    access.server = "https://" + host + ":" + needed("KUBERNETES_SERVICE_PORT");
    access.http.ca_file = needed_file(directory + "/ca.crt");
    access.token_file = needed_file(directory + "/token");
    access.space = first_line(needed_file(directory + "/namespace"));
    access.origin = "in-cluster";
    return access;
}

}  // namespace terway::kube
