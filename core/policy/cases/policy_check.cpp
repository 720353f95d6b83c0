#include "policy/cases/policy_check.hpp"

#include <algorithm>
#include <cctype>

#include "kube/object_sink.hpp"
#include "policy/cases/names.hpp"

namespace terway::policy {
namespace {

constexpr std::int64_t kHighestPort = 65535;

void check_key(const Part& key) {
    if (!is_qualified_name(key.text())) {
        key.refuse("\"" + key.text() + "\" is no label key");
    }
}

void check_value(const Part& value) {
    if (!is_label_value(value.text())) {
        value.refuse("\"" + value.text() + "\" is no label value");
    }
}

void check_expression(const Part& expression) {
    expression.check_members({"key", "operator", "values"});
    check_key(expression.at("key"));
    const auto op = expression.at("operator");
    const auto values = expression.list("values");
    if (op.text() == "In" || op.text() == "NotIn") {
        if (values.empty()) {
            expression.refuse(op.text() + " needs values");
        }
    } else if (op.text() == "Exists" || op.text() == "DoesNotExist") {
        if (!values.empty()) {
            expression.refuse(op.text() + " takes no values");
        }
    } else {
        op.refuse("\"" + op.text() + "\" is none of In, NotIn, Exists and DoesNotExist");
    }
    for (const auto& value : values) {
        check_value(value);
    }
}

void check_selector(const Part& selector) {
    selector.check_members({"matchLabels", "matchExpressions"});
    if (const auto labels = selector.find("matchLabels")) {
        for (const auto& [key, value] : labels->members()) {
            if (!is_qualified_name(key)) {
                value.refuse("\"" + key + "\" is no label key");
            }
            check_value(value);
        }
    }
    for (const auto& expression : selector.list("matchExpressions")) {
        check_expression(expression);
    }
}

Prefix read_cidr(const Part& part) {
    const auto prefix = Prefix::parse(part.text());
    if (!prefix) {
        part.refuse("\"" + part.text() + "\" is no CIDR");
    }
    return prefix->network();
}

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

void check_number(const Part& port) {
    if (port.number() < 1 || port.number() > kHighestPort) {
        port.refuse("must be from 1 to 65535");
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
        if (!is_port_name(port->text())) {
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

void check_says(const Part& object, std::string_view key, std::string_view wanted) {
    if (const auto said = object.find(key); said && said->text() != wanted) {
        said->refuse("must be \"" + std::string(wanted) + "\"");
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
    const auto shape = kube::Shape::object(kube::members_of<kube::NetworkPolicy>());
    kube::ObjectSink<kube::NetworkPolicy> sink(words, [](std::string_view) { return false; });
    kube::JsonReader reader(shape, sink);
    reader.feed(object.serialized());
    reader.finish();
    return sink.take();
}

kube::Pairs read_labels(const Part& object, kube::Words& words) {
    kube::Pairs labels;
    if (const auto found = object.find("labels")) {
        for (const auto& [key, value] : found->members()) {
            if (!is_qualified_name(key)) {
                value.refuse("\"" + key + "\" is no label key");
            }
            check_value(value);
            labels.emplace_back(words.word(key), words.word(value.text()));
        }
    }
    std::sort(labels.begin(), labels.end());
    return labels;
}

}  // namespace terway::policy
