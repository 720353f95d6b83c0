// The daemon's side of Kubernetes: what it watches, and what it tells.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.hpp"
#include "base/time.hpp"
#include "cni/request.hpp"
#include "cni/result.hpp"
#include "daemon/kube_patches.hpp"
#include "daemon/kube_pods.hpp"
#include "daemon/live_limits.hpp"
#include "daemon/policy_inbox.hpp"
#include "daemon/policy_watch.hpp"
#include "daemon/service_inbox.hpp"
#include "daemon/service_watch.hpp"
#include "endpoint/record.hpp"
#include "kube/client.hpp"
#include "kube/mirror.hpp"
#include "kube/outbox.hpp"
#include "kube/session.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// [kube] node, else $NODE_NAME, else the host's name in lower case, as the kubelet has it.
[[nodiscard]] std::string node_name(const profile::Kube& settings);

// Who is told what is watched for their sake alone; each may be null.
struct Inboxes {
    PolicyInbox* policies = nullptr;
    ServiceInbox* services = nullptr;
};

// Any thread, but for start() and the destructor. What is told is told later, by a thread of its
// own; nobody waits for the API server but pods().
class KubeService {
public:
    // Reads the credentials. Throws Error(Invalid) with what is wrong about them. Borrows all. With
    // an inbox for policies the pods of all nodes are watched, and what [policy] says, and go
    // there.
    KubeService(const profile::Profile& profile, Metrics& metrics, const Inboxes& inboxes);
    KubeService(const KubeService&) = delete;
    KubeService& operator=(const KubeService&) = delete;

    // Begins to watch.
    void start();
    // The node's condition follows `trouble`, which is asked now and then, as long as the thread
    // lives.
    [[nodiscard]] std::jthread watch_capacity(std::function<std::string()> trouble);

    // Pods' limits follow their annotations as long as the thread lives; see LimitParts::apply.
    [[nodiscard]] std::jthread watch_limits(ApplyLimits apply);

    [[nodiscard]] const std::string& node() const noexcept { return node_name_; }
    [[nodiscard]] endpoint::PodSource& pods() noexcept { return pods_; }
    // The node's ranges, as soon as somebody has given it some; none when it was in vain.
    [[nodiscard]] std::vector<Prefix> await_pod_cidrs(const std::stop_token& stop,
                                                      Deadline deadline) const;
    // What is in the way of that, for people.
    [[nodiscard]] std::string why_no_pod_cidrs() const;

    void connected(const cni::Request& request, const cni::Result& result, double seconds);
    // Its addresses are told before its ADD ends.
    void addressed(const endpoint::EndpointSpec& spec);
    void refused(const cni::Request& request, const std::string& reason);
    void repaired(const endpoint::EndpointRecord& record, const std::string& found);
    // It goes on before its policies are in force.
    void unprotected(const endpoint::EndpointSpec& spec, const std::string& message);
    // It asks for limits that nobody puts in force.
    void unlimited(const endpoint::EndpointSpec& spec);
    void about_node(bool is_warning, const std::string& reason, const std::string& message);

private:
    void tell_addresses(const kube::Key& pod, const std::string& uid,
                        const std::vector<IpAddress>& addresses);
    void about_pod(bool is_warning, const kube::Subject& pod, const std::string& reason,
                   const std::string& message);

    const profile::Profile& profile_;
    const std::string node_name_;
    kube::Session session_;
    kube::Words words_;
    const kube::Wanted wanted_;
    PodNews limits_;
    kube::Mirror<kube::Pod> known_pods_;
    kube::Mirror<kube::Node> own_node_;
    std::optional<PolicyWatch> policies_;
    std::optional<ServiceWatch> services_;
    kube::Client client_;
    kube::Outbox outbox_;
    KubePods pods_;
    std::jthread telling_;
};

// Null where the profile knows no Kubernetes.
[[nodiscard]] std::unique_ptr<KubeService> make_kube(const profile::Profile& profile,
                                                     Metrics& metrics, const Inboxes& inboxes = {});

}  // namespace terway::daemon
