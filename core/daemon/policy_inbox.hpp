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
#include <vector>

#include "base/address.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "endpoint/record.hpp"
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

// Null: the object is gone.
struct PolicyNews {
    std::map<std::string, std::shared_ptr<const kube::Namespace>> spaces;
    std::map<policy::ObjectName, std::shared_ptr<const kube::Pod>> pods;
    std::map<policy::ObjectName, std::shared_ptr<const kube::NetworkPolicy>> policies;
    std::vector<SeatNews> seats;
    bool is_synced = false;  // with this, all that the API server knew was told once

    [[nodiscard]] std::size_t size() const noexcept {
        return spaces.size() + pods.size() + policies.size() + seats.size();
    }
};

// A monitor. Any thread. An object that changes again before anybody has looked is there once.
class PolicyInbox {
public:
    void put(std::shared_ptr<const kube::Namespace> space);
    void put(std::shared_ptr<const kube::Pod> pod);
    void put(std::shared_ptr<const kube::NetworkPolicy> policy);
    void drop(const kube::Namespace& space);
    void drop(const kube::Pod& pod);
    void drop(const kube::NetworkPolicy& policy);
    // A whole list of the kind is in.
    enum class Kind : std::uint8_t { Namespaces = 1, Pods = 2, Policies = 4 };
    void synced(Kind kind);

    void tell(SeatNews news);

    // Waits until there is something; what there is. Nothing at the deadline or when stopped.
    [[nodiscard]] PolicyNews take(const std::stop_token& stop, Deadline deadline);
    [[nodiscard]] std::size_t size() const;

private:
    [[nodiscard]] bool has_news() const TERWAY_REQUIRES(mutex_);

    mutable Mutex mutex_;
    Condition changed_;
    PolicyNews news_ TERWAY_GUARDED_BY(mutex_);
    unsigned synced_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool told_synced_ TERWAY_GUARDED_BY(mutex_) = false;
};

}  // namespace terway::daemon
