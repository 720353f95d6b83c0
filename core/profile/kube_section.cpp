#include "profile/kube_section.hpp"

namespace terway::profile {

using namespace std::chrono_literals;

void read_kube(Section& kube, Kube& into) {
    kube.choice("mode", into.mode,
                {{"none", KubeMode::None},
                 {"in-cluster", KubeMode::InCluster},
                 {"kubeconfig", KubeMode::Kubeconfig}});
    kube.absolute_path("kubeconfig", into.kubeconfig);
    kube.text("node", into.node);
    kube.duration("pod_wait", into.pod_wait, 0ms, 30s);
    kube.texts("stateful_kinds", into.stateful_kinds);
    kube.boolean("pod_ips", into.pod_ips);
    kube.boolean("calico_pod_ips", into.calico_pod_ips);
    kube.boolean("events", into.events);
}

}  // namespace terway::profile
