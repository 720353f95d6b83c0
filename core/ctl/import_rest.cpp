#include <array>
#include <string>
#include <string_view>

#include "ctl/import_parts.hpp"

namespace terway::ctl {
namespace {

struct Lost {
    std::string_view key;
    std::string_view why;
};
// Keys that say nothing when they are absent, false, 0 or empty.
constexpr std::array<Lost, 26> kLost{{
    {"min_eni", "min_idle counts addresses; set it to as many as these ENIs hold"},
    {"idle_ip_reclaim_batch_size", "what is idle too long goes back in one call for each ENI"},
    {"idle_ip_reclaim_interval", "the pool looks whenever something changes"},
    {"idle_ip_reclaim_jitter_factor", "the pool looks whenever something changes"},
    {"enable_eni_trunking", "trunk and member ENIs are not supported yet"},
    {"enable_erdma", "ERDMA is not supported"},
    {"custom_stateful_workload_kinds",
     "pods are named, not their owners: list them in [pool] sticky_pods as \"namespace/name-*\""},
    {"extra_routes", "pods have one default route through the host"},
    {"disable_device_plugin", "there is no device plugin"},
    {"enable_patch_pod_ips", "pods are not annotated"},
    {"backoff_override",
     "each error code has its own reaction, and the cloud says how long to wait"},
    {"rate_limit",
     "calls are few and batched, and a throttled one waits as long as the cloud says"},
    {"kube_client_qps", "the daemon does not talk to Kubernetes"},
    {"kube_client_burst", "the daemon does not talk to Kubernetes"},
    {"credential_path",
     "the encrypted token of a managed cluster cannot be read; use a RAM role, "
     "RRSA or a credentials file"},
    {"ipv4_prefix_count", "min_idle and max_idle decide how many prefixes there are"},
    {"ipv6_prefix_count", "min_idle and max_idle decide how many prefixes there are"},
    {"hot_plug", "ENIs are always attached to the running instance"},
    {"eni_cap_policy", "the original dropped it, too"},
    {"wait_trunk_eni", "the original dropped it, too"},
    {"disable_security_group_check", "the original dropped it, too"},
    {"enable_eip_pool", "the original dropped it, too"},
    {"enable_eip_migrate", "the original dropped it, too"},
    {"allow_eip_rob", "the original dropped it, too"},
    {"prefix", "the original does not use it either"},
    {"eniip_virtual_type", "a key of 10-terway.conf; the dataplane stands in [chain]"},
}};

void remark_on_neighbour(EniConf& conf, const std::string& key, const std::string& value) {
    if (key.starts_with("10-terway.conf")) {
        conf.no_equivalent(key,
                           "not read: take a conflist of etc/, and carry an \"mtu\" over to "
                           "[endpoint] mtu; IPVlan and datapathv2 are not supported yet");
    } else if (key != "disable_network_policy") {
        conf.no_equivalent(key, "not part of eni_conf; not read");
    } else if (value.empty() || value == "false" || value == "0") {
        conf.no_equivalent(key, "NetworkPolicies are not enforced by this profile");
    }
}

}  // namespace

void remark_on_the_rest(EniConf& conf) {
    (void)conf.take("version");
    if (conf.take("region_id")) {
        conf.note("region_id",
                  "not taken over: the instance's metadata says it, as for the original");
    }
    if (conf.take("service_cidr")) {
        conf.no_equivalent("service_cidr",
                           "not needed: packets to Services pass the host, where kube-proxy "
                           "finds them");
    }
    if (const auto ipam = conf.string("ipam_type")) {
        conf.no_equivalent("ipam_type", "\"" + *ipam +
                                            "\": each node keeps its own pool; take the node out "
                                            "of the original's control plane first");
    }
    const auto eni_policy = conf.string("eni_selection_policy");
    if (eni_policy && *eni_policy != "most_ips") {
        conf.no_equivalent("eni_selection_policy", "\"" + *eni_policy +
                                                       "\": the fullest ENI comes first, so that "
                                                       "others can be given back");
    }
    for (const auto& [key, why] : kLost) {
        if (conf.take(key)) {
            conf.no_equivalent(key, std::string(why));
        }
    }
    for (const auto& [key, value] : conf.beside()) {
        remark_on_neighbour(conf, key, value);
    }
}

}  // namespace terway::ctl
