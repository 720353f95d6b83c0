// What the policy thread has not looked at yet: the cluster's objects as they are now, and what
// happened to endpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "endpoint/record.hpp"
#include "kube/cluster_network_policy.hpp"
#include "kube/network_policy.hpp"
#include "policy/update.hpp"

namespace terway::daemon {

// Tells two attachments of one key apart; grows.
using PolicyTicket = std::uint64_t;

// An endpoint that a policy module has.
struct PolicySeat {
    PolicyTicket ticket = 0;
    endpoint::EndpointKey key;
    std::string module;
    policy::ObjectName pod;  // without a name: none of Kubernetes's
    std::string uid;
    std::vector<IpAddress> addresses;
    bool was_there = false;  // has rules of before, which stay until there are new ones
};

// In the order in which it happened.
struct SeatNews {
    enum class What : std::uint8_t {
        Came,
        Left,
        Open,  // as nothing is known of its pod, everything may pass until there is
    };
    What what = What::Came;
    PolicySeat seat;
};

// By name. Null: the object is gone.
template <class Object>
using NewsOf =
    std::map<std::conditional_t<kube::Kind<Object>::kNamespaced, policy::ObjectName, std::string>,
             std::shared_ptr<const Object>>;

struct PolicyNews {
    NewsOf<kube::Namespace> spaces;
    NewsOf<kube::Pod> pods;
    NewsOf<kube::NetworkPolicy> policies;
    NewsOf<kube::ClusterNetworkPolicy> cluster_policies;
    std::vector<SeatNews> seats;
    bool is_synced = false;  // with this, all that the API server knew was told once

    template <class Object>
    [[nodiscard]] NewsOf<Object>& of() noexcept {
        if constexpr (std::is_same_v<Object, kube::Namespace>) {
            return spaces;
        } else if constexpr (std::is_same_v<Object, kube::Pod>) {
            return pods;
        } else if constexpr (std::is_same_v<Object, kube::NetworkPolicy>) {
            return policies;
        } else {
            return cluster_policies;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept {
        return spaces.size() + pods.size() + policies.size() + cluster_policies.size() +
               seats.size();
    }
};

// A monitor. Any thread. An object that changes again before anybody has looked is there once.
class PolicyInbox {
public:
    enum class Kind : std::uint8_t { Namespaces = 1, Pods = 2, Policies = 4, ClusterPolicies = 8 };

    // Everything is told when of these kinds a list is in, and, if it is said, of cluster policies.
    explicit PolicyInbox(bool with_cluster_policies = false)
        : awaited_(with_cluster_policies ? kCommonKinds | bit(Kind::ClusterPolicies)
                                         : kCommonKinds) {}

    template <class Object>
    void put(std::shared_ptr<const Object> object) {
        auto key = key_of<Object>(object->meta);
        set<Object>(std::move(key), std::move(object));
    }
    template <class Object>
    void drop(const Object& object) {
        set<Object>(key_of<Object>(object.meta), nullptr);
    }
    // A whole list of the kind is in.
    void synced(Kind kind);
    // There will be no list of the kind before somebody changes something.
    void refused(Kind kind, std::string reason);
    // Why not all is told; empty if it was, and where nobody has been refused.
    [[nodiscard]] std::string refusal() const;

    void tell(SeatNews news);

    // Waits until there is something; what there is. Nothing at the deadline or when stopped.
    [[nodiscard]] PolicyNews take(const std::stop_token& stop, Deadline deadline);
    [[nodiscard]] std::size_t size() const;

private:
    [[nodiscard]] static constexpr unsigned bit(Kind kind) noexcept {
        return static_cast<unsigned>(kind);
    }
    static constexpr unsigned kCommonKinds = 7;

    template <class Object>
    [[nodiscard]] static typename NewsOf<Object>::key_type key_of(const kube::Meta& meta) {
        if constexpr (kube::Kind<Object>::kNamespaced) {
            return {meta.space.text(), meta.name.text()};
        } else {
            return meta.name.text();
        }
    }
    template <class Object>
    void set(typename NewsOf<Object>::key_type key, std::shared_ptr<const Object> object) {
        const MutexLock lock(mutex_);
        news_.of<Object>().insert_or_assign(std::move(key), std::move(object));
        changed_.notify_one();
    }
    [[nodiscard]] bool has_news() const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] bool is_synced() const TERWAY_REQUIRES(mutex_);

    const unsigned awaited_;
    mutable Mutex mutex_;
    Condition changed_;
    PolicyNews news_ TERWAY_GUARDED_BY(mutex_);
    unsigned synced_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool told_synced_ TERWAY_GUARDED_BY(mutex_) = false;
    std::map<Kind, std::string> refusals_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::daemon
