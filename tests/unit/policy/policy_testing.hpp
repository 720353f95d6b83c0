// What the tests of the resolver share.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kube/network_policy.hpp"
#include "policy/cases/document.hpp"
#include "policy/cases/policy_check.hpp"
#include "policy/index.hpp"
#include "policy/picture.hpp"

namespace terway::policy {

inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}
inline Prefix net(const std::string& text) {
    return Prefix::parse(text).value();
}

inline kube::Pairs labels(std::vector<std::pair<std::string, std::string>> pairs) {
    kube::Pairs out;
    for (const auto& [key, value] : pairs) {
        out.emplace_back(kube::Word(key), kube::Word(value));
    }
    std::sort(out.begin(), out.end());
    return out;
}

inline kube::Pod pod(const std::string& space, const std::string& name, const std::string& address,
                     std::vector<std::pair<std::string, std::string>> pairs = {}) {
    kube::Pod pod;
    pod.meta.space = kube::Word(space);
    pod.meta.name = kube::Word(name);
    pod.meta.uid = kube::Word("uid-" + name);
    pod.meta.labels = labels(std::move(pairs));
    pod.phase = kube::Phase::Running;
    if (!address.empty()) {
        pod.addresses = {ip(address)};
    }
    return pod;
}

inline kube::Namespace space(const std::string& name,
                             std::vector<std::pair<std::string, std::string>> pairs = {}) {
    kube::Namespace space;
    space.meta.name = kube::Word(name);
    space.meta.labels = labels(std::move(pairs));
    return space;
}

// `spec` is JSON; of the namespace and name "x/p".
inline kube::NetworkPolicy policy(const std::string& spec, const std::string& space = "x",
                                  const std::string& name = "p") {
    kube::Words words;
    const Document document(R"({"metadata": {"namespace": ")" + space + R"(", "name": ")" + name +
                                R"("}, "spec": )" + spec + "}",
                            "policy.json");
    return read_policy(document.root(), words);
}

// `spec` is JSON.
inline kube::ClusterNetworkPolicy cluster_policy(const std::string& spec,
                                                 const std::string& name = "c") {
    kube::Words words;
    const Document document(R"({"metadata": {"name": ")" + name + R"("}, "spec": )" + spec + "}",
                            "policy.json");
    return read_cluster_policy(document.root(), words);
}

// An index with namespaces x and y, and what it told.
class Cluster {
public:
    Cluster() {
        index.set_namespace(space("x", {{"name", "x"}}));
        index.set_namespace(space("y", {{"name", "y"}}));
    }
    void local(const kube::Pod& pod) {
        index.set_pod(pod);
        index.set_endpoint({{pod.meta.space.text(), pod.meta.name.text()}, {}, {}});
    }
    Update take() {
        auto update = index.take();
        picture.apply(update);
        return update;
    }
    [[nodiscard]] bool ingress(const std::string& name, const std::string& from, std::uint16_t port,
                               Protocol protocol = Protocol::Tcp) const {
        return picture.allows(*picture.find({"x", name})->ingress, {ip(from), protocol, port});
    }
    [[nodiscard]] bool egress(const std::string& name, const std::string& to, std::uint16_t port,
                              Protocol protocol = Protocol::Tcp) const {
        return picture.allows(*picture.find({"x", name})->egress, {ip(to), protocol, port});
    }

    Index index;
    Picture picture;
};

}  // namespace terway::policy
