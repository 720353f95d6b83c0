// Services, slices and facts of the node, and the frontends they make: what changes costs what it
// changes. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kube/endpoint_slice.hpp"
#include "kube/service.hpp"
#include "service/evaluate.hpp"
#include "service/frontend.hpp"

namespace terway::service {

// Sorted by key.
struct Update {
    std::vector<FrontendPtr> frontends;  // new or changed
    std::vector<FrontendKey> gone;

    [[nodiscard]] bool empty() const noexcept { return frontends.empty() && gone.empty(); }
};

class Index {
public:
    using ServicePtr = std::shared_ptr<const kube::Service>;

    void set_service(ServicePtr service);
    void remove_service(const ObjectName& name);
    // A slice may come before its Service, and go to another one.
    void set_slice(SlicePtr slice);
    void remove_slice(const ObjectName& name);
    void set_facts(NodeFacts facts);

    // What is different since the last time.
    [[nodiscard]] Update take();
    // All that take() has told, net of what it said is gone.
    [[nodiscard]] Update everything() const;

    [[nodiscard]] const NodeFacts& facts() const noexcept { return facts_; }
    [[nodiscard]] std::size_t frontends() const noexcept { return told_; }
    // Null if there is no Service of the name; only take() brings these up to date.
    [[nodiscard]] ServicePtr service(const ObjectName& name) const;
    [[nodiscard]] std::vector<ObjectName> services() const;  // sorted
    [[nodiscard]] const Slices& slices_of(const ObjectName& name) const;
    // What holds for the key; null if it is no frontend.
    [[nodiscard]] FrontendPtr frontend(const FrontendKey& key) const;
    // The Service it belongs to.
    [[nodiscard]] ObjectName owner_of(const FrontendKey& key) const;

private:
    struct Entry {
        ObjectName name;
        ServicePtr service;  // null: only slices are known
        Slices slices;
        std::vector<FrontendPtr> claims;
    };
    struct Claim {
        const Entry* by = nullptr;
        FrontendPtr frontend;
    };
    struct Seat {
        std::vector<Claim> claims;  // the first has it
        FrontendPtr told;
    };

    Entry& entry(const ObjectName& name);
    void withdraw(Entry& entry);
    void enter(Entry& entry);
    void tell(const FrontendKey& key, Update& update);
    // Whether the claims of one go before those of the other.
    static bool goes_before(const Claim& a, const Claim& b);

    NodeFacts facts_;
    std::unordered_map<ObjectName, std::unique_ptr<Entry>> entries_;
    std::unordered_map<ObjectName, kube::Word> service_of_slice_;
    std::unordered_map<FrontendKey, Seat> seats_;
    std::unordered_set<ObjectName> changed_;   // of entries_, or not any more
    std::unordered_set<FrontendKey> touched_;  // since take()
    std::size_t told_ = 0;
};

}  // namespace terway::service
