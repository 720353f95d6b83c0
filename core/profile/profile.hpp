// The profile: the one file that says how a node's pods are networked. TOML, strict keys.
//
// Every complaint has a place and all are collected. The defaults are the member initialisers below
// and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "profile/chain.hpp"
#include "profile/diagnostic.hpp"
#include "profile/table.hpp"

namespace terway::profile {

using std::chrono::milliseconds;

struct Node {
    std::vector<Prefix> pod_cidrs;  // disjoint, no host bits
};

enum class IpFamilies : std::uint8_t { V4, V6, Dual };

// Of ENIs that serve one endpoint alone: how many are kept ready.
struct ExclusiveEnis {
    std::uint32_t min_idle = 1;
    std::uint32_t max_idle = 2;
    std::uint32_t max_enis = 0;  // 0: as many as the instance type has
};

struct Pool {
    AddressSource source = AddressSource::PodCidr;
    milliseconds cool_down{30'000};  // an address stays unused this long after its endpoint is gone
    std::vector<std::string> sticky_pods;  // "namespace/name", "*" matches any run of characters
    milliseconds sticky_for{300'000};      // how long a sticky pod's addresses wait for it

    // Where addresses come from ENIs only.
    IpFamilies families = IpFamilies::V4;
    std::uint32_t min_idle = 5;   // addresses (of each family) kept ready beyond those in use
    std::uint32_t max_idle = 10;  // more than this go back to the vSwitch after a quiet time
    std::uint32_t warm_up = 0;    // ready before the node takes pods; 0: min_idle
    std::uint32_t max_enis = 0;   // secondary ones; 0: as many as the instance type has
    bool prefixes = false;        // whole /28 and /80 prefixes instead of single addresses
    milliseconds reclaim_after{600'000};  // the quiet time
    milliseconds reconcile_every{120'000};
    milliseconds leak_grace{600'000};  // before an ENI of ours that nobody uses is deleted

    ExclusiveEnis exclusive;
};

enum class VSwitchPolicy : std::uint8_t { Ordered, Random, MostFree };
enum class CredentialSource : std::uint8_t { Auto, File, Role, Oidc };
enum class SignatureVersion : std::uint8_t { V3, V1 };

// How to reach the cloud's API. What is empty comes from the instance's metadata.
struct Cloud {
    std::string metadata = "http://100.100.100.200";
    std::string region;
    std::string instance;
    std::string instance_type;
    std::vector<std::string> vswitches;  // empty: the primary ENI's
    VSwitchPolicy vswitch_policy = VSwitchPolicy::Ordered;
    std::vector<std::string> security_groups;  // empty: the primary ENI's
    std::string resource_group;
    std::string cluster;  // value of the tag "terway.cluster" on our ENIs; keeps clusters apart
    std::map<std::string, std::string> tags;        // further ones for ENIs we make
    std::map<std::string, std::string> only_tags;   // ENIs found are used only if they have these
    std::map<std::string, std::string> block_tags;  // and not if they have one of these

    CredentialSource credentials = CredentialSource::Auto;
    std::string credentials_file = "/etc/terway/credentials.toml";
    std::string role;  // empty: the one attached to the instance
    std::string oidc_role_arn;
    std::string oidc_provider_arn;
    std::string oidc_token_file;
    SignatureVersion signature = SignatureVersion::V3;
    std::string network = "vpc";  // or "public"
    std::string ecs_endpoint;     // "https://host[:port]"; http:// only where it is said so here
    std::string vpc_endpoint;
    std::string sts_endpoint;
    std::string ca_file;                // empty: the system's
    milliseconds call_timeout{20'000};  // of one HTTP exchange

    bool manage_routes = false;  // keep the VPC's route to the pod CIDR
    std::string route_table;     // empty: the vSwitch's
};

enum class HostNames {
    Container,  // derived from (container id, ifname)
    Felix,      // derived from "namespace.pod", as an external Felix expects
};

struct Endpoint {
    HostNames host_names = HostNames::Container;
    std::uint32_t mtu = 0;  // 0: the module's own default
};

struct Daemon {
    std::string socket = "/run/terway/cni.sock";
    std::string state_dir = "/var/lib/terway";
    std::string queue = "/var/lib/terway/queue";
    std::vector<std::string> module_dirs{"/usr/lib/terway/modules"};
    std::string admin = "unix:/run/terway/admin.sock";  // or "127.0.0.1:9809"; empty: off
    std::uint32_t add_lane = 2;
    std::uint32_t del_lane = 32;
    std::uint32_t max_requests = 256;
    milliseconds request_deadline{100'000};
    milliseconds module_deadline{30'000};
    std::uint32_t max_lost_threads = 4;
};

enum class KubeMode : std::uint8_t { None, InCluster, Kubeconfig };

// The Kubernetes API server, where there is one.
struct Kube {
    KubeMode mode = KubeMode::None;
    std::string kubeconfig = "/etc/kubernetes/kubelet.conf";
    std::string node;              // its name; empty: $NODE_NAME, else the host's name
    milliseconds pod_wait{3'000};  // how long an ADD waits for the pod to appear
    // Controllers whose pods come back under their names: these may keep their addresses.
    std::vector<std::string> stateful_kinds{"StatefulSet"};
    bool pod_ips = true;  // tell a pod's addresses by annotation, before its status has them
    bool calico_pod_ips = false;  // by Calico's annotations, too
    bool events = true;
};

enum class PolicyStartup : std::uint8_t { Deny, Allow };

// What becomes of pods before their NetworkPolicies are known.
struct Policy {
    PolicyStartup startup = PolicyStartup::Deny;
    milliseconds startup_deadline{10'000};  // how long an ADD waits for them
    bool cluster_policies = false;          // ClusterNetworkPolicies are watched, too
    bool confirm = false;  // an ADD waits until the module's CHECK finds its rules in force
};

enum class ServiceBy : std::uint8_t { KubeProxy, Module };

// Who takes pods' connections to Services to their backends.
struct Service {
    ServiceBy by = ServiceBy::KubeProxy;
    Place place{};  // of `by`, where it is said
};

// What the container runtime needs, put in its place by the daemon: for container images.
struct CniFiles {
    bool install = false;
    std::string binary = "/opt/cni/bin/terway";               // of the image
    std::string conflist = "/etc/terway/10-terway.conflist";  // keeps its name
    std::string bin_dir = "/host/opt/cni/bin";                // of the host, mounted
    std::string conf_dir = "/host/etc/cni/net.d";
    bool take_over = false;  // put the configuration of another network aside
};

// What the profile says of one module of the chains; there is one for each, mentioned or not.
struct ModuleSettings {
    std::optional<std::string> path;    // else <id>.so in one of module_dirs
    std::optional<std::string> sha256;  // lower-case hex
    Table table;                        // without the two above
};

struct Profile {
    std::string file;
    std::string name;
    Chain chain;                   // of every pod that no rule chooses
    std::vector<ChainRule> rules;  // the first that holds decides
    Node node;
    Pool pool;
    Cloud cloud;
    Endpoint endpoint;
    Daemon daemon;
    CniFiles cni;
    Kube kube;
    Policy policy;
    Service service;
    std::map<std::string, ModuleSettings> modules;  // by id

    // [chain] and those of the rules, in the order of the file.
    [[nodiscard]] std::vector<const Chain*> chains() const;
    // True if some pods have addresses of that kind.
    [[nodiscard]] bool uses(AddressSource source) const;
    // True if some pods have a policy module.
    [[nodiscard]] bool has_policies() const;
};

// A module id is also a file name.
[[nodiscard]] bool is_module_id(std::string_view text);

// Nothing if there was any error; `diagnostics` then says which.
[[nodiscard]] std::optional<Profile> parse(std::string_view text, Diagnostics& diagnostics);
// Reads diagnostics.file(); a file that cannot be read is a diagnostic too.
[[nodiscard]] std::optional<Profile> load(Diagnostics& diagnostics);

// The node's ranges as given on a command line, by the same rules as node.pod_cidrs. Throws
// Error(Invalid) of the first complaint.
[[nodiscard]] std::vector<Prefix> parse_pod_cidrs(std::span<const std::string> texts);

}  // namespace terway::profile
