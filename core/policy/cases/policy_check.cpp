#include "policy/cases/policy_check.hpp"

#include "policy/cases/check_parts.hpp"
#include "policy/cases/names.hpp"

namespace terway::policy {
namespace {

void check_block(const Part& block) {
    block.check_members({"cidr", "except"});
    const auto cidr = read_cidr(block.at("cidr"));
    for (const auto& each : block.list("except")) {
        const auto except = read_cidr(each);
        if (except.family() != cidr.family() || !cidr.contains(except.address()) ||
            except.length() <= cidr.length()) {
            each.refuse("is not within " + cidr.text());
        }
    }
}

void check_peer(const Part& peer) {
    peer.check_members({"podSelector", "namespaceSelector", "ipBlock"});
    const auto pods = peer.find("podSelector");
    const auto spaces = peer.find("namespaceSelector");
    const auto block = peer.find("ipBlock");
    if (block && (pods || spaces)) {
        peer.refuse("has an ipBlock and a selector");
    }
    if (!block && !pods && !spaces) {
        peer.refuse("must have a podSelector, a namespaceSelector or an ipBlock");
    }
    for (const auto& selector : {pods, spaces}) {
        if (selector) {
            check_selector(*selector);
        }
    }
    if (block) {
        check_block(*block);
    }
}

void check_port(const Part& part) {
    part.check_members({"protocol", "port", "endPort"});
    if (const auto protocol = part.find("protocol"); protocol && !protocol_of(protocol->text())) {
        protocol->refuse("\"" + protocol->text() + "\" is none of TCP, UDP and SCTP");
    }
    const auto port = part.find("port");
    const auto end = part.find("endPort");
    if (port && port->is_text()) {
        if (!kube::is_port_name(port->text())) {
            port->refuse("\"" + port->text() + "\" is no port name");
        }
        if (end) {
            end->refuse("does not go with a name");
        }
    } else if (port) {
        check_number(*port);
    }
    if (end) {
        if (!port) {
            end->refuse("needs a port");
        }
        check_number(*end);
        if (end->number() < port->number()) {
            end->refuse("is less than the port");
        }
    }
}

void check_rules(const Part& spec, std::string_view direction, std::string_view peers) {
    for (const auto& rule : spec.list(direction)) {
        rule.check_members({"ports", peers});
        for (const auto& port : rule.list("ports")) {
            check_port(port);
        }
        for (const auto& peer : rule.list(peers)) {
            check_peer(peer);
        }
    }
}

void check_types(const Part& spec) {
    const auto types = spec.list("policyTypes");
    if (types.size() > 2) {
        spec.at("policyTypes").refuse("has more than two");
    }
    for (const auto& type : types) {
        if (type.text() != "Ingress" && type.text() != "Egress") {
            type.refuse("\"" + type.text() + "\" is neither Ingress nor Egress");
        }
    }
}

void check_policy(const Part& object) {
    check_says(object, "apiVersion", "networking.k8s.io/v1");
    check_says(object, "kind", "NetworkPolicy");
    const auto meta = object.at("metadata");
    for (const auto* const key : {"namespace", "name"}) {
        if (meta.at(key).text().empty()) {
            meta.at(key).refuse("is empty");
        }
    }
    const auto spec = object.find("spec");
    if (!spec) {
        return;
    }
    spec->check_members({"podSelector", "policyTypes", "ingress", "egress"});
    if (const auto pods = spec->find("podSelector")) {
        check_selector(*pods);
    }
    check_types(*spec);
    check_rules(*spec, "ingress", "from");
    check_rules(*spec, "egress", "to");
}

}  // namespace

kube::NetworkPolicy read_policy(const Part& object, kube::Words& words) {
    check_policy(object);
    return read_object<kube::NetworkPolicy>(object, words);
}

}  // namespace terway::policy
