#include "daemon/kube_patches.hpp"

#include <boost/json.hpp>
#include <utility>

#include "kube/event.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;

constexpr const char* kPodIps = "k8s.aliyun.com/pod-ips";
constexpr const char* kCalicoPodIp = "cni.projectcalico.org/podIP";
constexpr const char* kCalicoPodIps = "cni.projectcalico.org/podIPs";
constexpr const char* kCondition = "SufficientIP";

}  // namespace

std::string pod_ips_patch(const std::string& uid, const std::vector<IpAddress>& addresses,
                          bool for_calico) {
    std::string bare;
    std::string blocks;
    for (const auto& address : addresses) {
        bare += (bare.empty() ? "" : ",") + address.text();
        blocks += (blocks.empty() ? "" : ",") + Prefix::host(address).text();
    }
    json::object annotations{{kPodIps, bare}};
    if (for_calico && !addresses.empty()) {
        annotations[kCalicoPodIp] = Prefix::host(addresses.front()).text();
        annotations[kCalicoPodIps] = blocks;
    }
    json::object metadata{{"annotations", std::move(annotations)}};
    if (!uid.empty()) {
        metadata["uid"] = uid;
    }
    return json::serialize(json::object{{"metadata", std::move(metadata)}});
}

std::string sufficient_ip_patch(const std::string& trouble, WallTime since, WallTime now) {
    const bool fine = trouble.empty();
    const json::object condition{
        {"type", kCondition},
        {"status", fine ? "True" : "False"},
        {"reason", fine ? "SufficientIP" : "InsufficientIP"},
        {"message", fine ? "pods on this node can get addresses" : trouble},
        {"lastTransitionTime", kube::timestamp(since)},
        {"lastHeartbeatTime", kube::timestamp(now)}};
    return json::serialize(
        json::object{{"status", json::object{{"conditions", json::array{condition}}}}});
}

}  // namespace terway::daemon
