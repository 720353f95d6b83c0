// Where the API server is and how to prove who we are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/http.hpp"

namespace terway::kube {

struct Access {
    std::string server;  // "https://10.0.0.1:6443", without a slash at the end
    http::Options http;
    std::string token;
    std::string token_file;  // instead of `token`
    std::string space;       // the namespace that goes without saying
    std::string origin;      // where all this is from, for people
};

inline constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

// What each container of a pod is given. `lookup` is like getenv. Throws Error(Invalid), saying
// what is missing: then this is no pod, or one without a service account.
[[nodiscard]] Access in_cluster(
    const std::function<std::optional<std::string>(const std::string&)>& lookup,
    const std::string& directory = kServiceAccount);

struct KubeconfigChoice {
    std::string context{};        // instead of the file's current-context
    bool allow_insecure = false;  // whether insecure-skip-tls-verify and http:// are obeyed
};

// `name` is the file's, for complaints, which have line and column; relative paths begin at its
// directory. Throws Error(Invalid), never with a value that is secret. Pure.
[[nodiscard]] Access parse_kubeconfig(const std::string& text, const std::string& name,
                                      const KubeconfigChoice& choice = {});
// Throws Error(Gone) if there is no such file.
[[nodiscard]] Access read_kubeconfig(const std::string& path, const KubeconfigChoice& choice = {});

}  // namespace terway::kube
