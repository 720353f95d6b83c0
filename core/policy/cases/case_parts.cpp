#include "policy/cases/case_parts.hpp"

#include <algorithm>

#include "policy/cases/names.hpp"
#include "policy/cases/policy_check.hpp"

namespace terway::policy {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";
constexpr std::int64_t kHighestPort = 65535;

IpAddress read_address(const Part& part) {
    const auto address = IpAddress::parse(part.text());
    if (!address) {
        part.refuse("\"" + part.text() + "\" is no address");
    }
    return *address;
}

// "ip" or "ips".
std::vector<IpAddress> read_addresses(const Part& part) {
    std::vector<IpAddress> addresses;
    for (const auto& each : part.list("ips")) {
        addresses.push_back(read_address(each));
    }
    if (const auto only = part.find("ip"); only && addresses.empty()) {
        addresses.push_back(read_address(*only));
    }
    return addresses;
}

CaseService read_service(const Part& part, kube::Words& words) {
    CaseService service;
    service.name = read_name(part);
    if (const auto selector = part.find("selector")) {
        for (const auto& [key, value] : selector->members()) {
            service.selector.emplace_back(words.word(key), words.word(value.text()));
        }
    }
    std::sort(service.selector.begin(), service.selector.end());
    for (const auto& each : part.list("ports")) {
        CaseService::Port port{read_protocol(each), read_port(each.at("port")), {}};
        port.target = port.number;
        if (const auto target = each.find("targetPort")) {
            if (target->is_text()) {
                port.target = target->text();
            } else {
                port.target = read_port(*target);
            }
        }
        service.ports.push_back(std::move(port));
    }
    return service;
}

}  // namespace

ObjectName read_name(const Part& part) {
    ObjectName name{part.at("namespace").text(), part.at("name").text()};
    if (name.space.empty() || name.name.empty()) {
        part.refuse("has an empty name");
    }
    return name;
}

Protocol read_protocol(const Part& part) {
    const auto said = part.find("protocol");
    if (!said) {
        return Protocol::Tcp;
    }
    const auto protocol = protocol_of(said->text());
    if (!protocol) {
        said->refuse("\"" + said->text() + "\" is none of TCP, UDP and SCTP");
    }
    return *protocol;
}

std::uint16_t read_port(const Part& part) {
    if (part.number() < 1 || part.number() > kHighestPort) {
        part.refuse("must be from 1 to 65535");
    }
    return static_cast<std::uint16_t>(part.number());
}

kube::Phase read_phase(const Part& part) {
    const auto text = part.text();
    if (text == "Pending") {
        return kube::Phase::Pending;
    }
    if (text == "Running") {
        return kube::Phase::Running;
    }
    if (text == "Succeeded") {
        return kube::Phase::Succeeded;
    }
    if (text == "Failed") {
        return kube::Phase::Failed;
    }
    if (text != "Unknown") {
        part.refuse("\"" + text + "\" is no phase");
    }
    return kube::Phase::Unknown;
}

kube::Pairs namespace_labels(const std::string& name, const Part& part, kube::Words& words) {
    auto labels = read_labels(part, words);
    std::erase_if(labels, [](const auto& pair) { return pair.first == kNameLabel; });
    labels.emplace_back(words.word(kNameLabel), words.word(name));  // the API server sees to it
    std::sort(labels.begin(), labels.end());
    return labels;
}

kube::Pod read_pod(const Part& part, kube::Words& words) {
    kube::Pod pod;
    const auto name = read_name(part);
    pod.meta.space = words.word(name.space);
    pod.meta.name = words.word(name.name);
    pod.meta.labels = read_labels(part, words);
    pod.phase = kube::Phase::Running;
    pod.addresses = read_addresses(part);
    if (const auto node = part.find("node")) {
        pod.node = words.word(node->text());
    }
    if (const auto host = part.find("hostNetwork")) {
        pod.host_network = host->flag();
    }
    if (const auto phase = part.find("phase")) {
        pod.phase = read_phase(*phase);
    }
    if (const auto deletion = part.find("deletionTimestamp")) {
        pod.meta.deletion = words.word(deletion->text());
    }
    for (const auto& each : part.list("ports")) {
        const auto port_name = each.find("name");
        const auto number = each.find("port");
        const auto port = read_port(number ? *number : each.at("containerPort"));
        if (port_name) {
            pod.ports.push_back({words.word(port_name->text()), port, read_protocol(each)});
        }
    }
    return pod;
}

CaseCluster read_cluster(const Part& part, kube::Words& words) {
    CaseCluster cluster;
    for (const auto& [name, each] : part.at("namespaces").members()) {
        cluster.namespaces.push_back({name, namespace_labels(name, each, words)});
    }
    if (const auto nodes = part.find("nodes")) {
        for (const auto& [name, each] : nodes->members()) {
            cluster.nodes.push_back({name, read_addresses(each)});
        }
    }
    for (const auto& each : part.list("pods")) {
        cluster.pods.push_back(read_pod(each, words));
        const auto& space = cluster.pods.back().meta.space;
        if (std::none_of(cluster.namespaces.begin(), cluster.namespaces.end(),
                         [&](const auto& known) { return space == known.name; })) {
            each.refuse("is in the namespace " + space.text() + ", which does not exist");
        }
    }
    for (const auto& each : part.list("externals")) {
        cluster.externals.push_back({each.at("name").text(), read_addresses(each)});
    }
    for (const auto& each : part.list("services")) {
        cluster.services.push_back(read_service(each, words));
    }
    return cluster;
}

}  // namespace terway::policy
