#include "policy_rules.hpp"

#include <sstream>

#include "base/address.hpp"
#include "endpoint_socket.hpp"
#include "policy_objects.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;

constexpr unsigned kFirstPort = 20'000;  // of policies that do not concern the traffic
constexpr const char* kMembership = "crowd";

// The last of the policies is the one with the traffic's port.
bool is_last(const PolicyLoad& load, unsigned number) {
    return number + 1 == load.policies;
}

std::string group(unsigned number) {
    return "g" + std::to_string(number);
}

json::object meta(const std::string& name, json::object labels) {
    return {{"name", name},
            {"namespace", kLoadSpace},
            {"uid", "uid-" + name},
            {"labels", std::move(labels)}};
}

json::object other_pod(const std::string& name, json::object labels, const std::string& address) {
    json::object pod{{"metadata", meta(name, std::move(labels))},
                     {"spec", json::object{{"nodeName", "node-b"}}},
                     {"status", json::object()}};
    give_address(pod, address);
    return pod;
}

std::string group_address(unsigned number) {
    return IpAddress::parse("10.80.0.0").value().plus(number + 1).text();
}

json::object policy(const PolicyLoad& load, unsigned number) {
    const bool last = is_last(load, number);
    const auto key = last ? kMembership : "group";
    const json::object who{
        {"podSelector",
         json::object{{"matchLabels", json::object{{key, last ? "yes" : group(number)}}}}}};
    json::array ports;
    for (const auto* const protocol : {"TCP", "UDP"}) {
        ports.push_back(json::object{{"protocol", protocol},
                                     {"port", last ? kTrafficPort : kFirstPort + number}});
    }
    return {
        {"metadata", meta((last ? "z" : "p") + std::to_string(number), {})},
        {"spec",
         json::object{
             {"podSelector", json::object()},
             {"policyTypes", json::array{"Ingress", "Egress"}},
             {"ingress", json::array{json::object{{"ports", ports}, {"from", json::array{who}}}}},
             {"egress", json::array{json::object{{"ports", ports}, {"to", json::array{who}}}}},
         }}};
}

// Felix's marks: accepted, and passed on to the profiles.
constexpr const char* kAccept = "0x10000/0x10000";
constexpr const char* kNoAccept = "0x0/0x10000";
constexpr const char* kNoPass = "0x0/0x20000";

std::string set_name(unsigned number) {
    return "cali40s:" + std::to_string(number);
}

// What a direction is to Felix: how packets of a pod are told, and the names of its chains.
struct Way {
    const char* option;    // of the link
    const char* dispatch;  // chain
    const char* endpoint;  // chains
    const char* policy;    // chains
    const char* peer;      // which end a set names
};
constexpr Way kWays[] = {{"-i", "cali-from-wl-dispatch", "cali-fw-", "cali-po-", "dst"},
                         {"-o", "cali-to-wl-dispatch", "cali-tw-", "cali-pi-", "src"}};

void put_endpoint(std::ostringstream& out, const Way& way, const PolicyLoad& load,
                  const std::string& link) {
    const auto chain = way.endpoint + link;
    const auto rule = [&](const std::string& text) {
        out << "-A " << chain << " " << text << "\n";
    };
    rule("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    rule("-m conntrack --ctstate INVALID -j DROP");
    rule(std::string("-j MARK --set-xmark ") + kNoAccept);
    if (load.policies != 0) {
        rule(std::string("-j MARK --set-xmark ") + kNoPass);
        for (unsigned number = 0; number < load.policies; ++number) {
            rule(std::string("-m mark --mark ") + kNoPass + " -j " + way.policy +
                 std::to_string(number));
            rule(std::string("-m mark --mark ") + kAccept + " -j RETURN");
        }
        rule(std::string("-m mark --mark ") + kNoPass + " -j DROP");
    }
    rule("-j cali-pro-default");
    rule(std::string("-m mark --mark ") + kAccept + " -j RETURN");
    rule("-j DROP");
    out << "-A " << way.dispatch << " " << way.option << " " << link << " -g " << chain << "\n";
}

void put_policy(std::ostringstream& out, const Way& way, const PolicyLoad& load, unsigned number) {
    const auto chain = way.policy + std::to_string(number);
    const auto port = is_last(load, number) ? kTrafficPort : kFirstPort + number;
    for (const auto* const protocol : {"tcp", "udp"}) {
        out << "-A " << chain << " -p " << protocol << " -m set --match-set " << set_name(number)
            << " " << way.peer << " -m multiport --dports " << port << " -j MARK --set-xmark "
            << kAccept << "\n-A " << chain << " -m mark --mark " << kAccept << " -j RETURN\n";
    }
}

std::string iptables_text(const PolicyLoad& load, const std::vector<std::string>& links) {
    std::ostringstream out;
    out << "*filter\n:cali-FORWARD - [0:0]\n:cali-pro-default - [0:0]\n";
    for (const auto& way : kWays) {
        out << ":" << way.dispatch << " - [0:0]\n";
        for (const auto& link : links) {
            out << ":" << way.endpoint << link << " - [0:0]\n";
        }
        for (unsigned number = 0; number < load.policies; ++number) {
            out << ":" << way.policy << number << " - [0:0]\n";
        }
    }
    out << "-A FORWARD -j cali-FORWARD\n-A FORWARD -m mark --mark " << kAccept
        << " -j ACCEPT\n-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000\n"
        << "-A cali-pro-default -j MARK --set-xmark " << kAccept << "\n";
    for (const auto& way : kWays) {
        out << "-A cali-FORWARD " << way.option << " cali+ -j " << way.dispatch << "\n";
        for (const auto& link : links) {
            put_endpoint(out, way, load, link);
        }
        out << "-A " << way.dispatch << " -j DROP\n";
        for (unsigned number = 0; number < load.policies; ++number) {
            put_policy(out, way, load, number);
        }
    }
    out << "COMMIT\n";
    return out.str();
}

}  // namespace

std::string member_address(unsigned number) {
    return IpAddress::parse("10.96.0.0").value().plus(number + 1).text();
}

json::object load_pod(const std::string& name) {
    json::object labels;
    if (name != kStranger) {
        labels[kMembership] = "yes";
    }
    return {{"metadata", meta(name, std::move(labels))},
            {"spec", json::object{{"nodeName", PolicyObjects::kNode}}},
            {"status", json::object{{"phase", "Pending"}}}};
}

std::vector<LoadObject> load_objects(const PolicyLoad& load) {
    std::vector<LoadObject> all;
    for (unsigned number = 0; number < load.policies; ++number) {
        all.push_back({"networkpolicies.networking.k8s.io", policy(load, number)});
        all.push_back(
            {"pods", other_pod(group(number), {{"group", group(number)}}, group_address(number))});
    }
    for (unsigned number = 0; number < load.members; ++number) {
        all.push_back({"pods", other_pod("m" + std::to_string(number), {{kMembership, "yes"}},
                                         member_address(number))});
    }
    return all;
}

FelixText felix_text(const PolicyLoad& load, const std::vector<std::string>& links,
                     const std::vector<std::string>& members) {
    std::ostringstream sets;
    for (unsigned number = 0; number < load.policies; ++number) {
        const auto name = set_name(number);
        sets << "create " << name << " hash:net family inet maxelem 1048576\n";
        if (!is_last(load, number)) {
            sets << "add " << name << " " << group_address(number) << "\n";
            continue;
        }
        for (const auto& member : members) {
            sets << "add " << name << " " << member << "\n";
        }
        for (unsigned each = 0; each < load.members; ++each) {
            sets << "add " << name << " " << member_address(each) << "\n";
        }
    }
    return {sets.str(), iptables_text(load, links)};
}

}  // namespace terway::bench
