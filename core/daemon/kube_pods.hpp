// Pods as the API server knows them, for those who ask what a new endpoint's pod is.
#pragma once

#include <string_view>

#include "base/metrics.hpp"
#include "endpoint/pod_facts.hpp"
#include "kube/cache.hpp"
#include "kube/client.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// Whether the object is the pod with that UID; the mirror of a static pod is, too. Anything is if
// the UID is empty. Pure.
[[nodiscard]] bool is_pod(const kube::Pod& pod, std::string_view uid);
// What the object says, beside what came with the request. Throws Error(Invalid) for a pod that
// has no business here: one in the host's network, or one that is not to be ours. Pure.
[[nodiscard]] endpoint::PodFacts facts_of(const kube::Pod& pod, endpoint::PodFacts told,
                                          const profile::Kube& settings);

// Any thread. Waits a while for a pod that is not in the cache yet, then asks the API server once.
// Where that does not answer, or knows no such pod, what came with the request must do. Throws
// Error(Retry) while the server still has another pod of that name.
class KubePods final : public endpoint::PodSource {
public:
    // Borrows all.
    KubePods(const kube::Cache<kube::Pod>& pods, kube::Client& client,
             const profile::Kube& settings, Metrics& metrics)
        : pods_(pods), client_(client), settings_(settings), metrics_(metrics) {}

    [[nodiscard]] endpoint::PodFacts facts(const cni::Request& request,
                                           const endpoint::Operation& operation) override;

private:
    [[nodiscard]] kube::Cache<kube::Pod>::Ptr ask(const kube::Key& key,
                                                  const endpoint::Operation& operation);
    void count(std::string_view from) const;

    const kube::Cache<kube::Pod>& pods_;
    kube::Client& client_;
    const profile::Kube& settings_;
    Metrics& metrics_;
};

}  // namespace terway::daemon
