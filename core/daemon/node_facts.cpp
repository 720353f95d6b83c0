#include "daemon/node_facts.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;

constexpr const char* kKind = "node";
constexpr const char* kName = "facts";

json::array list(const std::vector<std::string>& items) {
    json::array all;
    for (const auto& item : items) {
        all.emplace_back(item);
    }
    return all;
}

std::string text_of(const json::value& value) {
    return std::string(value.as_string());
}

std::vector<std::string> texts_of(const json::value& value) {
    std::vector<std::string> all;
    for (const auto& item : value.as_array()) {
        all.push_back(text_of(item));
    }
    return all;
}

std::string serialize(const NodeFacts& facts) {
    const auto& instance = facts.instance;
    return json::serialize(json::object{{"instance", instance.instance},
                                        {"type", instance.type},
                                        {"region", instance.region},
                                        {"zone", instance.zone},
                                        {"vpc", instance.vpc},
                                        {"vswitch", instance.vswitch},
                                        {"mac", instance.mac.text()},
                                        {"private_ipv4", instance.private_ipv4.text()},
                                        {"vswitches", list(facts.vswitches)},
                                        {"security_groups", list(facts.security_groups)}});
}

NodeFacts parse(const std::string& body) {
    const auto value = json::parse(body);
    NodeFacts facts;
    facts.instance = {text_of(value.at("instance")),
                      text_of(value.at("type")),
                      text_of(value.at("region")),
                      text_of(value.at("zone")),
                      text_of(value.at("vpc")),
                      text_of(value.at("vswitch")),
                      Mac::parse(text_of(value.at("mac"))).value(),
                      IpAddress::parse(text_of(value.at("private_ipv4"))).value()};
    facts.vswitches = texts_of(value.at("vswitches"));
    facts.security_groups = texts_of(value.at("security_groups"));
    return facts;
}

std::vector<std::string> groups_of_primary(const cloud::InstanceFacts& instance, cloud::Api& api,
                                           const cloud::Patience& patience) {
    cloud::EniFilter filter;
    filter.instance = instance.instance;
    for (const auto& eni : api.describe_enis(filter, patience)) {
        if (eni.type == cloud::EniType::Primary) {
            return eni.security_groups;
        }
    }
    throw Error(Status::Internal,
                "the cloud shows no primary ENI of " + instance.instance +
                    " (a RAM user without rights sees an empty list); grant "
                    "ecs:DescribeNetworkInterfaces or set [cloud] security_groups");
}

}  // namespace

cloud::InstanceFacts learn_instance(const profile::Cloud& settings, cloud::Metadata& metadata,
                                    const cloud::Patience& patience) {
    cloud::InstanceFacts facts;
    try {
        facts = metadata.instance(patience);
    } catch (const Error& error) {
        throw error.within(
            "what this instance is cannot be learned from the metadata service " +
            settings.metadata +
            "; is this an ECS instance, and does nothing (a firewall, a proxy) stand in between?");
    }
    const auto prefer = [](std::string& fact, const std::string& said) {
        if (!said.empty()) {
            fact = said;
        }
    };
    prefer(facts.region, settings.region);
    prefer(facts.instance, settings.instance);
    prefer(facts.type, settings.instance_type);
    return facts;
}

NodeFacts learn_node(const profile::Cloud& settings, const cloud::InstanceFacts& instance,
                     cloud::Api& api, const cloud::Patience& patience) {
    NodeFacts facts;
    facts.instance = instance;
    facts.vswitches = settings.vswitches;
    if (facts.vswitches.empty()) {
        facts.vswitches.push_back(instance.vswitch);
    }
    facts.security_groups = settings.security_groups;
    if (facts.security_groups.empty()) {
        facts.security_groups = groups_of_primary(instance, api, patience);
    }
    return facts;
}

std::optional<NodeFacts> remembered_node(store::Store& store, const std::string& instance) {
    for (const auto& note : store.notes(kKind)) {
        if (note.name != kName) {
            continue;  // others remember things of the node, too
        }
        try {
            auto facts = parse(note.body);
            if (instance.empty() || instance == facts.instance.instance) {
                return facts;
            }
        } catch (const std::exception& error) {
            log::warning("what was remembered of the node cannot be read",
                         {{"reason", error.what()}});
        }
    }
    return std::nullopt;
}

void remember_node(store::Store& store, const NodeFacts& facts) {
    store.put_note(kKind, kName, serialize(facts));
}

}  // namespace terway::daemon
