#include "policy_objects.hpp"

#include "base/address.hpp"
#include "kube_pods.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;

constexpr unsigned kApps = 5;
constexpr unsigned kTeams = 50;
constexpr unsigned kSpread = 7;  // local pods are not all in namespaces of one parity
constexpr unsigned kFewestLocal = 7;

json::object labelled(const std::string& key, const std::string& value) {
    return {{"matchLabels", json::object{{key, value}}}};
}

std::string app(unsigned number) {
    return "app" + std::to_string(number % kApps);
}

}  // namespace

void check_scale(const PolicyScale& scale) {
    const auto need = [](bool fine, const char* what) {
        if (!fine) {
            throw Error(Status::Invalid, std::string("the cluster needs ") + what);
        }
    };
    need(scale.spaces % 2 == 0, "an even number of namespaces");
    need(scale.spaces >= 2 * kSpread, "at least 14 namespaces");
    need(scale.local >= kFewestLocal, "at least 7 local pods");
    need(scale.pods >= 2 * kSpread * scale.local, "at least 14 pods for each local one");
    need(scale.policies >= scale.spaces, "a policy for each namespace");
}

std::string PolicyObjects::space_name(unsigned number) {
    return "namespace-" + std::to_string(number);
}

std::string PolicyObjects::pod_name(unsigned number) {
    return "pod-" + std::to_string(number);
}

std::string PolicyObjects::space_of_pod(unsigned number) const {
    return space_name(number % scale_.spaces);
}

std::string PolicyObjects::address_of_pod(unsigned number) {
    return IpAddress::parse("10.64.0.0").value().plus(number + 1).text();
}

unsigned PolicyObjects::local(unsigned ordinal) const {
    return ordinal * (scale_.pods / scale_.local) + ordinal % kSpread;
}

bool PolicyObjects::is_local(unsigned number) const {
    const auto ordinal = number / (scale_.pods / scale_.local);
    return ordinal < scale_.local && local(ordinal) == number;
}

bool PolicyObjects::is_chosen_by_app(unsigned number) const {
    return number % scale_.spaces % 2 == 0;
}

std::string PolicyObjects::chosen_app(unsigned number) const {
    return app(number % scale_.spaces);
}

std::string PolicyObjects::tier(unsigned number) {
    return "tier" + std::to_string(number % kTiers);
}

json::object PolicyObjects::space(unsigned number) const {
    auto made = json::parse(namespace_text(number)).as_object();
    made["metadata"].as_object()["labels"] =
        json::object{{"kubernetes.io/metadata.name", space_name(number)},
                     {"team", "t" + std::to_string(number % kTeams)}};
    return made;
}

json::object PolicyObjects::pod(unsigned number) const {
    auto made = json::parse(pod_text(number)).as_object();
    auto& meta = made["metadata"].as_object();
    meta["name"] = pod_name(number);
    meta["namespace"] = space_of_pod(number);
    set_label(made, "app", app(number / scale_.spaces));
    set_label(made, "tier", tier(number));
    if (is_local(number)) {
        made["spec"].as_object()["nodeName"] = kNode;
        made["status"] = json::object{{"phase", "Pending"}};
    } else {
        give_address(made, address_of_pod(number));
    }
    return made;
}

json::object PolicyObjects::policy(unsigned number) const {
    const json::array from{json::object{{"podSelector", labelled("app", app(number))}},
                           json::object{{"namespaceSelector",
                                         labelled("team", "t" + std::to_string(number % kTeams))}},
                           json::object{{"namespaceSelector", json::object()},
                                        {"podSelector", labelled("tier", tier(number))}}};
    const json::array ports{json::object{{"protocol", "TCP"}, {"port", "http"}}};
    const json::object block{
        {"cidr", "0.0.0.0/0"},
        {"except", json::array{"10.0.0.0/8"}},
    };
    const json::object out{{"ports", json::array{json::object{{"protocol", "TCP"}, {"port", 443}}}},
                           {"to", json::array{json::object{{"ipBlock", block}}}}};
    // Every second namespace has policies for all its pods.
    const auto pods =
        number % 2 == 0 ? labelled("app", app(number % scale_.spaces)) : json::object();
    return {{"metadata", json::object{{"name", "policy-" + std::to_string(number)},
                                      {"namespace", space_name(number % scale_.spaces)},
                                      {"uid", "policy-" + std::to_string(number)}}},
            {"spec", json::object{
                         {"podSelector", pods},
                         {"policyTypes", json::array{"Ingress", "Egress"}},
                         {"ingress", json::array{json::object{{"ports", ports}, {"from", from}}}},
                         {"egress", json::array{json::object{{"ports", ports}, {"to", from}}, out}},
                     }}};
}

void give_address(json::object& pod, const std::string& address) {
    auto& status = pod["status"].as_object();
    status["phase"] = "Running";
    status["podIP"] = address;
    status["podIPs"] = json::array{json::object{{"ip", address}}};
}

void set_label(json::object& pod, const std::string& key, const std::string& value) {
    pod["metadata"].as_object()["labels"].as_object()[key] = value;
}

std::string label(const json::object& pod, const std::string& key) {
    return std::string(pod.at("metadata").at("labels").at(key).as_string());
}

}  // namespace terway::bench
