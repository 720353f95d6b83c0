// What the service proxy has not looked at yet: Services, slices and the facts of the node, as they
// are now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "kube/endpoint_slice.hpp"
#include "kube/service.hpp"
#include "service/frontend.hpp"

namespace terway::daemon {

struct ServiceNews {
    // By name. Null: the object is gone.
    template <class Object>
    using Of = std::unordered_map<service::ObjectName, std::shared_ptr<const Object>>;

    Of<kube::Service> services;
    Of<kube::EndpointSlice> slices;
    std::optional<service::NodeFacts> facts;
    bool is_synced = false;  // with this, all that the API server knew was told once

    [[nodiscard]] std::size_t size() const noexcept {
        return services.size() + slices.size() + (facts ? 1U : 0U);
    }
};

// A monitor. Any thread. An object that changes again before anybody has looked is there once.
class ServiceInbox {
public:
    enum class Kind : std::uint8_t { Services = 1, Slices = 2, Node = 4 };

    void put(std::shared_ptr<const kube::Service> object);
    void put(std::shared_ptr<const kube::EndpointSlice> object);
    void drop(const kube::Service& object);
    void drop(const kube::EndpointSlice& object);
    void tell(service::NodeFacts facts);
    // A whole list of the kind is in. All is told when one of each is.
    void synced(Kind kind);
    // There will be no list of the kind before somebody changes something.
    void refused(Kind kind, std::string reason);
    // Why not all is told; empty if it was, and where nobody has been refused.
    [[nodiscard]] std::string refusal() const;

    // Waits until there is something; what there is. Nothing at the deadline or when stopped.
    [[nodiscard]] ServiceNews take(const std::stop_token& stop, Deadline deadline);
    [[nodiscard]] std::size_t size() const;

private:
    static constexpr unsigned kAll = 7;

    [[nodiscard]] bool has_news() const TERWAY_REQUIRES(mutex_) {
        return news_.size() != 0 || (synced_ == kAll && !told_synced_);
    }

    mutable Mutex mutex_;
    Condition changed_;
    ServiceNews news_ TERWAY_GUARDED_BY(mutex_);
    unsigned synced_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool told_synced_ TERWAY_GUARDED_BY(mutex_) = false;
    std::map<Kind, std::string> refusals_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::daemon
