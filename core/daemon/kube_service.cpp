#include "daemon/kube_service.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/back_off.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

constexpr seconds kLook{5};
constexpr seconds kHeartbeat{300};

std::optional<std::string> environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

kube::Access access(const profile::Kube& settings) {
    if (settings.mode == profile::KubeMode::InCluster) {
        return with_context("[kube] mode \"in-cluster\" is for pods with a service account",
                            [] { return kube::in_cluster(environment); });
    }
    return with_context("[kube] kubeconfig",
                        [&] { return kube::read_kubeconfig(settings.kubeconfig); });
}

// Those that Terway reads and those that rules ask for.
kube::Wanted wanted(const profile::Profile& profile) {
    std::set<std::string, std::less<>> named;
    for (const auto& rule : profile.rules) {
        if (rule.when.annotation) {
            named.insert(rule.when.annotation->key);
        }
    }
    return [named = std::move(named)](std::string_view key) {
        return kube::is_terway_annotation(key) || named.contains(key);
    };
}

// Notes every pod of the node whose annotations are new; the inbox, if there is one, gets all.
kube::Handlers<kube::Pod> pod_handlers(PodNews& news, PolicyInbox* inbox, const std::string& node) {
    using Ptr = kube::Handlers<kube::Pod>::Ptr;
    const auto note = [&news, node, are_all_ours = inbox == nullptr](const Ptr& pod) {
        if (are_all_ours || pod->node == node) {
            news.add(pod->meta.space.view(), pod->meta.name.view());
        }
    };
    const auto note_change = [note](const Ptr& before, const Ptr& now) {
        if (before->meta.annotations != now->meta.annotations) {
            note(now);
        }
    };
    kube::Handlers<kube::Pod> handlers;
    if (inbox != nullptr) {
        handlers = into_inbox<kube::Pod>(*inbox, PolicyInbox::Kind::Pods);
        handlers.trim = [node](kube::Pod& pod) { trim_pod(pod, node); };
    }
    handlers.added = [note, put = handlers.added](const Ptr& pod) {
        note(pod);
        if (put) {
            put(pod);
        }
    };
    handlers.changed = [note_change, put = handlers.changed](const Ptr& before, const Ptr& now) {
        note_change(before, now);
        if (put) {
            put(before, now);
        }
    };
    return handlers;
}

kube::Subject subject_of(const cni::Request& request) {
    const auto& args = request.args;
    return {"Pod", args.pod_namespace, args.pod_name, args.pod_uid};
}

kube::Subject subject_of(const endpoint::EndpointSpec& spec) {
    return {"Pod", spec.pod_namespace, spec.pod_name, spec.pod_uid};
}

}  // namespace

std::string node_name(const profile::Kube& settings) {
    if (!settings.node.empty()) {
        return settings.node;
    }
    if (auto given = environment("NODE_NAME"); given && !given->empty()) {
        return *given;
    }
    std::array<char, 256> name{};
    (void)::gethostname(name.data(), name.size() - 1);
    std::string out = name.data();
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

KubeService::KubeService(const profile::Profile& profile, Metrics& metrics, const Inboxes& inboxes)
    : profile_(profile),
      node_name_(node_name(profile.kube)),
      session_(access(profile.kube)),
      wanted_(wanted(profile)),
      known_pods_(
          session_, words_, metrics,
          inboxes.policies == nullptr ? kube::local_pods(node_name_) : kube::all_of<kube::Pod>(),
          pod_handlers(limits_, inboxes.policies, node_name_), wanted_),
      own_node_(session_, words_, metrics, kube::own_node(node_name_),
                inboxes.services == nullptr ? kube::Handlers<kube::Node>{}
                                            : node_handlers(*inboxes.services)),
      client_(session_, words_, wanted_),
      outbox_(kube::sender(client_, {"terwayd", node_name_}), metrics),
      pods_(known_pods_.cache(), client_, profile.kube, metrics) {
    if (inboxes.policies != nullptr) {
        policies_.emplace(session_, words_, metrics, *inboxes.policies,
                          profile.policy.cluster_policies);
    }
    if (inboxes.services != nullptr) {
        inboxes.services->tell({node_name_, {}, {}});
        services_.emplace(session_, words_, metrics, *inboxes.services);
    }
}

void KubeService::start() {
    log::info("watching the API server", {{"server", session_.server()}, {"node", node_name_}});
    known_pods_.start();
    own_node_.start();
    if (policies_) {
        policies_->start();
    }
    if (services_) {
        services_->start();
    }
    telling_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "kube-outbox");
        outbox_.run(stop);
    });
}

std::jthread KubeService::watch_capacity(std::function<std::string()> trouble) {
    return std::jthread([this, trouble = std::move(trouble)](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "kube-capacity");
        std::optional<std::string> told;
        WallTime since{};
        WallTime at{};
        while (!stop.stop_requested()) {
            const auto now = wall_now();
            const auto found = trouble();
            const bool turned = !told || told->empty() != found.empty();
            if (turned || *told != found || now - at > kHeartbeat) {
                since = turned ? now : since;
                at = now;
                told = found;
                outbox_.later(
                    "the node's condition", [this, body = sufficient_ip_patch(found, since, now)](
                                                const kube::Patience& patience) {
                        client_.patch<kube::Node>({"", node_name_}, kube::Patch::Strategic, body,
                                                  patience, "status");
                    });
            }
            (void)rest_for(kLook, stop);
        }
    });
}

std::jthread KubeService::watch_limits(ApplyLimits apply) {
    const auto tell = [this](const kube::Pod& pod, bool is_warning, const std::string& message) {
        about_pod(is_warning,
                  {"Pod", pod.meta.space.text(), pod.meta.name.text(), pod.meta.uid.text()},
                  is_warning ? "BandwidthRefused" : "BandwidthChanged", message);
    };
    return std::jthread([parts = LimitParts{limits_, known_pods_.cache(), std::move(apply), tell}](
                            const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "kube-limits");
        follow_limits(parts, stop);
    });
}

std::vector<Prefix> KubeService::await_pod_cidrs(const std::stop_token& stop,
                                                 Deadline deadline) const {
    const auto node =
        own_node_.cache().wait_for({"", node_name_}, deadline, stop,
                                   [](const kube::Node& each) { return !each.pod_cidrs.empty(); });
    return node == nullptr ? std::vector<Prefix>{} : node->pod_cidrs;
}

std::string KubeService::why_no_pod_cidrs() const {
    const auto& cache = own_node_.cache();
    if (cache.get({"", node_name_}) != nullptr) {
        return "it has none; does the controller manager run with --allocate-node-cidrs?";
    }
    return cache.synced() ? "the API server knows no node of that name; set [kube] node or "
                            "$NODE_NAME if it has another there"
                          : "the API server has not told of it yet";
}

void KubeService::about_pod(bool is_warning, const kube::Subject& pod, const std::string& reason,
                            const std::string& message) {
    if (profile_.kube.events && !pod.name.empty()) {
        outbox_.tell({pod, is_warning, reason, message});
    }
}

void KubeService::about_node(bool is_warning, const std::string& reason,
                             const std::string& message) {
    if (profile_.kube.events) {
        outbox_.tell({{"Node", "", node_name_, node_name_}, is_warning, reason, message});
    }
}

void KubeService::connected(const cni::Request& request, const cni::Result& result,
                            double seconds) {
    std::vector<IpAddress> addresses;
    std::string text;
    for (const auto& ip : result.ips) {
        addresses.push_back(ip.address.address());
        text += (text.empty() ? "" : ", ") + addresses.back().text();
    }
    about_pod(
        false, subject_of(request), "AllocIPSucceed",
        "Alloc IP " + text + " took " + std::to_string(static_cast<long>(seconds * 1e3)) + "ms");
    const auto& args = request.args;
    limits_.add(args.pod_namespace, args.pod_name);  // they may have changed during the ADD
    tell_addresses({args.pod_namespace, args.pod_name}, args.pod_uid, addresses);
}

void KubeService::addressed(const endpoint::EndpointSpec& spec) {
    std::vector<IpAddress> addresses;
    for (const auto& prefix : spec.addresses) {
        addresses.push_back(prefix.address());
    }
    tell_addresses({spec.pod_namespace, spec.pod_name}, spec.pod_uid, addresses);
}

void KubeService::tell_addresses(const kube::Key& pod, const std::string& uid,
                                 const std::vector<IpAddress>& addresses) {
    if (!profile_.kube.pod_ips || pod.name.empty()) {
        return;
    }
    outbox_.later("the addresses of pod " + pod.space + "/" + pod.name,
                  [this, pod, body = pod_ips_patch(uid, addresses, profile_.kube.calico_pod_ips)](
                      const kube::Patience& patience) {
                      client_.patch<kube::Pod>(pod, kube::Patch::Merge, body, patience);
                  });
}

void KubeService::refused(const cni::Request& request, const std::string& reason) {
    about_pod(true, subject_of(request), "AllocIPFailed", reason);
}

void KubeService::repaired(const endpoint::EndpointRecord& record, const std::string& found) {
    about_pod(true, subject_of(record.spec), "NetworkRepaired",
              "somebody removed part of the pod's network; repaired: " + found);
}

void KubeService::unprotected(const endpoint::EndpointSpec& spec, const std::string& message) {
    about_pod(true, subject_of(spec), "NetworkPolicyNotReady", message);
}

void KubeService::unlimited(const endpoint::EndpointSpec& spec) {
    about_pod(true, subject_of(spec), "BandwidthNotLimited",
              "the pod's bandwidth limits are not in force: its network has no module for them; "
              "set qos in its chain in the node's profile");
}

std::unique_ptr<KubeService> make_kube(const profile::Profile& profile, Metrics& metrics,
                                       const Inboxes& inboxes) {
    return profile.kube.mode == profile::KubeMode::None
               ? nullptr
               : std::make_unique<KubeService>(profile, metrics, inboxes);
}

}  // namespace terway::daemon
